"""The steps of a load inside its transaction: look around, ask who may, write, tell."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.base import Ground
from contracts.feed import Entity
from contracts.plans import Indicator, Scope
from contracts.vocabularies import Role
from kernel import audit
from kernel.auth import Caller
from kernel.errors import Forbidden
from services.targets.directory import repository as directory
from services.targets.directory import service as organisations
from services.targets.plans import references, repository, rules
from services.targets.plans.judging import Judgement, judge
from services.targets.plans.pack import Pack
from services.targets.plans.rules import KINDS, LOCAL, Change, Written
from services.targets.plans.world import Known, World
from services.targets.schema import audit_events, outbox


async def judged(conn: AsyncConnection, caller: Caller, pack: Pack, *, publish: bool) -> Judgement:
    """All faults of a pack, or what it changes; raises Forbidden when the caller is no planner of the issuer."""
    world = await _look_around(conn, pack)
    await _authorise(conn, caller, pack, world)
    found = await asyncio.to_thread(judge, pack, world, publish=publish)
    if found.change is None:
        return found
    leaving = [known.code for known in found.change.gone]
    users = await repository.users(conn, found.change.plan.code, leaving)
    used = list(rules.still_used(found.change.gone, users))
    return Judgement(used) if used else found


async def _look_around(conn: AsyncConnection, pack: Pack) -> World:
    plan = pack.plan.model if pack.plan else None
    code = plan.code if plan else ""
    named = {found for _, _, _, found in references.organisations(pack)}
    known = await directory.names(conn, named)
    offered = {part: await repository.offered(conn, code, KINDS[part]) for part in references.SHARED}
    return World(
        plan=await repository.plan_now(conn, code),
        organisations=frozenset(known),
        under_issuer=await organisations.owing_to(conn, plan.issuer, known) if plan else frozenset(known),
        names=await directory.suggestible(conn) if len(known) < len(named) else {},
        known=await repository.known(conn, code, (each for part in pack.codes.values() for each in part)),
        codes={part: frozenset(bodies) for part, bodies in offered.items()},
        indicators={key: Indicator.model_validate(body) for key, body in offered["indicators"].items()},
        scopes={key: Scope.model_validate(body) for key, body in offered["scopes"].items()},
    )


async def _authorise(conn: AsyncConnection, caller: Caller, pack: Pack, world: World) -> None:
    issuers = {world.plan.issuer} if world.plan else set()
    if pack.plan and pack.plan.model.issuer in world.organisations:
        issuers.add(pack.plan.model.issuer)
    if issuers - await organisations.covered(conn, caller, Role.PLANNER, issuers):
        raise Forbidden()


async def put_in_force(conn: AsyncConnection, caller: Caller, change: Change, ground: Ground | None) -> None:
    """Write what a load changes: entries, versions, the plan, one audit record, the feed; nothing if nothing does."""
    if change.nothing:
        return
    plan = change.plan
    await repository.remove(conn, plan.code, change.gone)
    for kind in repository.TABLES:
        written = [one for one in change.written if one.entry.kind == kind]
        await repository.put_entries(conn, plan.code, kind, written)
    await repository.put_plan(conn, change)
    await repository.keep_versions(conn, _versions(change, ground or plan.ground))
    why = {"reason": ground.title if ground else None, "detail": _detail(change)}
    await _record(conn, caller, "plan.load", plan.code, change.version, plan.issuer, **why)
    await outbox.publish(conn, _told(change))


async def publish(conn: AsyncConnection, caller: Caller, code: str) -> None:
    """Put a draft in force: the plan and its targets, one audit record, the feed."""
    plan = await repository.publish(conn, code)
    targets = (await conn.execute(repository.entries(repository.TABLES["target"], code))).all()
    await _record(conn, caller, "plan.publish", code, plan.version, plan.issuer)
    told = [Entity(kind="plan", key=code, version=plan.version, body=plan.body)]
    told += [Entity(kind="target", key=row.code, version=row.version, body=row.body) for row in targets]
    await outbox.publish(conn, told)


async def _record(
    conn: AsyncConnection, caller: Caller, action: str, plan: str, version: int, issuer: str, **more: Any
) -> None:
    await audit.record(
        conn,
        audit_events,
        caller=caller,
        action=action,
        entity="plan",
        entity_id=plan,
        entity_version=version,
        organisation=(await directory.ids(conn, [issuer])).get(issuer),
        **more,
    )


def _versions(change: Change, ground: Ground) -> list[dict[str, Any]]:
    plan, said = change.plan.code, ground.model_dump(mode="json")
    rows = [
        _version(one.entry.kind, one.entry.code, one.version, one.entry.digest, repository.body_of(one))
        for one in change.fresh
    ]
    rows += [_version(one.kind, one.code, one.version + 1, one.digest, None) for one in change.gone]
    rows.append(_version("plan", plan, change.version, change.digest, change.body))
    return [{**row, "plan": plan, "plan_version": change.version, "ground": said} for row in rows]


def _version(kind: str, code: str, version: int, digest: str, body: dict[str, Any] | None) -> dict[str, Any]:
    return {"kind": kind, "code": code, "version": version, "digest": digest, "body": body}


def _detail(change: Change) -> dict[str, Any]:
    return {
        "status": change.status.value,
        "counts": change.counts.model_dump(),
        "versions": [f"{one.entry.kind} {one.entry.code} {one.version}" for one in change.fresh],
        "retired": [f"{one.kind} {one.code}" for one in change.gone],
    }


def _told(change: Change) -> list[Entity]:
    """The plan, then what it holds, each after what it refers to; last what is gone, in the opposite order."""
    plan = Entity(kind="plan", key=change.plan.code, version=change.version, body=change.body)
    return [plan, *entities(change.fresh), *_tombstones(change.gone)]


def entities(written: Iterable[Written]) -> list[Entity]:
    """What the other services are told of entries."""
    return [
        Entity(kind=one.entry.kind, key=one.entry.code, version=one.version, body=repository.body_of(one))
        for one in written
        if one.entry.kind not in LOCAL
    ]


def _tombstones(gone: Sequence[Known]) -> list[Entity]:
    order = list(KINDS.values())
    leaving = sorted((one for one in gone if one.kind not in LOCAL), key=lambda one: -order.index(one.kind))
    return [Entity(kind=one.kind, key=one.code, version=one.version + 1, body=None) for one in leaving]
