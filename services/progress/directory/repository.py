"""Every statement on the local copy."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.feed import Entity
from contracts.organisations import OrganisationEntity
from contracts.vocabularies import Kind, Level
from services.progress.directory.models import entry, fact, membership, organisation, placement, scope_member
from services.progress.directory.rules import FOREVER, Above, Member, Span, Unit
from services.progress.schema import feed_cursor

_REACH = text("""
    WITH RECURSIVE step AS (
        SELECT p.organisation, p.valid_from, p.valid_to,
               CASE WHEN :line = 'territory' AND p.division IS DISTINCT FROM p.organisation
                    THEN coalesce(p.division, p.parent) ELSE p.parent END AS above
        FROM progress.placement p
    ), line AS (
        SELECT o.id AS organisation, o.id AS ancestor, 0 AS distance, o.valid_from, o.valid_to
        FROM progress.organisation o
        WHERE CAST(:ids AS uuid[]) IS NULL OR o.id = ANY(CAST(:ids AS uuid[]))
        UNION ALL
        SELECT l.organisation, s.above, l.distance + 1,
               greatest(l.valid_from, s.valid_from), least(l.valid_to, s.valid_to)
        FROM line l JOIN step s ON s.organisation = l.ancestor
        WHERE s.above IS NOT NULL AND l.distance < 12
          AND greatest(l.valid_from, s.valid_from) < least(l.valid_to, s.valid_to)
    )
    INSERT INTO progress.membership (line, organisation, ancestor, distance, valid_from, valid_to)
    SELECT :line, organisation, ancestor, min(distance), valid_from, max(valid_to)
    FROM line GROUP BY organisation, ancestor, valid_from
    ON CONFLICT DO NOTHING
""")

_OVERLAY = text("""
    INSERT INTO progress.membership (line, organisation, ancestor, distance, valid_from, valid_to)
    SELECT 'territory', m.organisation, m.ancestor, m.distance, m.valid_from, m.valid_to
    FROM progress.membership m JOIN progress.organisation z ON z.id = m.ancestor
    WHERE m.line = 'management' AND z.kind = 'functional_zone'
      AND (CAST(:ids AS uuid[]) IS NULL OR m.organisation = ANY(CAST(:ids AS uuid[])))
    ON CONFLICT DO NOTHING
""")

_BELOW = text("""
    SELECT DISTINCT organisation FROM progress.membership
    WHERE ancestor = ANY(CAST(:ids AS uuid[])) OR organisation = ANY(CAST(:ids AS uuid[]))
""")


_HOLD, _HOLD_ALONE = (text(f"SELECT pg_advisory_xact_lock{mode}(4711, 1)") for mode in ("_shared", ""))

AREAS = (Kind.DIVISION.value, Kind.FUNCTIONAL_ZONE.value)
"""What has a territory, and so figures made of others'."""


class Named(NamedTuple):
    """An organisation by all its names."""

    id: UUID
    code: str
    name: str
    level: str
    kind: str
    synthetic: bool


async def hold(conn: AsyncConnection, *, changing: bool = False) -> None:
    """Keep the copy as it is until the commit, together with others who only read it; `changing`: keep them all off.

    Without it a submission and a move under way at once would not see each other, and the figure would keep the old place.
    """
    await conn.execute(_HOLD_ALONE if changing else _HOLD)


async def put_entries(conn: AsyncConnection, entities: Iterable[Entity], everything: bool) -> None:
    """Copy what targets published; with `everything`, forget the rest."""
    if everything:
        await conn.execute(delete(entry))
    for one in entities:
        if one.body is None:
            await conn.execute(delete(entry).where(entry.c.kind == one.kind, entry.c.key == one.key))
    rows = [e.model_dump(include={"kind", "key", "version", "body"}) for e in entities if e.body is not None]
    if not rows:
        return
    latest = {(row["kind"], row["key"]): row for row in rows}
    upsert = insert(entry)
    await conn.execute(
        upsert.on_conflict_do_update(
            index_elements=["kind", "key"],
            set_={"version": upsert.excluded.version, "body": upsert.excluded.body},
            where=entry.c.version <= upsert.excluded.version,
        ),
        list(latest.values()),
    )


async def entries(conn: AsyncConnection) -> list[Row[Any]]:
    """Everything targets published, as (kind, key, body)."""
    return list(await conn.execute(select(entry.c.kind, entry.c.key, entry.c.body)))


async def cursor(conn: AsyncConnection, source: str) -> tuple[UUID, int] | None:
    """Which feed was copied and how far; a source that was restored tells of another feed at the same position."""
    query = select(feed_cursor.c.feed, feed_cursor.c.position).where(feed_cursor.c.source == source)
    found = (await conn.execute(query)).first()
    return (found.feed, found.position) if found else None


async def put_organisations(conn: AsyncConnection, units: Sequence[OrganisationEntity], everything: bool) -> None:
    """Copy organisations with their placements and facts."""
    ids = [unit.id for unit in units]
    for table, column in ((placement, placement.c.organisation), (fact, fact.c.organisation)):
        gone = delete(table)
        await conn.execute(gone if everything else gone.where(column.in_(ids)))
    if everything:
        await conn.execute(delete(organisation))
    if not units:
        return
    upsert = insert(organisation)
    columns = ("code", "name", "level", "kind", "sort_key", "synthetic", "valid_from", "valid_to")
    await conn.execute(
        upsert.on_conflict_do_update(index_elements=["id"], set_={name: upsert.excluded[name] for name in columns}),
        [_row(unit) for unit in units],
    )
    await _put_dated(conn, units)


def _row(unit: OrganisationEntity) -> dict[str, Any]:
    return {
        "id": unit.id,
        "code": unit.code,
        "name": unit.name,
        "level": unit.level.value,
        "kind": unit.kind.value,
        "sort_key": unit.sort_key,
        "synthetic": unit.synthetic,
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to or FOREVER,
    }


async def _put_dated(conn: AsyncConnection, units: Sequence[OrganisationEntity]) -> None:
    places = [
        {
            "organisation": unit.id,
            "parent": place.parent,
            "division": place.division,
            "valid_from": place.valid_from,
            "valid_to": place.valid_to or FOREVER,
        }
        for unit in units
        for place in unit.placements
    ]
    facts = [
        {"organisation": unit.id, "fact": known.fact, "on": known.on, "value": known.value}
        for unit in units
        for known in unit.facts
    ]
    if places:
        await conn.execute(insert(placement), places)
    if facts:
        await conn.execute(insert(fact).on_conflict_do_nothing(), facts)


async def below(conn: AsyncConnection, ids: Sequence[UUID]) -> list[UUID]:
    """These organisations and everything under them, on either line."""
    return [row.organisation for row in await conn.execute(_BELOW, {"ids": list(ids)})]


async def rebuild_membership(conn: AsyncConnection, ids: Sequence[UUID] | None) -> None:
    """Work out anew who belongs under whom, for some organisations or for all."""
    gone = delete(membership)
    await conn.execute(gone if ids is None else gone.where(membership.c.organisation.in_(ids)))
    chosen = None if ids is None else list(ids)
    for line in ("management", "territory"):
        await conn.execute(_REACH, {"line": line, "ids": chosen})
    await conn.execute(_OVERLAY, {"ids": chosen})


async def units(conn: AsyncConnection) -> dict[UUID, Unit]:
    """Every organisation with its facts and territorial ancestors."""
    facts: dict[UUID, dict[str, list[tuple[date, str]]]] = {}
    for row in await conn.execute(select(fact).order_by(fact.c.on)):
        facts.setdefault(row.organisation, {}).setdefault(row.fact, []).append((row.on, row.value))
    above: dict[UUID, list[Above]] = {}
    territory = select(membership).where(membership.c.line == "territory", membership.c.distance > 0)
    for row in await conn.execute(territory):
        above.setdefault(row.organisation, []).append(Above(row.valid_from, row.valid_to, row.ancestor, row.distance))
    return {
        row.id: Unit(
            row.id,
            row.code,
            Level(row.level),
            Kind(row.kind),
            Span(row.valid_from, row.valid_to),
            facts.get(row.id, {}),
            above.get(row.id, ()),
        )
        for row in await conn.execute(select(organisation))
    }


async def replace_scope_members(
    conn: AsyncConnection,
    rows: Sequence[tuple[str, UUID, str, Member]],
    *,
    scopes: Sequence[str] | None,
    organisations: Sequence[UUID] | None,
) -> None:
    """Put new scope membership in place of the old, for some scopes or organisations or for all."""
    gone = delete(scope_member)
    if scopes is not None:
        gone = gone.where(scope_member.c.scope.in_(scopes))
    if organisations is not None:
        gone = gone.where(scope_member.c.organisation.in_(organisations))
    await conn.execute(gone)
    if rows:
        await conn.execute(
            insert(scope_member),
            [
                {
                    "scope": scope,
                    "organisation": unit,
                    "subject": subject,
                    "valid_from": member.start,
                    "valid_to": member.end,
                    "certain": member.certain,
                }
                for scope, unit, subject, member in rows
            ],
        )


async def by_code(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, Named]:
    """Organisations by code."""
    return await _named(conn, organisation.c.code.in_(list(codes)), lambda row: row.code)


async def by_id(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, Named]:
    """Organisations by id."""
    return await _named(conn, organisation.c.id.in_(list(ids)), lambda row: row.id)


async def _named(conn: AsyncConnection, where: Any, key: Any) -> dict[Any, Named]:
    columns = [organisation.c[name] for name in Named._fields]
    return {key(row): Named(*row) for row in await conn.execute(select(*columns).where(where))}


async def under(conn: AsyncConnection, unit: UUID, roots: Sequence[UUID], on: date) -> bool:
    """Whether a unit is managed (directly or not) by one of the given organisations on a day."""
    found = select(func.count()).where(
        membership.c.line == "management",
        membership.c.organisation == unit,
        membership.c.ancestor.in_(roots),
        membership.c.valid_from <= on,
        membership.c.valid_to > on,
    )
    return bool((await conn.execute(found)).scalar_one())


async def chain(conn: AsyncConnection, unit: UUID, on: date) -> list[Named]:
    """The organisations that manage a unit on a day, the nearest first."""
    columns = [organisation.c[name] for name in Named._fields]
    query = (
        select(*columns)
        .join(membership, membership.c.ancestor == organisation.c.id)
        .where(
            membership.c.line == "management",
            membership.c.organisation == unit,
            membership.c.distance > 0,
            membership.c.valid_from <= on,
            membership.c.valid_to > on,
        )
        .order_by(membership.c.distance)
    )
    return [Named(*row) for row in await conn.execute(query)]


async def areas_below(conn: AsyncConnection, area: UUID, level: str | None, on: date) -> list[Named]:
    """The divisions and zones inside an area on a day, in order of code; of one level if given."""
    columns = [organisation.c[name] for name in Named._fields]
    query = (
        select(*columns)
        .join(membership, membership.c.organisation == organisation.c.id)
        .where(
            membership.c.line == "territory",
            membership.c.ancestor == area,
            membership.c.distance > 0,
            membership.c.valid_from <= on,
            membership.c.valid_to > on,
        )
        .order_by(organisation.c.code)
    )
    if level is not None:
        query = query.where(organisation.c.level == level)
    if level != Level.INSTITUTION.value:
        query = query.where(organisation.c.kind.in_(AREAS))
    return [Named(*row) for row in await conn.execute(query)]
