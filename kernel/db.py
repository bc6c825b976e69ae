"""Database access: visible transactions, and the column types and constraint names all tables share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from kernel.trace import current_trace

Instant = DateTime(timezone=True)
Exact = Numeric(18, 4)
"""An exact decimal as submitted."""
Total = Numeric(24, 4)
"""A sum of exact decimals."""
Json = JSONB(none_as_null=True)
Id = PgUuid(as_uuid=True)

_CONTEXT = text("SELECT set_config('app.subject', :subject, true), set_config('app.trace', :trace, true)")
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def metadata(schema: str) -> MetaData:
    """The tables of one service, in a schema of their own, with predictable constraint names."""
    return MetaData(schema=schema, naming_convention=_NAMES)


class Database:
    """One service's database: an engine and the only two ways to use it."""

    def __init__(self, url: str, *, pool: int = 10, name: str = "zhibiao") -> None:
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            connect_args={
                "server_settings": {
                    "application_name": name,
                    "lock_timeout": "5000",
                    "statement_timeout": "30000",
                    "idle_in_transaction_session_timeout": "30000",
                    "jit": "off",
                }
            },
        )

    @asynccontextmanager
    async def transaction(self, subject: UUID | str | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        The context (who acts, in which trace) is the explicit first statement: setting it in an event hook
        loses acknowledged commits when a request is cancelled.
        """
        trace = current_trace()
        async with self.engine.connect() as conn, conn.begin():
            await conn.execute(_CONTEXT, {"subject": str(subject or ""), "trace": trace.id if trace else ""})
            yield conn

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A read-only transaction that sees one snapshot throughout."""
        async with self.engine.connect() as conn:
            await conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with conn.begin():
                yield conn

    async def close(self) -> None:
        """Give all connections back to the server."""
        await self.engine.dispose()

    async def alive(self) -> bool:
        """Whether the database answers."""
        try:
            async with self.engine.connect() as conn:
                await conn.execute(text("SELECT 1"))
            return True
        except (DBAPIError, OSError, TimeoutError):
            return False


def constraint_of(error: DBAPIError) -> str | None:
    """The name of the constraint that a statement broke, if one did."""
    found: Any = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    return str(found) if found else None
