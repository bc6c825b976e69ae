"""Every statement about API clients."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth.clients.models import client
from services.auth.organisations.models import organisation
from services.auth.organisations.repository import below
from services.auth.rights.models import principal


def shown() -> Select[Any]:
    """API clients with code and name of the organisation that owns them."""
    return (
        select(principal, client.c.expires_on)
        .add_columns(organisation.c.code, organisation.c.name.label("organisation_name"))
        .join_from(principal, client, client.c.id == principal.c.id)
        .join(organisation, organisation.c.id == principal.c.organisation)
    )


def listed(roots: Collection[UUID], on: date) -> Select[Any]:
    """Clients owned in the subtrees, in the order of their names."""
    query = shown().where(principal.c.organisation.in_(select(below(roots, on).c.id)))
    return query.order_by(principal.c.name, principal.c.id)


async def by_id(conn: AsyncConnection, which: UUID) -> Row[Any] | None:
    """A client, whoever owns it."""
    row: Row[Any] | None = (await conn.execute(shown().where(principal.c.id == which))).first()
    return row


async def add(conn: AsyncConnection, which: UUID, secret_hash: bytes, expires_on: date) -> None:
    """Store how a client proves itself."""
    await conn.execute(insert(client).values(id=which, secret_hash=secret_hash, expires_on=expires_on))
