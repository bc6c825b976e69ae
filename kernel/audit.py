"""One audit record per change, written in the change's own transaction, never altered afterwards."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, MetaData, Table, Text, func, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.auth import Caller
from kernel.db import Id, Instant, Json
from kernel.trace import current_trace


def table(metadata: MetaData) -> Table:
    """The audit table of one service; the service's role may insert and read, nothing else."""
    return Table(
        "audit_event",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("at", Instant, nullable=False, server_default=func.clock_timestamp()),
        Column("actor", Id, nullable=True),
        Column("actor_kind", Text, nullable=False),
        Column("actor_name", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("entity", Text, nullable=False),
        Column("entity_id", Text, nullable=False),
        Column("entity_version", Integer, nullable=False),
        Column("organisation", Id, nullable=True),
        Column("reason", Text, nullable=True),
        Column("detail", Json, nullable=True),
        Column("trace_id", Text, nullable=False),
        Index("uq_audit_event_entity_version", "entity", "entity_id", "entity_version", unique=True),
        Index("ix_audit_event_organisation_at", "organisation", "at"),
    )


SYSTEM = Caller(id=UUID(int=0), kind="system", name="system")
"""The actor of what the software does by itself, such as loading the first data."""


async def record(
    conn: AsyncConnection,
    events: Table,
    *,
    caller: Caller,
    action: str,
    entity: str,
    entity_id: object,
    entity_version: int,
    organisation: UUID | None = None,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write the record of one change; the same version of an entity cannot be recorded twice."""
    trace = current_trace()
    await conn.execute(
        insert(events),
        {
            "actor": caller.id,
            "actor_kind": caller.kind,
            "actor_name": caller.name,
            "action": action,
            "entity": entity,
            "entity_id": str(entity_id),
            "entity_version": entity_version,
            "organisation": organisation,
            "reason": reason,
            "detail": detail,
            "trace_id": trace.id if trace else "",
        },
    )
