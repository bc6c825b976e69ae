"""Every statement about principals, grants, the epoch of rights and its followers."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, delete, func, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import GrantOut
from contracts.rights import Principal
from contracts.vocabularies import Role
from services.auth.organisations.models import organisation
from services.auth.organisations.repository import among
from services.auth.rights.models import principal, rights_consumer, rights_head, role_grant

_FORGET_CONSUMERS = timedelta(hours=1)

# Tokens count whole seconds: those issued in the second of a change are void too.
NEXT_SECOND = func.date_trunc("second", func.clock_timestamp()) + timedelta(seconds=1)


class Head(NamedTuple):
    """Which stream of rights this is, and how often rights have changed."""

    feed: UUID
    epoch: int


class GrantRow(NamedTuple):
    """A grant with the code and the name of its organisation."""

    id: UUID
    role: Role
    organisation: UUID
    code: str
    name: str
    items: list[str] | None
    valid_from: date | None
    valid_until: date | None

    def shown(self) -> GrantOut:
        """The grant as the API shows it."""
        return GrantOut(
            id=self.id,
            role=self.role,
            organisation=self.code,
            organisation_name=self.name,
            items=self.items,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


def _principals() -> Select[Any]:
    shown = func.jsonb_build_object(
        "role", role_grant.c.role,
        "organisation", role_grant.c.organisation,
        "items", role_grant.c["items"],
        "valid_from", role_grant.c.valid_from,
        "valid_until", role_grant.c.valid_until,
    )  # fmt: skip
    grants = (
        select(func.coalesce(func.jsonb_agg(aggregate_order_by(shown, role_grant.c.id)), text("'[]'::jsonb")))
        .where(role_grant.c.principal == principal.c.id, role_grant.c.revoked_at.is_(None))
        .scalar_subquery()
    )
    return select(
        principal.c.id,
        principal.c.kind,
        principal.c.name,
        principal.c.disabled,
        principal.c.must_change_password,
        principal.c.tokens_valid_after,
        grants.label("grants"),
    )


async def principal_by_id(conn: AsyncConnection, who: UUID) -> Principal | None:
    """A principal with all grants that were not revoked."""
    row = (await conn.execute(_principals().where(principal.c.id == who))).first()
    return Principal(**row._mapping) if row else None


async def changed_since(conn: AsyncConnection, epoch: int) -> list[Principal]:
    """Principals whose rights changed after an epoch."""
    rows = await conn.execute(_principals().where(principal.c.rights_epoch > epoch))
    return [Principal(**row._mapping) for row in rows]


async def head(conn: AsyncConnection) -> Head | None:
    """The present epoch; None before the first change."""
    row = (await conn.execute(select(rights_head.c.feed, rights_head.c.epoch))).first()
    return Head(*row) if row else None


async def ensure_head(conn: AsyncConnection) -> None:
    """Begin the stream."""
    await conn.execute(insert(rights_head).values(only=True).on_conflict_do_nothing())


async def next_epoch(conn: AsyncConnection) -> int:
    """A new epoch; its row is held until commit, so epochs become visible in their order."""
    await ensure_head(conn)
    moved = update(rights_head).values(epoch=rights_head.c.epoch + 1).returning(rights_head.c.epoch)
    return int((await conn.execute(moved)).scalar_one())


async def register(conn: AsyncConnection, consumer: str, confirmed: int, lease_ms: int) -> None:
    """Note what a follower has confirmed and, on the database's clock, until when it may act on it."""
    lease = func.clock_timestamp() + timedelta(milliseconds=lease_ms)
    seen = insert(rights_consumer).values(consumer=consumer, confirmed=confirmed, lease_until=lease)
    await conn.execute(
        seen.on_conflict_do_update(
            index_elements=["consumer"],
            set_={"confirmed": seen.excluded.confirmed, "lease_until": seen.excluded.lease_until},
        )
    )
    if confirmed < 0:
        gone = rights_consumer.c.lease_until < func.clock_timestamp() - _FORGET_CONSUMERS
        await conn.execute(delete(rights_consumer).where(gone))


async def unconfirmed(conn: AsyncConnection, epoch: int) -> Sequence[str]:
    """Followers whose lease still runs and who have not confirmed an epoch."""
    query = select(rights_consumer.c.consumer).where(
        rights_consumer.c.lease_until > func.clock_timestamp(), rights_consumer.c.confirmed < epoch
    )
    return (await conn.execute(query)).scalars().all()


async def holders(conn: AsyncConnection, role: str, organisation: UUID) -> int:
    """How many people who are not disabled hold a role in an organisation today, without an end."""
    query = (
        select(func.count(func.distinct(principal.c.id)))
        .join_from(principal, role_grant, role_grant.c.principal == principal.c.id)
        .where(principal.c.kind == literal("person"), ~principal.c.disabled)
        .where(role_grant.c.role == role, role_grant.c.organisation == organisation)
        .where(role_grant.c.revoked_at.is_(None), role_grant.c.valid_until.is_(None))
        .where(role_grant.c["items"].is_(None))
        .where(func.coalesce(role_grant.c.valid_from, literal_column("'-infinity'::date")) <= func.current_date())
    )
    return int((await conn.execute(query)).scalar_one())


async def add_principal(conn: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a new principal."""
    await conn.execute(insert(principal).values(version=1, **row))


async def add_grants(conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store grants."""
    if rows:
        await conn.execute(insert(role_grant), rows)


async def touch(conn: AsyncConnection, who: UUID, epoch: int, **changes: Any) -> int:
    """Change a principal and mark its rights as changed; its new version."""
    changed = (
        update(principal)
        .where(principal.c.id == who)
        .values(rights_epoch=epoch, version=principal.c.version + 1, **changes)
    )
    return int((await conn.execute(changed.returning(principal.c.version))).scalar_one())


async def revoke(conn: AsyncConnection, grant: UUID, by: UUID) -> bool:
    """End a grant at once; False if it had ended before."""
    ended = (
        update(role_grant)
        .where(role_grant.c.id == grant, role_grant.c.revoked_at.is_(None))
        .values(revoked_by=by, revoked_at=func.now())
    )
    return (await conn.execute(ended)).rowcount == 1


async def grants_of(conn: AsyncConnection, who: Collection[UUID]) -> dict[UUID, list[GrantRow]]:
    """The grants of principals that were not revoked, with codes and names of their organisations."""
    query = (
        select(role_grant.c.principal, role_grant.c.id, role_grant.c.role, role_grant.c.organisation)
        .add_columns(organisation.c.code, organisation.c.name, role_grant.c["items"])
        .add_columns(role_grant.c.valid_from, role_grant.c.valid_until)
        .join_from(role_grant, organisation, organisation.c.id == role_grant.c.organisation)
        .where(among(role_grant.c.principal, who), role_grant.c.revoked_at.is_(None))
        .order_by(role_grant.c.id)
    )
    found: dict[UUID, list[GrantRow]] = {}
    for owner, *rest in await conn.execute(query):
        found.setdefault(owner, []).append(GrantRow(rest[0], Role(rest[1]), *rest[2:]))
    return found
