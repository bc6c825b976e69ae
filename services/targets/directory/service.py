"""Keeping the copy of organisations, and who is under whom in it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.feed import Entity
from contracts.organisations import OrganisationEntity
from contracts.vocabularies import Role
from kernel.audit import SYSTEM
from kernel.auth import Caller
from kernel.clock import today
from kernel.db import Database
from kernel.feed import Follower, Source
from services.targets.directory import repository
from services.targets.schema import feed_cursor


def follower(source: Source, database: Database, *, every: float = 0.5) -> Follower:
    """What keeps the copy in step with auth."""
    return Follower("auth", source, database, feed_cursor, apply, every=every)


async def apply(conn: AsyncConnection, entities: Sequence[Entity], everything: bool) -> None:
    """Copy the organisations among the entities; ids and codes are never reused, so none is ever removed."""
    if everything:
        await repository.forget_all(conn)
    latest = {e.key: e.body for e in entities if e.kind == "organisation" and e.body is not None}
    if latest:
        await repository.put(conn, [OrganisationEntity.model_validate(body) for body in latest.values()])


async def covered(conn: AsyncConnection, caller: Caller, role: Role, codes: Iterable[str]) -> frozenset[str]:
    """Those of the organisations that the caller's grants of a role cover, limited to no items; the system: all."""
    wanted = set(codes)
    if caller.id == SYSTEM.id:
        return frozenset(wanted)
    roots = {g.organisation for g in caller.grants if g.role is role and g.items is None}
    if not roots or not wanted:
        return frozenset()
    known = await repository.ids(conn, wanted)
    found = await repository.under(conn, known.values(), roots, today())
    return frozenset(code for code, unit in known.items() if unit in found)


async def owing_to(conn: AsyncConnection, issuer: str, codes: Iterable[str]) -> frozenset[str]:
    """Those of the organisations that the issuer of a plan, or the government it serves, may set targets for."""
    known = await repository.ids(conn, {issuer, *codes})
    if issuer not in known:
        return frozenset()
    root: UUID = await repository.government_of(conn, known[issuer], today())
    found = await repository.under(conn, known.values(), [root], today())
    return frozenset(code for code, unit in known.items() if unit in found)
