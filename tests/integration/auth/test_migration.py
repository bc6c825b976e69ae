"""The migrations make exactly what the code believes is there."""

import asyncpg

from kernel.embedded_postgres import Server
from migrations import upgrade
from tests.fixtures.database import create_database, drop_database
from tests.integration.auth.conftest import make_tables

CATALOGUE = {
    "columns": """
        SELECT format('%s.%s %s null=%s default=%s identity=%s collation=%s', table_name, column_name, udt_name,
                      is_nullable, column_default, identity_generation, collation_name)
        FROM information_schema.columns WHERE table_schema = 'auth' AND table_name <> 'alembic_version'""",
    "constraints": """
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'auth'::regnamespace AND contype <> 'n' AND conname NOT LIKE 'alembic%'""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'auth' AND tablename <> 'alembic_version'",
}


def _plain(line: str) -> str:
    return line.replace("'0'::bigint", "0")


async def described(url: str) -> dict[str, list[str]]:
    """What a database holds, in words."""
    conn = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return {what: [_plain(row[0]) for row in await conn.fetch(query)] for what, query in CATALOGUE.items()}
    finally:
        await conn.close()


async def test_the_migrated_schema_is_that_of_the_models(server: Server) -> None:
    migrated, modelled = await create_database(server), await create_database(server)
    try:
        await upgrade("auth", migrated)
        await make_tables(modelled)
        found, expected = await described(migrated), await described(modelled)
        for what in CATALOGUE:
            assert sorted(set(found[what]) ^ set(expected[what])) == []
        assert len(found["constraints"]) > 40
    finally:
        await drop_database(server, migrated)
        await drop_database(server, modelled)


async def test_oldest_supported_server(server_16: Server) -> None:
    url = await create_database(server_16)
    try:
        done = await upgrade("auth", url)
        assert (done.before, done.after) == (None, "auth_0001")
        again = await upgrade("auth", url)
        assert (again.before, again.after) == ("auth_0001", "auth_0001")
    finally:
        await drop_database(server_16, url)
