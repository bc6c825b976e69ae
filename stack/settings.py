"""What the operator's commands read from their surroundings."""

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from kernel import settings
from migrations import SERVICES


class Settings(settings.Settings):
    """Where data are kept, which port is listened on, which database is used, who administers first."""

    model_config = SettingsConfigDict(env_prefix="ZHIBIAO_", extra="ignore", frozen=True, populate_by_name=True)

    home: Path = Field(Path(".data"), description="Folder of data, secrets and logs; .data unless set")
    port: int = Field(8000, ge=1, le=65535, description="Port of the gateway on 127.0.0.1; 8000 unless set")
    admin_name: str = Field(
        "admin",
        pattern=r"^[\w.@-]{2,64}$",
        description="Login name of the first administrator; admin unless set",
    )
    admin_password: str | None = Field(
        None,
        min_length=1,
        repr=False,
        description="Password of the first administrator; made and shown once unless set",
    )
    database_url: str | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        repr=False,
        description="Database, postgresql://user:password@host/name; a private one is started unless set",
    )


class MigrationSettings(settings.Settings):
    """Where each service's schema is migrated: an address of its own, or one for all."""

    model_config = SettingsConfigDict(env_prefix="ZHIBIAO_", extra="ignore", frozen=True, populate_by_name=True)

    auth_migration_url: str | None = Field(None, repr=False, description="Database of auth, as the schema's owner")
    targets_migration_url: str | None = Field(None, repr=False, description="Database of targets, likewise")
    progress_migration_url: str | None = Field(None, repr=False, description="Database of progress, likewise")
    database_url: str | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        repr=False,
        description="Used for every service without an address of its own",
    )

    def addresses(self) -> dict[str, str]:
        """The address for each service; raises BadSettings naming what is missing."""
        found = {name: getattr(self, f"{name}_migration_url") or self.database_url for name in SERVICES}
        if missing := [f"ZHIBIAO_{name.upper()}_MIGRATION_URL" for name, url in found.items() if not url]:
            raise settings.BadSettings(
                f"请设置 {'、'.join(missing)}，或用 DATABASE_URL 一并指定。"
                f" · set {', '.join(missing)}, or DATABASE_URL for all of them"
            )
        return {name: str(url) for name, url in found.items()}
