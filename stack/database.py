"""The database of one installation: private or given, each service with a login for its own part of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from kernel.embedded_postgres import Server, start
from migrations import SERVICES
from stack.errors import Refused
from stack.home import Home

NAME = "zhibiao"
OWNER = "zhibiao_owner"


@dataclass(frozen=True)
class Addresses:
    """Where the schemas are migrated and where each service signs in.

    `separate` if each service has a login of its own; `identity` tells this database from another one.
    """

    migration: str
    services: dict[str, str]
    separate: bool
    identity: str


@asynccontextmanager
async def running(home: Home, database_url: str | None) -> AsyncIterator[Addresses]:
    """A database ready to be migrated, stopped at the end if it was started here and nobody else uses it."""
    if database_url is not None:
        yield await _given(home, database_url)
        return
    # Not in a thread: interrupted between its start and our knowing of it, the server would be left behind.
    server = start(home.postgres)
    try:
        yield await _private(home, server)
    finally:
        server.stop()


def address(url: str) -> URL:
    """A database address in the form the driver wants; raises Refused when it is none."""
    try:
        found = make_url(url)
    except ArgumentError:
        found = URL.create("")
    if found.drivername.partition("+")[0] not in ("postgres", "postgresql") or not found.database:
        raise Refused(
            "DATABASE_URL 不是 PostgreSQL 地址；应形如 postgresql://用户:密码@主机/数据库。",
            "DATABASE_URL is not the address of a PostgreSQL; write postgresql://user:password@host/database.",
        )
    query = dict(found.query)
    if "sslmode" in query:  # libpq's spelling; the driver calls it ssl
        query["ssl"] = query.pop("sslmode")
    return found.set(drivername="postgresql+asyncpg", query=query)


async def _private(home: Home, server: Server) -> Addresses:
    passwords = _passwords(home, NAME)
    owner = home.secret("owner_password")
    async with _connected(make_url(server.url())) as connection:
        await _make_role(connection, OWNER, owner)
        for user, password in passwords.items():
            await _make_role(connection, user, password)
        await _make_database(connection)
    async with _connected(make_url(server.url(NAME))) as connection:
        await _close_to_others(connection, passwords)
        identity = await _identity(connection)
    services = {
        name: server.url(NAME, user=f"{NAME}_{name}", password=passwords[f"{NAME}_{name}"]) for name in SERVICES
    }
    return Addresses(server.url(NAME, user=OWNER, password=owner), services, True, identity)


async def _given(home: Home, database_url: str) -> Addresses:
    """A database somebody else runs: logins are made where allowed, else the services share the one given."""
    url = address(database_url)
    shared = url.render_as_string(hide_password=False)
    passwords = _passwords(home, str(url.database))
    async with _connected(url) as connection:
        ask = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        separate = bool((await connection.execute(text(ask))).scalar_one())
        if separate:
            for user, password in passwords.items():
                await _make_role(connection, user, password)
        identity = await _identity(connection)
    if not separate:
        return Addresses(shared, dict.fromkeys(SERVICES, shared), False, identity)
    services = {
        name: url.set(username=user, password=passwords[user]).render_as_string(hide_password=False)
        for name in SERVICES
        for user in [f"{url.database}_{name}"]
    }
    return Addresses(shared, services, True, identity)


def _passwords(home: Home, database: str) -> dict[str, str]:
    return {f"{database}_{name}": home.secret(f"{name}_password") for name in SERVICES}


@asynccontextmanager
async def _connected(url: URL) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"timeout": 10})
    try:
        async with engine.connect() as connection:
            yield connection
    except (DBAPIError, OSError, TimeoutError) as failure:
        raise unreachable(url, failure) from failure
    finally:
        await engine.dispose()


def unreachable(url: URL, failure: Exception) -> Refused:
    """What to tell the operator when a database does not answer or turns us away."""
    where = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database}"
    said = str(getattr(failure, "orig", failure)).partition(": ")[2] or str(failure) or type(failure).__name__
    return Refused(
        f"无法使用数据库 {where}：{said}。请检查 DATABASE_URL 与数据库是否在运行。",
        f"The database {where} cannot be used: {said}. Check DATABASE_URL and that the database is running.",
    )


async def _make_role(connection: AsyncConnection, user: str, password: str) -> None:
    quote: Callable[[str], str] = connection.dialect.identifier_preparer.quote_identifier
    known = await connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :user"), {"user": user})
    verb = "ALTER" if known.first() else "CREATE"
    # hexadecimal, made by us: nothing in it needs escaping
    await connection.execute(text(f"{verb} ROLE {quote(user)} LOGIN NOSUPERUSER NOCREATEDB PASSWORD '{password}'"))


async def _make_database(connection: AsyncConnection) -> None:
    known = await connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": NAME})
    if known.first() is None:
        await connection.execute(text(f"CREATE DATABASE {NAME} OWNER {OWNER}"))


async def _close_to_others(connection: AsyncConnection, roles: dict[str, str]) -> None:
    """Nobody connects who is not named, and nobody has anything to do in the schema all share by default."""
    for statement in (
        f"REVOKE ALL ON DATABASE {NAME} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {NAME} TO {', '.join(sorted(roles))}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    ):
        await connection.execute(text(statement))


async def _identity(connection: AsyncConnection) -> str:
    """Which database this is: another one under the same address answers otherwise."""
    ask = (
        "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid"
        " FROM pg_database WHERE datname = current_database()"
    )
    return str((await connection.execute(text(ask))).scalar_one())
