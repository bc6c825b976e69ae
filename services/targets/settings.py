"""What the targets service reads from its surroundings."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from kernel.settings import Settings as KernelSettings

SECRET_LENGTH = 32
_EXAMPLE_WORDS = ("changeme", "change-me", "change_me", "example", "placeholder", "your-secret", "insecure")


class Settings(KernelSettings):
    """Addresses of the database and of auth, the keys between services, and the few choices an operator has."""

    model_config = SettingsConfigDict(env_prefix="ZHIBIAO_TARGETS_", extra="ignore", frozen=True, case_sensitive=False)

    database_url: str = Field(description="Address of the database: postgresql+asyncpg://user:password@host/name")
    auth_url: str = Field(description="Address of the auth service, for example http://127.0.0.1:8001")
    service_key: str = Field(
        min_length=SECRET_LENGTH, repr=False, description="Key by which this service proves itself to auth"
    )
    progress_key: str = Field(
        min_length=SECRET_LENGTH,
        repr=False,
        description="Key by which the progress service proves itself here",
    )
    issuer: str = Field("zhibiao", min_length=1, description="Issuer named in access tokens; the same in every service")
    lease_seconds: float = Field(
        5, ge=1, le=60, description="How long rights hold after auth last confirmed them, in seconds"
    )
    pool: int = Field(10, ge=2, le=100, description="Connections to the database, per process")

    @model_validator(mode="after")
    def _secrets_are_secret(self) -> Self:
        if self.service_key == self.progress_key:
            raise ValueError("service_key and progress_key must differ from one another")
        for name, value in (("service_key", self.service_key), ("progress_key", self.progress_key)):
            if len(set(value)) < 8 or any(word in value.lower() for word in _EXAMPLE_WORDS):
                raise ValueError(f"{name} looks like an example; make one with: openssl rand -hex 32")
        return self
