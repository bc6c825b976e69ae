"""Reading the audit records of this service."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.targets.schema import among, audit_events


async def organisations(conn: AsyncConnection) -> list[UUID]:
    """The organisations that have records."""
    column = audit_events.c.organisation
    found = await conn.execute(select(column).where(column.is_not(None)).distinct())
    return list(found.scalars())


def events(units: Iterable[UUID]) -> Select[Any]:
    """The records of these organisations, the newest first."""
    return select(audit_events).where(among(audit_events.c.organisation, units)).order_by(audit_events.c.id.desc())
