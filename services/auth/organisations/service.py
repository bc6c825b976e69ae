"""Reading and changing organisations and their facts; each change is one transaction with its record and its news."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.base import Page
from contracts.feed import Changes, Snapshot
from contracts.organisations import (
    Fact,
    FactList,
    FactsAdded,
    Organisation,
    OrganisationCreate,
    OrganisationPatch,
)
from kernel import audit, etags, idempotency
from kernel.auth import Caller
from kernel.clock import today
from kernel.db import Database
from kernel.errors import (
    Duplicate,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Said,
    StaleVersion,
    UnknownReference,
)
from kernel.ids import new_id
from kernel.paging import PageQuery, paged
from services.auth.imports.service import REGISTERED, load
from services.auth.organisations import repository, rules
from services.auth.organisations.authority import TREE, covered
from services.auth.organisations.naming import sort_key
from services.auth.organisations.repository import ENTITY, Filters
from services.auth.organisations.rules import Fault, Place
from services.auth.schema import AUDIT, KEYS, OUTBOX

__all__ = ["add_fact", "create", "find", "list_facts", "listing", "load", "rename"]

_TAKEN = Said("该代码已被使用；代码永不重用。", "this code is or was in use; codes are never used again")
_FACT_KNOWN = Said("该日期的此项事实已记录为其他值。", "another value is recorded for this fact and day")


async def find(database: Database, caller: Caller, code: str, on: date | None) -> Organisation:
    """An organisation as it stands on a day; an earlier code resolves and is named. Raises NotFound."""
    async with database.transaction(caller.id) as conn:
        row, old = await _resolved(conn, code, on or today())
        mine = await covered(conn, caller, [row.id], *TREE)
    return _view(row, actionable=bool(mine), superseded=old)


async def listing(
    database: Database, caller: Caller, page: PageQuery, filters: Filters, on: date | None
) -> Page[Organisation]:
    """Organisations in the order of their names, as they stand on a day."""
    async with database.transaction(caller.id) as conn:
        return await _page(conn, caller, repository.listed(on or today(), filters), page)


async def children(
    database: Database, caller: Caller, code: str, page: PageQuery, filters: Filters, on: date | None
) -> Page[Organisation]:
    """The organisations directly under one. Raises NotFound."""
    day = on or today()
    async with database.transaction(caller.id) as conn:
        row, _ = await _resolved(conn, code, day)
        query = repository.listed(day, filters._replace(parent=[row.code]))
        return await _page(conn, caller, query, page)


async def descendants(
    database: Database, caller: Caller, code: str, page: PageQuery, filters: Filters, on: date | None
) -> Page[Organisation]:
    """Everything under an organisation along `parent`. Raises NotFound."""
    day = on or today()
    async with database.transaction(caller.id) as conn:
        row, _ = await _resolved(conn, code, day)
        return await _page(conn, caller, repository.listed_below(row.id, day, filters), page)


async def ancestors(database: Database, caller: Caller, code: str, on: date | None) -> Page[Organisation]:
    """Everything above an organisation, the nearest first. Raises NotFound."""
    day = on or today()
    async with database.transaction(caller.id) as conn:
        row, _ = await _resolved(conn, code, day)
        rows = (await conn.execute(repository.ancestors(row.id, day))).all()
        mine = await covered(conn, caller, [r.id for r in rows], *TREE)
    return Page(items=[_view(r, actionable=r.id in mine) for r in rows])


async def create(database: Database, caller: Caller, wanted: OrganisationCreate, key: str | None) -> Organisation:
    """A new organisation under a parent and in a division that the caller may decide about.

    Raises Forbidden, Duplicate (the code is or was in use), UnknownReference or Invalid with every fault.
    """
    async with database.transaction(caller.id) as conn:
        claimed = idempotency.required(key, "organisations", wanted.model_dump(mode="json")) if key else None
        if claimed and (replay := await idempotency.claim(conn, KEYS, caller.id, claimed)):
            return Organisation.model_validate(replay.body)
        await repository.lock_tree(conn)
        place = await _checked(conn, wanted)
        ids = await repository.ids(conn, filter(None, (place.parent, place.division)))
        parent, around = ids.get(place.parent or ""), set(ids.values())
        # the division too: what the unit reports will count there
        if (parent is None or await covered(conn, caller, around, *TREE) != around) and caller.kind != "system":
            raise Forbidden()
        made = await _store(conn, caller, wanted, parent, ids.get(place.division or ""))
        if claimed:
            await idempotency.remember(conn, KEYS, caller.id, claimed, 201, made.model_dump(mode="json"))
    return made


async def rename(
    database: Database, caller: Caller, code: str, wanted: OrganisationPatch, if_match: str | None
) -> Organisation:
    """Correct a name. Raises NotFound, Forbidden, PreconditionRequired or StaleVersion."""
    async with database.transaction(caller.id) as conn:
        row, _ = await _resolved(conn, code, today())
        if not await covered(conn, caller, [row.id], *TREE):
            raise Forbidden()
        etags.require_match(if_match, etags.of(row.version))
        if wanted.name is None or wanted.name == row.name:
            return _view(row, actionable=True)
        if not await repository.rename(conn, row.id, row.version, wanted.name, sort_key(wanted.name)):
            raise StaleVersion()
        detail = {"name": {"old": row.name, "new": wanted.name}}
        await _tell(conn, caller, row.id, row.version + 1, "organisation.renamed", detail)
        return _view(await repository.by_id(conn, row.id, today()), actionable=True)


async def list_facts(database: Database, caller: Caller, code: str, on: date | None) -> FactList:
    """The facts of an organisation up to a day, newest first. Raises NotFound."""
    async with database.transaction(caller.id) as conn:
        row, _ = await _resolved(conn, code, today())
        return FactList(organisation=row.code, items=await repository.facts(conn, row.id, on))


async def add_fact(database: Database, caller: Caller, code: str, fact: Fact) -> FactsAdded:
    """Record a dated fact; recording it again changes nothing.

    Raises NotFound, Forbidden, Invalid, or Duplicate when the day has another value.
    """
    if fault := rules.fact_fault(fact.fact, fact.value):
        raise Invalid(errors=[FieldError("/" + fault.field, fault.code, fault.said)])
    async with database.transaction(caller.id) as conn:
        row, _ = await _resolved(conn, code, today())
        if not await covered(conn, caller, [row.id], *TREE):
            raise Forbidden()
        await repository.lock_tree(conn)
        known = await repository.fact_on(conn, row.id, fact.fact, fact.on)
        if known is not None and (known.value, known.source) != (fact.value, fact.source):
            raise Duplicate(_FACT_KNOWN)
        if known is None:
            await repository.add_facts(conn, row.id, [fact])
            version = await repository.bump(conn, row.id)
            await _tell(conn, caller, row.id, version, "organisation.fact-added", fact.model_dump(mode="json"))
        recorded_at = await repository.fact_recorded_at(conn, row.id, fact.fact, fact.on)
    return FactsAdded(organisation=row.code, recorded_at=recorded_at)


async def snapshot(database: Database) -> Snapshot:
    """Every organisation as the change feed carries it."""
    async with database.reading() as conn:
        return await OUTBOX.snapshot(conn)


async def changes(database: Database, feed: UUID, after: int, limit: int) -> Changes:
    """What was committed after a position. Raises Gone."""
    async with database.reading() as conn:
        return await OUTBOX.changes(conn, feed=feed, after=after, limit=limit)


async def _resolved(conn: AsyncConnection, code: str, on: date) -> tuple[Row[Any], str | None]:
    """The organisation behind a code, and the code itself if it is an earlier one."""
    if row := await repository.by_code(conn, code, on):
        return row, None
    if row := await repository.by_old_code(conn, code, on):
        return row, code
    raise NotFound()


async def _page(conn: AsyncConnection, caller: Caller, query: Select[Any], page: PageQuery) -> Page[Organisation]:
    rows = await paged(conn, query, page, lambda row: row)
    mine = await covered(conn, caller, [row.id for row in rows.items], *TREE)
    items = [_view(row, actionable=row.id in mine) for row in rows.items]
    return Page(items=items, next=rows.next, prev=rows.prev)


async def _checked(conn: AsyncConnection, wanted: OrganisationCreate) -> Place:
    """Where the new organisation will stand, its division filled in."""
    if await repository.code_taken(conn, wanted.code):
        raise Duplicate(_TAKEN)
    place = Place(wanted.code, wanted.level, wanted.kind, wanted.parent, wanted.division)
    known = await repository.places(conn, [c for c in (wanted.parent, wanted.division) if c])
    place = rules.settled(place, known)
    found = [*rules.faults(place, {**known, place.code: place}), *_fact_faults(wanted)]
    if found:
        _refuse(found)
    return place


def _fact_faults(wanted: OrganisationCreate) -> list[Fault]:
    given = [(name, value) for name, value in rules.given_facts(wanted.tier, wanted.ownership, wanted.tags)]
    return [fault._replace(field=name) for name, value in given if (fault := rules.fact_fault(name, value))]


def _refuse(found: Sequence[Fault]) -> None:
    errors = [FieldError("/" + fault.field, fault.code, fault.said) for fault in found]
    if any(fault.code == rules.UNKNOWN for fault in found):
        raise UnknownReference(errors=errors)
    raise Invalid(errors=errors)


async def _store(
    conn: AsyncConnection,
    caller: Caller,
    wanted: OrganisationCreate,
    parent: UUID | None,
    division: UUID | None,
) -> Organisation:
    which = new_id()
    row = {
        **wanted.model_dump(include={"code", "name", "level", "kind", "synthetic", "valid_from"}),
        "id": which,
        "sort_key": sort_key(wanted.name),
        "version": 1,
    }
    if wanted.kind == "division":
        division = which
    await repository.add(conn, row, parent, division)
    source = wanted.ground.title if wanted.ground else REGISTERED
    given = rules.given_facts(wanted.tier, wanted.ownership, wanted.tags)
    facts = [Fact(fact=n, value=v, on=wanted.valid_from, source=source) for n, v in given]
    await repository.add_facts(conn, which, facts)
    await repository.add_identifiers(conn, which, wanted.identifiers)
    await _tell(conn, caller, which, 1, "organisation.created", wanted.model_dump(mode="json", exclude_defaults=True))
    return _view(await repository.by_id(conn, which, max(today(), wanted.valid_from)), actionable=True)


async def _tell(
    conn: AsyncConnection, caller: Caller, which: UUID, version: int, action: str, detail: dict[str, Any]
) -> None:
    """The record of a change, and last of all the news of it."""
    await audit.record(
        conn, AUDIT, caller=caller, action=action, entity=ENTITY, entity_id=which, entity_version=version,
        organisation=which, detail=detail,
    )  # fmt: skip
    await OUTBOX.publish_query(conn, repository.entities([which]))


def _view(row: Row[Any], *, actionable: bool, superseded: str | None = None) -> Organisation:
    shown = {
        "parent": row.parent_code,
        "parent_name": row.parent_name,
        "division": row.division_code,
        "division_name": row.division_name,
        "superseded_code": superseded,
    }
    plain = ("id", "code", "name", "level", "kind", "synthetic", "valid_from", "valid_to")
    return Organisation(
        **{name: getattr(row, name) for name in plain},
        **shown,
        etag=etags.of(row.version, *shown.values(), actionable),
        actions=["update", "add-facts"] if actionable else [],
    )
