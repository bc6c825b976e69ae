"""Every statement on the copy of organisations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.organisations import OrganisationEntity
from contracts.vocabularies import Kind, Level
from services.targets.directory.models import organisation, placement
from services.targets.schema import among


async def forget_all(conn: AsyncConnection) -> None:
    """Empty the copy, before everything arrives anew."""
    await conn.execute(delete(placement))
    await conn.execute(delete(organisation))


async def put(conn: AsyncConnection, units: Sequence[OrganisationEntity]) -> None:
    """Copy organisations with their placements."""
    columns = ("code", "name", "level", "kind")
    upsert = insert(organisation)
    await conn.execute(
        upsert.on_conflict_do_update(index_elements=["id"], set_={name: upsert.excluded[name] for name in columns}),
        [unit.model_dump(include={"id", *columns}) for unit in units],
    )
    await conn.execute(delete(placement).where(among(placement.c.organisation, [unit.id for unit in units])))
    places = [
        {"organisation": unit.id, **place.model_dump(include={"parent", "valid_from", "valid_to"})}
        for unit in units
        for place in unit.placements
    ]
    if places:
        await conn.execute(insert(placement), places)


async def names(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, str]:
    """The names of the organisations with these codes."""
    rows = await conn.execute(select(organisation.c.code, organisation.c.name).where(among(organisation.c.code, codes)))
    return {row.code: row.name for row in rows}


async def ids(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, UUID]:
    """The ids of the organisations with these codes."""
    rows = await conn.execute(select(organisation.c.code, organisation.c.id).where(among(organisation.c.code, codes)))
    return {row.code: row.id for row in rows}


async def suggestible(conn: AsyncConnection) -> Mapping[str, str]:
    """Names by code of what an unknown code may have meant: divisions, zones and departments."""
    wanted = organisation.c.level != Level.INSTITUTION.value
    rows = await conn.execute(
        select(organisation.c.code, organisation.c.name).where(wanted).order_by(organisation.c.code).limit(5000)
    )
    return {row.code: row.name for row in rows}


async def under(conn: AsyncConnection, units: Iterable[UUID], roots: Iterable[UUID], on: date) -> frozenset[UUID]:
    """Those of the units that are managed, directly or not, by one of the roots on a day; a root is under itself.

    Walks upward from the few units asked about, never through a whole province.
    """
    itself = organisation.c.id
    start = select(itself.label("unit"), itself.label("ancestor")).where(among(itself, units))
    line = start.cte("line", recursive=True)
    line = line.union(
        select(line.c.unit, placement.c.parent).where(
            placement.c.organisation == line.c.ancestor, placement.c.parent.is_not(None), _holds(on)
        )
    )
    found = await conn.execute(select(line.c.unit).where(among(line.c.ancestor, roots)).distinct())
    return frozenset(found.scalars())


def _holds(on: date) -> ColumnElement[bool]:
    ends = or_(placement.c.valid_to.is_(None), placement.c.valid_to > on)
    return and_(placement.c.valid_from <= on, ends)


async def government_of(conn: AsyncConnection, unit: UUID, on: date) -> UUID:
    """The organisation itself, or for a department the government it serves."""
    row = (
        await conn.execute(
            select(placement.c.parent)
            .join(organisation, organisation.c.id == placement.c.organisation)
            .where(organisation.c.id == unit, organisation.c.kind == Kind.DEPARTMENT.value, _holds(on))
        )
    ).first()
    return row.parent if row and row.parent else unit
