"""Running a lineage through Alembic's Python interface: no ini file, any number of runners at once."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from migrations import roles

HERE = Path(__file__).parent
SERVICES = ("auth", "targets", "progress")
_LOCK_TIMEOUT = "5s"
_PAUSE = 0.02
_ALEMBIC = threading.Lock()
"""Alembic keeps the migration at work in a global, so one process runs one at a time."""


@dataclass(frozen=True)
class Lineage:
    """What one upgrade found and left, and whether the service's role was there to be given its rights."""

    service: str
    before: str | None
    after: str | None
    granted: bool


async def upgrade(service: str, url: str, *, role: str | None = None, revision: str = "head") -> Lineage:
    """Bring the schema of one service to a revision and give its role exactly the rights it needs.

    `role` is the login the service uses; without one it is `<database>_<service>`, if that role exists.
    Runners that come at the same time wait for one another.
    """
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection, _alone(connection, service):
            user = role or f"{make_url(url).database}_{service}"
            return await connection.run_sync(_upgrade, service, user, revision)
    finally:
        await engine.dispose()


def head(service: str) -> str | None:
    """The newest revision of a lineage; None while it has none."""
    return ScriptDirectory.from_config(config(service)).get_current_head()


def config(service: str, connection: Connection | None = None, metadata: MetaData | None = None) -> Config:
    """Alembic's configuration for one lineage; `metadata` only to compare models with the database."""
    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.set_main_option("version_locations", str(HERE / service).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes.update(schema=service, connection=connection, metadata=metadata)
    return made


@asynccontextmanager
async def _alone(connection: AsyncConnection, service: str) -> AsyncIterator[None]:
    """Hold the lineage's lock: in the database for as long as the connection lasts, and in this process.

    Asked for again and again rather than waited for: a waiting statement keeps a snapshot open, and an index
    built while people work waits for all of them.
    """
    ask = text("SELECT pg_try_advisory_lock(hashtext('zhibiao.migrate.' || :service))")
    while not (await connection.execute(ask, {"service": service})).scalar_one():
        await connection.rollback()
        await asyncio.sleep(_PAUSE)
    await connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
    await connection.commit()
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110 - holders may live in another event loop
        await asyncio.sleep(_PAUSE)
    try:
        yield
    finally:
        _ALEMBIC.release()


def _upgrade(connection: Connection, service: str, role: str, revision: str) -> Lineage:
    if not connection.dialect.has_schema(connection, service):
        connection.execute(text(f'CREATE SCHEMA "{service}"'))
    before = _revision(connection, service)
    connection.commit()
    command.upgrade(config(service, connection), revision)
    granted = roles.grant(connection, service, role)
    connection.commit()
    return Lineage(service, before, _revision(connection, service), granted)


def _revision(connection: Connection, service: str) -> str | None:
    options = {"version_table_schema": service}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
