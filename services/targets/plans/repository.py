"""Every statement on plans and on what a load writes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.imports import ImportJob
from contracts.vocabularies import PlanStatus
from services.targets.indicators.models import indicator, scope
from services.targets.plans.models import (
    discrepancy,
    document,
    import_job,
    item,
    plan,
    statement,
    subject,
    unit_group,
)
from services.targets.plans.rules import LOCAL, Change, Written
from services.targets.plans.world import Known, PlanNow
from services.targets.schema import among, entry_version
from services.targets.targets.models import target

TABLES: dict[str, Table] = {
    "document": document,
    "group": unit_group,
    "subject": subject,
    "scope": scope,
    "indicator": indicator,
    "item": item,
    "target": target,
    "discrepancy": discrepancy,
    "statement": statement,
}
"""Where the living entries of each kind are."""

JOBS_KEPT = timedelta(days=90)
"""How long one can ask what came of a load."""

_USERS = text("""
    SELECT 'indicator' AS kind, indicator AS code, plan FROM targets.target
    WHERE plan <> :plan AND indicator = ANY(:codes)
    UNION SELECT 'scope', scope, plan FROM targets.target WHERE plan <> :plan AND scope = ANY(:codes)
    UNION SELECT 'subject', s.code, plan FROM targets.scope, jsonb_array_elements_text(body -> 'subjects') AS s(code)
    WHERE plan <> :plan AND s.code = ANY(:codes)
    UNION SELECT 'group', d.duty ->> 'group', plan FROM targets.item, jsonb_array_elements(body -> 'responsible') AS d(duty)
    WHERE plan <> :plan AND d.duty ->> 'group' = ANY(:codes)
""")

_PUBLISHED = text("""
    INSERT INTO targets.entry_version (kind, code, plan, version, plan_version, digest, body, ground)
    SELECT 'plan', p.code, p.code, p.version, p.version, p.digest, p.body, v.ground
    FROM targets.plan p JOIN targets.entry_version v
    ON v.kind = 'plan' AND v.code = p.code AND v.plan = p.code AND v.version = p.version - 1
    WHERE p.code = :plan
    UNION ALL
    SELECT 'target', t.code, t.plan, t.version, p.version, v.digest, t.body, v.ground
    FROM targets.target t JOIN targets.plan p ON p.code = t.plan JOIN targets.entry_version v
    ON v.kind = 'target' AND v.code = t.code AND v.plan = t.plan AND v.version = t.version - 1
    WHERE t.plan = :plan
""")


async def one_load_at_a_time(conn: AsyncConnection) -> None:
    """Wait for other loads to end: they compare with what is there, and so must not overlap."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('targets.load'))"))


async def plan_now(conn: AsyncConnection, code: str) -> PlanNow | None:
    """A plan as it stands."""
    row = (await conn.execute(select(plan).where(plan.c.code == code))).first()
    return PlanNow(row.issuer, PlanStatus(row.status), row.version, row.digest) if row else None


async def known(conn: AsyncConnection, code: str, codes: Iterable[str]) -> dict[tuple[str, str], Known]:
    """The latest versions of what the plan ever held, and of what bears one of the codes in any plan."""
    version = entry_version.c
    wanted = or_(version.plan == code, among(version.code, codes) & version.kind.not_in(LOCAL))
    rows = await conn.execute(
        select(
            version.kind,
            version.code,
            version.plan,
            version.version,
            version.digest,
            version.body.is_not(None),
        )
        .where(wanted, version.kind.in_(TABLES))
        .ext(distinct_on(version.kind, version.code))
        .order_by(version.kind, version.code, version.version.desc())
    )
    return {(row.kind, row.code): Known(*row) for row in rows}


async def offered(conn: AsyncConnection, code: str, kind: str) -> dict[str, Any]:
    """The bodies by code of one kind in the published plans other than this one."""
    table = TABLES[kind]
    rows = await conn.execute(
        select(table.c.code, table.c.body)
        .join(plan, plan.c.code == table.c.plan)
        .where(table.c.plan != code, plan.c.status == PlanStatus.PUBLISHED.value)
    )
    return {row.code: row.body for row in rows}


async def users(conn: AsyncConnection, code: str, codes: Sequence[str]) -> Mapping[tuple[str, str], str]:
    """The plans other than this one that stand on entries with these codes, by kind and code."""
    rows = await conn.execute(_USERS, {"plan": code, "codes": list(codes)}) if codes else ()
    return {(row.kind, row.code): row.plan for row in rows}


async def publish(conn: AsyncConnection, code: str) -> Row[Any]:
    """Put a plan in force: it gets a new version, as does each of its targets; the plan as it stands then."""
    status = {"status": PlanStatus.PUBLISHED.value}
    changed = update(plan).where(plan.c.code == code)
    found = await conn.execute(
        changed.values(version=plan.c.version + 1, body=plan.c.body.concat(status), **status).returning(plan)
    )
    version = target.c.version + 1
    news = func.jsonb_build_object("published", True, "version", version)
    await conn.execute(
        update(target).where(target.c.plan == code).values(version=version, body=target.c.body.concat(news))
    )
    await conn.execute(_PUBLISHED, {"plan": code})
    row: Row[Any] = found.one()
    return row


async def put_plan(conn: AsyncConnection, change: Change) -> None:
    """Keep a plan as a load leaves it."""
    row = {
        "code": change.plan.code,
        "status": change.status.value,
        "version": change.version,
        "digest": change.digest,
        "counts": dict(change.held),
        "body": change.body,
    }
    upsert = insert(plan).values(row)
    changed = {name: upsert.excluded[name] for name in row if name != "code"}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["code"], set_=changed))


async def put_entries(conn: AsyncConnection, code: str, kind: str, written: Sequence[Written]) -> None:
    """Keep the entries of one kind, each in its place."""
    if not written:
        return
    table = TABLES[kind]
    keys = [column.name for column in table.primary_key.columns]
    upsert = insert(table)
    changed = {name: upsert.excluded[name] for name in ("plan", "position", "version", "body") if name not in keys}
    rows = [
        {
            "code": one.entry.code,
            "plan": code,
            "position": one.entry.position,
            "version": one.version,
            "body": body_of(one),
        }
        for one in written
    ]
    await conn.execute(upsert.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def body_of(written: Written) -> dict[str, Any]:
    """The body as it is kept and told: a target says its version."""
    versioned = written.entry.kind == "target"
    return {**written.entry.body, **({"version": written.version} if versioned else {})}


async def remove(conn: AsyncConnection, code: str, gone: Sequence[Known]) -> None:
    """Take entries out of the living ones; their versions stay."""
    for kind, table in TABLES.items():
        codes = [one.code for one in gone if one.kind == kind]
        if codes:
            await conn.execute(delete(table).where(table.c.plan == code, among(table.c.code, codes)))


async def keep_versions(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to the history of entries."""
    if rows:
        await conn.execute(insert(entry_version), list(rows))


async def keep_job(conn: AsyncConnection, job: ImportJob, owner: UUID) -> None:
    """Keep what came of a load."""
    row = job.model_dump(mode="json", exclude={"id", "created_at"})
    row |= {"id": job.id, "created_at": job.created_at, "created_by": owner}
    await conn.execute(insert(import_job).values(row))


async def forget_old_jobs(conn: AsyncConnection) -> None:
    """Remove what came of loads long ago; versions and audit records tell what they did."""
    await conn.execute(delete(import_job).where(import_job.c.created_at < func.now() - JOBS_KEPT))


async def job(conn: AsyncConnection, id_: UUID, owner: UUID) -> Row[Any] | None:
    """What came of a load, for whoever asked for it."""
    query = select(import_job).where(import_job.c.id == id_, import_job.c.created_by == owner)
    return (await conn.execute(query)).first()


def plans(drafts_of: Iterable[str]) -> Select[Any]:
    """The plans to be seen: the published ones, and drafts of these issuers."""
    return select(plan).where(visible(drafts_of)).order_by(plan.c.code)


def visible(drafts_of: Iterable[str]) -> ColumnElement[bool]:
    """Whether a plan is published or a draft of one of these issuers."""
    return or_(plan.c.status != PlanStatus.DRAFT.value, among(plan.c.issuer, drafts_of))


async def draft_issuers(conn: AsyncConnection) -> list[str]:
    """Who has drafts."""
    drafts = plan.c.status == PlanStatus.DRAFT.value
    return list((await conn.execute(select(plan.c.issuer).where(drafts).distinct())).scalars())


async def one(conn: AsyncConnection, code: str, drafts_of: Iterable[str]) -> Row[Any] | None:
    """A plan, if it is to be seen."""
    row: Row[Any] | None = (await conn.execute(plans(drafts_of).where(plan.c.code == code))).first()
    return row


def items(code: str, types: Sequence[str]) -> Select[Any]:
    """The items of a plan in its order, of some types if any is given."""
    query = entries(item, code)
    return query.where(among(item.c.type, types)) if types else query


def entries(table: Table, code: str) -> Select[Any]:
    """What a plan holds of one kind, in the order of its pack."""
    return select(table).where(table.c.plan == code).order_by(table.c.position, table.c.code)


async def targets_by_item(conn: AsyncConnection, code: str) -> dict[str, list[str]]:
    """The targets of a plan by item, in the order of the pack."""
    rows = await conn.execute(
        select(target.c.code, target.c.body["items"].label("items"))
        .where(target.c.plan == code)
        .order_by(target.c.position)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        for one_item in row.items:
            found.setdefault(one_item, []).append(row.code)
    return found


async def group_names(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, str]:
    """The names of groups of units."""
    name = unit_group.c.body["name"].astext.label("name")
    rows = await conn.execute(select(unit_group.c.code, name).where(among(unit_group.c.code, codes)))
    return {row.code: row.name for row in rows}
