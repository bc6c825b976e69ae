"""Loading organisations and facts from a file: read, decide, and write everything or nothing."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.imports import ImportJob
from kernel import idempotency
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import NotFound
from kernel.ids import new_id
from services.auth.imports import reading, repository, rules
from services.auth.imports.rules import Correction, FactPlan, OrganisationPlan, RegisteredCodes, Registration
from services.auth.organisations import repository as organisations
from services.auth.organisations.authority import TREE, covered
from services.auth.organisations.models import fact, organisation, placement
from services.auth.organisations.naming import sort_key
from services.auth.schema import KEYS, OUTBOX

ImportKind = Literal["organisations", "facts"]
Mode = Literal["dry_run", "atomic"]

REGISTERED = "机构登记"
"""Source of facts that were given with the organisation itself."""
_ORGANISATION = ("id", "code", "name", "level", "kind", "sort_key", "synthetic", "valid_from", "version")


async def load(
    database: Database,
    caller: Caller,
    kind: ImportKind,
    text: str,
    mode: Mode = "atomic",
    key: str | None = None,
) -> ImportJob:
    """Load a CSV file; with any conflict, or in a dry run, nothing is written but the job that tells of it.

    Loading the same file again changes nothing. Every fault of the file is listed, not only the first.
    """
    claimed = idempotency.required(key, f"imports/{kind}", [mode, _digest(text)]) if key else None
    async with database.transaction(caller.id) as conn:
        if claimed and (replay := await idempotency.claim(conn, KEYS, caller.id, claimed)):
            return ImportJob.model_validate(replay.body)
        plan: OrganisationPlan | FactPlan
        if kind == "organisations":
            plan = await _load_organisations(conn, caller, text, mode)
        else:
            plan = await _load_facts(conn, caller, text, mode)
        job = _job(kind, mode, plan)
        await repository.add_job(conn, job, caller)
        if claimed:
            await idempotency.remember(conn, KEYS, caller.id, claimed, 202, job.model_dump(mode="json"))
    return job


async def job(database: Database, caller: Caller, kind: ImportKind, which: UUID) -> ImportJob:
    """An import of the caller's own. Raises NotFound."""
    async with database.transaction(caller.id) as conn:
        row = await repository.job(conn, kind, which, caller.id)
    if row is None:
        raise NotFound()
    return ImportJob.model_validate({name: row._mapping[name] for name in ImportJob.model_fields})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _job(kind: ImportKind, mode: Mode, plan: OrganisationPlan | FactPlan) -> ImportJob:
    plan.conflicts.sort(key=lambda c: (c.line or 0, c.column or ""))
    return ImportJob(
        id=new_id(),
        kind=kind,
        mode=mode,
        state="refused" if plan.conflicts else "done",
        counts=rules.counts(plan),
        conflicts=plan.conflicts,
        conflict_count=len(plan.conflicts),
        created_at=datetime.now(UTC),
    )


async def _load_organisations(conn: AsyncConnection, caller: Caller, text: str, mode: Mode) -> OrganisationPlan:
    read = await asyncio.to_thread(reading.organisations, text)
    await organisations.lock_tree(conn)
    known, retired = await repository.known(conn), frozenset(await repository.superseded(conn))
    plan = await asyncio.to_thread(rules.plan_organisations, read.rows, known, retired)
    plan.conflicts.extend(read.conflicts)
    ids = await repository.all_ids(conn)
    if caller.kind != "system":
        named = {*rules.anchors(plan).values(), *rules.territories(plan).values()}
        wanted = {code: ids[code] for code in named if code in ids}
        mine = await covered(conn, caller, set(wanted.values()), *TREE)
        rules.refuse_foreign(plan, frozenset(code for code, which in wanted.items() if which in mine))
    if mode == "atomic" and not plan.conflicts:
        await _write_organisations(conn, caller, plan, ids)
    return plan


async def _write_organisations(
    conn: AsyncConnection, caller: Caller, plan: OrganisationPlan, ids: dict[str, UUID]
) -> None:
    ids = ids | {registration.place.code: new_id() for registration in plan.new}
    await _register(conn, caller, plan.new, ids)
    await _correct(conn, caller, plan.changed, ids)
    touched = [ids[r.place.code] for r in plan.new] + [ids[c.wanted.code] for c in plan.changed]
    await OUTBOX.publish_query(conn, organisations.entities(touched))


async def _register(
    conn: AsyncConnection, caller: Caller, new: Sequence[Registration], ids: Mapping[str, UUID]
) -> None:
    keys = await asyncio.to_thread(lambda: [sort_key(r.wanted.name) for r in new])
    await repository.copy(conn, organisation, _ORGANISATION, (
        (ids[w.code], w.code, w.name, w.level.value, w.kind.value, key, w.synthetic, w.valid_from, 1)
        for w, key in zip((r.wanted for r in new), keys, strict=True)
    ))  # fmt: skip
    await repository.copy(conn, placement, ("organisation", "valid_from", "parent", "division"), (
        (ids[r.place.code], r.wanted.valid_from, ids.get(r.place.parent or ""), ids.get(r.place.division or ""))
        for r in new
    ))  # fmt: skip
    await repository.copy(conn, fact, ("organisation", "fact", "observed_on", "value", "source"), (
        (ids[r.place.code], name, r.wanted.valid_from, value, REGISTERED) for r in new for name, value in r.facts
    ))  # fmt: skip
    await repository.record_all(conn, caller, "organisation.created", (
        (ids[r.place.code], 1, r.wanted.model_dump_json(exclude_defaults=True)) for r in new
    ))  # fmt: skip


async def _correct(
    conn: AsyncConnection, caller: Caller, changed: Sequence[Correction], ids: Mapping[str, UUID]
) -> None:
    await repository.correct(conn, [
        {
            "which": ids[c.wanted.code],
            "new_name": c.wanted.name,
            "new_sort_key": sort_key(c.wanted.name),
            "new_synthetic": c.wanted.synthetic,
        }
        for c in changed
    ])  # fmt: skip
    await repository.put_facts(conn, [
        _fact_row(ids[c.wanted.code], name, c.wanted.valid_from, value, REGISTERED)
        for c in changed
        for name, value in c.facts
    ])  # fmt: skip
    details = {ids[c.wanted.code]: c.wanted.model_dump_json(exclude_defaults=True) for c in changed}
    await _record(conn, caller, "organisation.corrected", details)


async def _record(conn: AsyncConnection, caller: Caller, action: str, details: Mapping[UUID, str]) -> None:
    versions = await repository.versions(conn, details)
    rows = [(which, versions[which], detail) for which, detail in details.items()]
    await repository.record_all(conn, caller, action, rows)


def _fact_row(which: UUID, name: str, on: date, value: str, source: str) -> dict[str, Any]:
    return {"organisation": which, "fact": name, "observed_on": on, "value": value, "source": source}


async def _load_facts(conn: AsyncConnection, caller: Caller, text: str, mode: Mode) -> FactPlan:
    read = await asyncio.to_thread(reading.facts, text)
    await organisations.lock_tree(conn)
    ids = await repository.all_ids(conn)
    named = {row.organisation: ids[row.organisation] for _, row in read.rows if row.organisation in ids}
    mine = await covered(conn, caller, set(named.values()), *TREE)
    foreign = frozenset(code for code, which in named.items() if which not in mine)
    codes = RegisteredCodes(frozenset(ids) - foreign, foreign, await repository.superseded(conn))
    known = await repository.recorded(conn, {row.fact for _, row in read.rows})
    plan = await asyncio.to_thread(rules.plan_facts, read.rows, codes, known)
    plan.conflicts.extend(read.conflicts)
    if mode == "atomic" and not plan.conflicts:
        await _write_facts(conn, caller, plan, ids)
    return plan


async def _write_facts(conn: AsyncConnection, caller: Caller, plan: FactPlan, ids: Mapping[str, UUID]) -> None:
    await repository.copy(conn, fact, ("organisation", "fact", "observed_on", "value", "source"), (
        (ids[f.organisation], f.fact, f.on, f.value, f.source) for f in plan.new
    ))  # fmt: skip
    await repository.put_facts(
        conn, [_fact_row(ids[f.organisation], f.fact, f.on, f.value, f.source) for f, _ in plan.changed]
    )
    changes: dict[UUID, list[dict[str, Any]]] = {}
    for row, old in [*((f, None) for f in plan.new), *plan.changed]:
        changes.setdefault(ids[row.organisation], []).append(
            {**row.model_dump(mode="json", exclude={"organisation"}), **({"old": old} if old else {})}
        )
    await repository.bump(conn, changes)
    details = {which: json.dumps({"facts": facts}, ensure_ascii=False) for which, facts in changes.items()}
    await _record(conn, caller, "organisation.facts-loaded", details)
    await OUTBOX.publish_query(conn, organisations.entities(changes))
