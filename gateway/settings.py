"""What the gateway reads from its surroundings."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kernel import settings


class Settings(settings.Settings):
    """The gateway's settings."""

    model_config = SettingsConfigDict(env_prefix="ZHIBIAO_GATEWAY_", extra="ignore", frozen=True)

    auth_url: str = Field(description="Where the auth service listens, for example http://auth:8000")
    targets_url: str = Field(description="Where the targets service listens")
    progress_url: str = Field(description="Where the progress service listens")

    def url(self, service: str) -> str:
        """Where a service listens."""
        return str(getattr(self, f"{service}_url"))
