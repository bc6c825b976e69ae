"""The migrations make exactly the tables the services declare, with exactly the rights they need."""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from kernel.embedded_postgres import Server
from migrations import SERVICES, head, upgrade
from migrations.roles import APPEND_ONLY
from tests.fixtures.database import create_database, drop_database
from tests.fixtures.services import as_service, migrate

ROOT = Path(__file__).parents[2]


def metadata(service: str) -> MetaData:
    """Every table of a service: all its models put what they declare on one object."""
    for models in sorted((ROOT / "services" / service).rglob("models.py")):
        import_module(".".join(models.relative_to(ROOT).with_suffix("").parts))
    schema = vars(import_module(f"services.{service}.schema"))
    (found,) = (value for value in schema.values() if isinstance(value, MetaData))
    return found


def differences(connection: Connection, service: str) -> list[Any]:
    """What a further migration would have to change."""
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == service,
        "version_table_schema": service,
        "compare_type": True,
        "compare_server_default": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata(service)))


@pytest.fixture(params=["18", "16"])
async def anew(request: pytest.FixtureRequest, server: Server, server_16: Server) -> AsyncIterator[str]:
    """An empty database, on the newest PostgreSQL and on the oldest we test on."""
    chosen = server if request.param == "18" else server_16
    url = await create_database(chosen)
    yield url
    await drop_database(chosen, url)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_schema_is_what_the_models_say(anew: str, service: str) -> None:
    await upgrade(service, anew)
    engine = create_async_engine(anew, poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences, service) == []
    await engine.dispose()


async def test_a_column_nobody_declared_is_noticed(anew: str) -> None:
    await upgrade("auth", anew)
    engine = create_async_engine(anew, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text("ALTER TABLE auth.audit_event ADD COLUMN stray integer"))
        assert len(await connection.run_sync(differences, "auth")) == 1
    await engine.dispose()


async def test_three_upgrades_at_once_are_harmless(anew: str) -> None:
    done = await asyncio.gather(*(upgrade(service, anew) for service in SERVICES for _ in range(3)))
    for service in SERVICES:
        befores = [lineage.before for lineage in done if lineage.service == service]
        assert sorted(befores, key=str) == sorted([None, head(service), head(service)], key=str)
        assert {lineage.after for lineage in done if lineage.service == service} == {head(service)}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_schema_can_be_taken_back_and_made_again(anew: str, service: str) -> None:
    await upgrade(service, anew)
    connection = await asyncpg.connect(anew.replace("+asyncpg", ""))
    await connection.execute(f'DROP SCHEMA "{service}" CASCADE')
    await connection.close()
    assert (await upgrade(service, anew)).before is None


async def rights(url: str, role: str) -> set[tuple[str, str, str]]:
    """Schema, table and privilege of everything a role may do."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    rows = await connection.fetch(
        """
        SELECT n.nspname, c.relname, p.privilege
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
             unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p(privilege)
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^(pg_|information_schema)'
          AND has_table_privilege($1, c.oid, p.privilege)
        """,
        role,
    )
    await connection.close()
    return {tuple(row) for row in rows}


async def test_a_service_has_its_own_schema_and_cannot_rewrite_history(anew: str) -> None:
    await migrate(SERVICES, anew)
    for service in SERVICES:
        found = await rights(anew, f"zhibiao_test_{service}")
        assert {schema for schema, _, _ in found} == {service}
        may = {table: {p for _, t, p in found if t == table} for _, table, _ in found}
        assert may["alembic_version"] == {"SELECT"}
        for table in set(may) - {"alembic_version"}:
            kept = {"SELECT", "INSERT"} | (set() if table in APPEND_ONLY else {"UPDATE", "DELETE"})
            assert may[table] == kept, table


REFUSED = (
    "UPDATE auth.audit_event SET actor_name = 'nobody'",
    "DELETE FROM auth.audit_event",
    "TRUNCATE auth.audit_event",
    "ALTER TABLE auth.audit_event DISABLE TRIGGER ALL",
    "DROP TABLE auth.organisation",
    "CREATE TABLE auth.mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "SELECT * FROM targets.plan",
    "SELECT * FROM progress.audit_event",
    "UPDATE auth.alembic_version SET version_num = ''",
)


async def test_what_a_service_is_refused(anew: str) -> None:
    await migrate(SERVICES, anew)
    connection = await asyncpg.connect(as_service(anew, "auth").replace("+asyncpg", ""))
    for statement in REFUSED:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
