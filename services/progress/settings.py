"""Settings of the progress service."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kernel.settings import Settings as Base


class Settings(Base):
    """What the progress service reads from its surroundings."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_prefix="ZHIBIAO_PROGRESS_")

    database_url: str = Field(description="PostgreSQL of this service, postgresql+asyncpg://…")
    auth_url: str = Field(description="Base address of the auth service")
    targets_url: str = Field(description="Base address of the targets service")
    service_key: str = Field(min_length=32, description="This service's key for calling its neighbours")
    issuer: str = Field(default="zhibiao", description="Issuer that access tokens must name")
    lease_seconds: float = Field(
        default=5.0, gt=0, le=60, description="How long a copy of rights allows changes"
    )
    pool: int = Field(default=10, ge=2, le=200, description="Database connections of one process")
    fold_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Pause between two turns of the compactor"
    )
