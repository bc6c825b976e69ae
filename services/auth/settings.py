"""What the auth service reads from its surroundings."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from kernel.settings import Settings as KernelSettings

SECRET_LENGTH = 32
_EXAMPLE_WORDS = ("changeme", "change-me", "change_me", "example", "placeholder", "your-secret", "insecure")


class Settings(KernelSettings):
    """Address of the database, secrets, and the few choices an operator has."""

    model_config = SettingsConfigDict(env_prefix="ZHIBIAO_AUTH_", extra="ignore", frozen=True, case_sensitive=False)

    database_url: str = Field(description="Address of the database: postgresql+asyncpg://user:password@host/name")
    secret: str = Field(
        min_length=SECRET_LENGTH,
        repr=False,
        description="Seals the signing keys and makes refresh tokens; at least 32 random characters, never changed",
    )
    targets_key: str = Field(
        min_length=SECRET_LENGTH, repr=False, description="Key by which the targets service proves itself"
    )
    progress_key: str = Field(
        min_length=SECRET_LENGTH, repr=False, description="Key by which the progress service proves itself"
    )
    issuer: str = Field("zhibiao", min_length=1, description="Issuer named in access tokens; the same in every service")
    token_minutes: int = Field(10, ge=1, le=60, description="Life of an access token, in minutes")
    refresh_days: int = Field(30, ge=1, le=365, description="How long a session can be renewed, in days")
    hashing: Literal["strong", "light"] = Field(
        "strong", description="Cost of password hashes; light is for tests only"
    )
    pool: int = Field(10, ge=2, le=100, description="Connections to the database, per process")

    @model_validator(mode="after")
    def _secrets_are_secret(self) -> Self:
        given = {"secret": self.secret, "targets_key": self.targets_key, "progress_key": self.progress_key}
        if len(set(given.values())) < len(given):
            raise ValueError("secret, targets_key and progress_key must differ from one another")
        for name, value in given.items():
            if len(set(value)) < 8 or any(word in value.lower() for word in _EXAMPLE_WORDS):
                raise ValueError(f"{name} looks like an example; make one with: openssl rand -hex 32")
        return self
