"""Every statement about organisations, their places and their facts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, CTE, Row, Select, Text, and_, cast, func, insert, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from contracts.organisations import Fact, Identifier
from kernel.db import Id
from services.auth.organisations.models import fact, identifier, organisation, placement
from services.auth.organisations.rules import Place

ENTITY = "organisation"
_DEEPEST = 20
_IDS = ARRAY(Id)


class Filters(NamedTuple):
    """Which organisations a list holds; several values of one filter are alternatives."""

    level: Sequence[str] = ()
    kind: Sequence[str] = ()
    parent: Sequence[str] = ()
    division: Sequence[str] = ()
    q: str | None = None


def among(column: ColumnElement[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Whether a column is one of any number of ids: one array, for single parameters end at 32,767."""
    return column == func.any(literal(list(ids), type_=_IDS))


def holds(table: FromClause, on: date) -> ColumnElement[bool]:
    """Whether a dated row holds on a day."""
    return and_(table.c.valid_from <= on, or_(table.c.valid_to.is_(None), table.c.valid_to > on))


async def lock_tree(conn: AsyncConnection) -> None:
    """Changes of the tree come one after another: what one of them checked stays true until it commits."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('auth.organisation', 0))"))


def shown(on: date) -> Select[Any]:
    """Organisations with the names of parent and division, as they stand on a day."""
    parent, division = organisation.alias("parent"), organisation.alias("division")
    return (
        select(
            organisation,
            parent.c.code.label("parent_code"),
            parent.c.name.label("parent_name"),
            division.c.code.label("division_code"),
            division.c.name.label("division_name"),
        )
        .outerjoin_from(
            organisation, placement, and_(placement.c.organisation == organisation.c.id, holds(placement, on))
        )
        .outerjoin(parent, parent.c.id == placement.c.parent)
        .outerjoin(division, division.c.id == placement.c.division)
    )


def listed(on: date, filters: Filters) -> Select[Any]:
    """A list in the order of names (pinyin), then codes."""
    query = shown(on).where(holds(organisation, on))
    parent, division = organisation.alias("wanted_parent"), organisation.alias("wanted_division")
    for given, column in ((filters.level, organisation.c.level), (filters.kind, organisation.c.kind)):
        if given:
            query = query.where(column.in_(given))
    for given, named, column in (
        (filters.parent, parent, placement.c.parent),
        (filters.division, division, placement.c.division),
    ):
        if given:
            query = query.where(column.in_(select(named.c.id).where(named.c.code.in_(given))))
    if filters.q:
        query = query.where(_matches(filters.q))
    return query.order_by(organisation.c.sort_key, organisation.c.code)


def listed_below(root: UUID, on: date, filters: Filters) -> Select[Any]:
    """A list of what lies under an organisation, itself left out."""
    under = below([root], on)
    return listed(on, filters).where(organisation.c.id.in_(select(under.c.id)), organisation.c.id != root)


def _matches(q: str) -> ColumnElement[bool]:
    """Part of the name, the beginning of the code, or the beginning of the pinyin."""
    spelt = func.replace(organisation.c.sort_key, " ", "")
    return or_(
        organisation.c.name.icontains(q, autoescape=True),
        organisation.c.code.istartswith(q, autoescape=True),
        spelt.startswith(q.lower().replace(" ", ""), autoescape=True),
    )


def below(roots: Collection[UUID], on: date) -> CTE:
    """The ids of organisations under the roots along `parent` on a day, the roots among them."""
    start = select(organisation.c.id).where(among(organisation.c.id, roots)).cte("below", recursive=True)
    step = select(placement.c.organisation).where(placement.c.parent == start.c.id, holds(placement, on))
    return start.union(step)


def above(ids: Collection[UUID], on: date) -> CTE:
    """Pairs (start, id, depth): each organisation with itself (depth 0) and everything above it on a day."""
    start = (
        select(organisation.c.id.label("start"), organisation.c.id.label("id"), literal(0).label("depth"))
        .where(among(organisation.c.id, ids))
        .cte("above", recursive=True)
    )
    step = (
        select(start.c.start, placement.c.parent, start.c.depth + 1)
        .join_from(start, placement, placement.c.organisation == start.c.id)
        .where(placement.c.parent.is_not(None), holds(placement, on), start.c.depth < _DEEPEST)
    )
    return start.union(step)


async def covered(conn: AsyncConnection, ids: Collection[UUID], roots: Collection[UUID], on: date) -> set[UUID]:
    """Those of the organisations that lie in the subtree of a root."""
    if not ids or not roots:
        return set()
    up = above(ids, on)
    return set((await conn.execute(select(up.c.start).where(up.c.id.in_(roots)).distinct())).scalars())


def ancestors(of: UUID, on: date) -> Select[Any]:
    """Everything above an organisation, the nearest first."""
    up = above([of], on)
    return shown(on).join(up, up.c.id == organisation.c.id).where(up.c.depth > 0).order_by(up.c.depth)


async def by_code(conn: AsyncConnection, code: str, on: date) -> Row[Any] | None:
    """An organisation by its code, however long ago it ended."""
    row: Row[Any] | None = (await conn.execute(shown(on).where(organisation.c.code == code))).first()
    return row


async def by_id(conn: AsyncConnection, which: UUID, on: date) -> Row[Any]:
    """An organisation that is known to exist."""
    row: Row[Any] = (await conn.execute(shown(on).where(organisation.c.id == which))).one()
    return row


async def by_old_code(conn: AsyncConnection, code: str, on: date) -> Row[Any] | None:
    """The one organisation an ended identifier belonged to; None if there are several."""
    owner = select(identifier.c.organisation).where(identifier.c.value == code, identifier.c.valid_to <= on)
    rows = (await conn.execute(shown(on).where(organisation.c.id.in_(owner)).limit(2))).all()
    return rows[0] if len(rows) == 1 else None


async def ids(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, UUID]:
    """The ids of codes; unknown ones are left out."""
    query = select(organisation.c.code, organisation.c.id).where(organisation.c.code.in_(set(codes)))
    return dict((await conn.execute(query)).all())


async def roots(conn: AsyncConnection) -> list[UUID]:
    """The organisations without a parent."""
    query = select(placement.c.organisation).where(placement.c.parent.is_(None), placement.c.valid_to.is_(None))
    return list((await conn.execute(query)).scalars())


async def places(conn: AsyncConnection, codes: Collection[str] | None = None) -> dict[str, Place]:
    """Where organisations stand at present, by code; all of them if no codes are given."""
    parent, division = organisation.alias("parent"), organisation.alias("division")
    query = (
        select(organisation.c.code, organisation.c.level, organisation.c.kind, parent.c.code, division.c.code)
        .outerjoin_from(
            organisation,
            placement,
            and_(placement.c.organisation == organisation.c.id, placement.c.valid_to.is_(None)),
        )
        .outerjoin(parent, parent.c.id == placement.c.parent)
        .outerjoin(division, division.c.id == placement.c.division)
    )
    if codes is not None:
        query = query.where(organisation.c.code.in_(codes))
    return {row[0]: Place.of(*row) for row in await conn.execute(query)}


async def code_taken(conn: AsyncConnection, code: str) -> bool:
    """Whether a code was ever borne by an organisation, also one that bears another now."""
    old = select(identifier.c.value).where(identifier.c.value == code, identifier.c.valid_to.is_not(None))
    found = select(organisation.c.code).where(organisation.c.code == code).union_all(old)
    return (await conn.execute(found.limit(1))).first() is not None


async def add(conn: AsyncConnection, row: dict[str, Any], parent: UUID | None, division: UUID | None) -> None:
    """Store a new organisation and where it belongs from its first day."""
    await conn.execute(insert(organisation).values(row))
    place = {
        "organisation": row["id"],
        "valid_from": row["valid_from"],
        "parent": parent,
        "division": division,
    }
    await conn.execute(insert(placement).values(place))


async def add_facts(conn: AsyncConnection, which: UUID, facts: Sequence[Fact]) -> None:
    """Store facts of an organisation."""
    rows = [
        {"organisation": which, "fact": f.fact, "value": f.value, "observed_on": f.on, "source": f.source}
        for f in facts
    ]
    if rows:
        await conn.execute(insert(fact), rows)


async def add_identifiers(conn: AsyncConnection, which: UUID, identifiers: Sequence[Identifier]) -> None:
    """Store the codes by which others know an organisation."""
    rows = [{"organisation": which, **i.model_dump()} for i in identifiers]
    if rows:
        await conn.execute(insert(identifier), rows)


async def rename(conn: AsyncConnection, which: UUID, version: int, name: str, sort_key: str) -> bool:
    """Correct a name; False if the organisation was changed meanwhile."""
    changed = (
        update(organisation)
        .where(organisation.c.id == which, organisation.c.version == version)
        .values(name=name, sort_key=sort_key, version=version + 1)
    )
    return (await conn.execute(changed)).rowcount == 1


async def bump(conn: AsyncConnection, which: UUID) -> int:
    """A new version of an organisation whose facts changed."""
    changed = update(organisation).where(organisation.c.id == which).values(version=organisation.c.version + 1)
    return int((await conn.execute(changed.returning(organisation.c.version))).scalar_one())


async def fact_on(conn: AsyncConnection, which: UUID, name: str, on: date) -> Row[Any] | None:
    """What is recorded of one fact for one day."""
    query = select(fact).where(fact.c.organisation == which, fact.c.fact == name, fact.c.observed_on == on)
    return (await conn.execute(query)).first()


async def fact_recorded_at(conn: AsyncConnection, which: UUID, name: str, on: date) -> datetime:
    """When a fact that is recorded was written."""
    query = select(fact.c.recorded_at).where(fact.c.organisation == which, fact.c.fact == name)
    at: datetime = (await conn.execute(query.where(fact.c.observed_on == on))).scalar_one()
    return at


async def facts(conn: AsyncConnection, which: UUID, on: date | None) -> list[Fact]:
    """The facts of an organisation up to a day, newest first."""
    query = select(fact).where(fact.c.organisation == which).order_by(fact.c.observed_on.desc(), fact.c.fact)
    if on is not None:
        query = query.where(fact.c.observed_on <= on)
    rows = await conn.execute(query)
    return [Fact(fact=r.fact, value=r.value, on=r.observed_on, source=r.source) for r in rows]


def _collected(table: FromClause, order: ColumnElement[Any], **columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """Rows of a table that belong to an organisation, as one JSON list."""
    parts = [part for name, column in columns.items() for part in (literal(name), column)]
    rows = func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*parts), order))
    found = select(func.coalesce(rows, text("'[]'::jsonb"))).where(table.c.organisation == organisation.c.id)
    return found.scalar_subquery()


def _body() -> ColumnElement[Any]:
    """An organisation with its whole history: contracts.organisations.OrganisationEntity."""
    plain = ("id", "code", "name", "level", "kind", "sort_key", "synthetic", "valid_from", "valid_to")
    parts: list[Any] = [part for name in plain for part in (literal(name), organisation.c[name])]
    dates = ("valid_from", "valid_to")
    placements = _collected(
        placement, placement.c.valid_from, **{n: placement.c[n] for n in ("parent", "division", *dates)}
    )
    facts = _collected(
        fact, fact.c.id, fact=fact.c.fact, value=fact.c.value, on=fact.c.observed_on, source=fact.c.source
    )
    identifiers = _collected(identifier, identifier.c.id, **{n: identifier.c[n] for n in ("scheme", "value", *dates)})
    return func.jsonb_build_object(*parts, "placements", placements, "facts", facts, "identifiers", identifiers)


def entities(which: Collection[UUID]) -> Select[Any]:
    """Organisations as the change feed carries them: kind, key, version, body."""
    return select(
        literal(ENTITY).label("kind"),
        cast(organisation.c.id, Text).label("key"),
        organisation.c.version.label("version"),
        _body().label("body"),
    ).where(among(organisation.c.id, which))
