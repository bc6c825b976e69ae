"""Use cases of plans: loading a pack, publishing, reading."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeVar
from uuid import UUID

from contracts.base import Ground, Model, Page
from contracts.catalogue import ItemView, PlanView
from contracts.imports import Conflict, ImportCounts, ImportJob
from contracts.vocabularies import ItemType, PlanStatus, Role
from kernel import etags, idempotency
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import Forbidden, NotFound, StateConflict
from kernel.idempotency import Key
from kernel.ids import new_id
from kernel.paging import PageQuery, paged
from services.targets.clients import Organisations
from services.targets.directory import repository as units
from services.targets.directory import service as organisations
from services.targets.plans import loading, pack, references, repository, views, visibility
from services.targets.plans.judging import Judgement
from services.targets.plans.pack import Pack
from services.targets.schema import idempotency_keys

Mode = Literal["atomic", "dry_run"]
M = TypeVar("M", bound=Model)


async def load_pack(
    database: Database,
    caller: Caller,
    files: Mapping[str, bytes],
    *,
    mode: Mode = "atomic",
    publish: bool = False,
    ground: Ground | None = None,
    directory: Organisations | None = None,
    key: Key | None = None,
) -> ImportJob:
    """Load a plan pack, given as its files by name; what came of it, with every fault.

    With any fault nothing is loaded, and a dry run loads nothing at all. Loading what is there already changes
    nothing. `publish` puts the plan in force; a plan in force takes changes only with it. `ground` is the document
    that justifies the change, unless the plan's own does. An organisation that is not known here is asked for once
    through `directory`. Raises Forbidden when the caller is no planner of the issuer, DependencyUnavailable
    when an unknown organisation cannot be asked for.
    """
    found = await asyncio.to_thread(pack.read, files)
    await _catch_up(database, found, directory)
    async with database.transaction(caller.id) as conn:
        if key and (replay := await idempotency.claim(conn, idempotency_keys, caller.id, key)):
            return ImportJob.model_validate(replay.body)
        await repository.one_load_at_a_time(conn)
        judged = await loading.judged(conn, caller, found, publish=publish)
        if judged.change is not None and mode == "atomic":
            await loading.put_in_force(conn, caller, judged.change, ground)
        job = _job(mode, judged)
        await repository.keep_job(conn, job, caller.id)
        if key:
            await idempotency.remember(conn, idempotency_keys, caller.id, key, 202, job.model_dump(mode="json"))
        await repository.forget_old_jobs(conn)
        await idempotency.forget_old(conn, idempotency_keys)
    return job


async def _catch_up(database: Database, found: Pack, directory: Organisations | None) -> None:
    """Ask auth once when the pack names an organisation that is not known here."""
    named = {code for _, _, _, code in references.organisations(found)}
    async with database.reading() as conn:
        known = await units.names(conn, named)
    if directory is not None and len(known) < len(named):
        await directory.catch_up()


def _job(mode: Mode, judged: Judgement) -> ImportJob:
    places = {(fault.file, fault.line) for fault in judged.faults}
    counts = judged.change.counts if judged.change else ImportCounts(rejected=len(places))
    return ImportJob(
        id=new_id(),
        kind="plans",
        mode=mode,
        state="refused" if judged.faults else "done",
        counts=counts,
        conflicts=judged.faults,
        conflict_count=len(judged.faults),
        created_at=datetime.now(UTC),
    )


async def job(database: Database, caller: Caller, id_: UUID) -> ImportJob:
    """What came of a load the caller asked for; raises NotFound."""
    async with database.reading() as conn:
        row = await repository.job(conn, id_, caller.id)
    if row is None:
        raise NotFound()
    return ImportJob(
        **{name: row._mapping[name] for name in ImportJob.model_fields if name not in ("counts", "conflicts")},
        counts=ImportCounts(**row.counts),
        conflicts=[Conflict(**one) for one in row.conflicts],
    )


async def list_plans(database: Database, caller: Caller, page: PageQuery) -> Page[PlanView]:
    """The plans the caller may see, in order of code."""
    async with database.reading() as conn:
        drafts = await visibility.drafts(conn, caller)
        return await paged(conn, repository.plans(drafts), page, lambda row: views.plan(row, drafts))


async def read_plan(database: Database, caller: Caller, code: str) -> PlanView:
    """A plan; raises NotFound."""
    async with database.reading() as conn:
        return await visibility.plan(conn, caller, code)


async def list_items(
    database: Database, caller: Caller, code: str, page: PageQuery, types: Sequence[ItemType]
) -> Page[ItemView]:
    """The items of a plan in its order, of some types if any is given; raises NotFound."""
    async with database.reading() as conn:
        await visibility.plan(conn, caller, code)
        bodies = await paged(conn, repository.items(code, types), page, lambda row: row.body)
        duties = [duty for body in bodies.items for duty in body["responsible"]]
        names = {
            "unit": await units.names(conn, [duty["unit"] for duty in duties if duty["unit"]]),
            "group": await repository.group_names(conn, [duty["group"] for duty in duties if duty["group"]]),
        }
        targets = await repository.targets_by_item(conn, code)
    items = [views.item(body, names, targets) for body in bodies.items]
    return Page(items=items, next=bodies.next, prev=bodies.prev)


async def list_entries(database: Database, caller: Caller, code: str, page: PageQuery, model: type[M]) -> Page[M]:
    """The documents, discrepancies or statements of a plan in its order; raises NotFound."""
    table = repository.TABLES[model.__name__.lower()]
    async with database.reading() as conn:
        await visibility.plan(conn, caller, code)
        entries = repository.entries(table, code)
        return await paged(conn, entries, page, lambda row: model.model_validate(row.body))


async def publish(database: Database, caller: Caller, code: str, if_match: str | None) -> PlanView:
    """Put a draft in force.

    Raises NotFound, Forbidden for a planner of another area, StateConflict for a plan that is no draft, and what
    `require_match` raises when somebody has changed the plan since it was read.
    """
    async with database.transaction(caller.id) as conn:
        await repository.one_load_at_a_time(conn)
        seen = await visibility.plan(conn, caller, code)
        if not await organisations.covered(conn, caller, Role.PLANNER, [seen.issuer]):
            raise Forbidden()
        if seen.status is not PlanStatus.DRAFT:
            raise StateConflict()
        etags.require_match(if_match, seen.etag)
        await loading.publish(conn, caller, code)
        return await visibility.plan(conn, caller, code)
