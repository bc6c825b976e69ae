"""What a load changes, and what a plan's state allows: decisions without a database."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.base import Model
from contracts.imports import Conflict, ImportCounts
from contracts.plans import Plan, Target
from contracts.vocabularies import PlanStatus
from services.targets.plans.pack import Pack
from services.targets.plans.references import SHARED
from services.targets.plans.wording import Place, conflict
from services.targets.plans.world import Known, PlanNow, World

KINDS: dict[str, str] = {
    "documents": "document",
    "groups": "group",
    "subjects": "subject",
    "scopes": "scope",
    "indicators": "indicator",
    "items": "item",
    "targets": "target",
    "discrepancies": "discrepancy",
    "statements": "statement",
}
"""The parts of a pack and the kinds of their entries, each kind after those it refers to."""

LOCAL = frozenset({"document", "discrepancy", "statement"})
"""Kinds whose codes are the plan's own and which the other services need not know."""


@dataclass(frozen=True)
class Entry:
    """An entry of a pack, ready to be kept; the digest says whether its content is what it was."""

    kind: str
    code: str
    position: int
    digest: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Written:
    """An entry with the version it gets; `fresh` when that version is a new one."""

    entry: Entry
    version: int
    fresh: bool


@dataclass(frozen=True)
class Change:
    """What a load makes of a plan: its new state, entries in their places and versions, entries left out, counts.

    `held` counts what the plan holds afterwards, by kind; `nothing` says that everything is there already.
    """

    plan: Plan
    status: PlanStatus
    version: int
    digest: str
    held: Mapping[str, int]
    written: Sequence[Written]
    gone: Sequence[Known]
    counts: ImportCounts
    nothing: bool

    @property
    def fresh(self) -> list[Written]:
        """What gets a new version."""
        return [written for written in self.written if written.fresh]

    @property
    def body(self) -> dict[str, Any]:
        """The plan as it is kept and told."""
        return {**self.plan.model_dump(mode="json", by_alias=True), "status": self.status.value}


def digest_of(model: Model) -> str:
    """What the content of a model comes to; fields at their defaults do not count, so that new ones change nothing."""
    content = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def entries(pack: Pack, plan: Plan, status: PlanStatus) -> list[Entry]:
    """The entries of a pack in the order in which they can be told to others."""
    return [
        Entry(kind, e.model.code, at, digest_of(e.model), _body(kind, e.model, plan, status))
        for part, kind in KINDS.items()
        for at, e in enumerate(pack.parts[part])
    ]


def _body(kind: str, model: Model, plan: Plan, status: PlanStatus) -> dict[str, Any]:
    body = model.model_dump(mode="json", by_alias=True)
    if kind in ("item", "target"):
        body["plan"] = plan.code
    if isinstance(model, Target):
        body["holder"] = model.holder or plan.issuer
        body["published"] = status is PlanStatus.PUBLISHED
    return body


def change(pack: Pack, plan: Plan, world: World, *, publish: bool) -> Change:
    """What changes when the pack takes the place of what the plan holds now.

    Entries that another plan defines in the same words are left to it. A target gets a new version when its plan
    is published, because it is binding from then on; only content counts as changed.
    """
    now, status = world.plan, status_after(world.plan, publish=publish)
    publishing = status is PlanStatus.PUBLISHED and (now is None or now.status is not status)
    found = entries(pack, plan, status)
    own = [entry for entry in found if not _elsewhere(entry, plan.code, world)]
    ours = {(entry.kind, entry.code) for entry in own}
    gone = [k for key, k in world.known.items() if k.living and k.plan == plan.code and key not in ours]
    states = [_state(entry, world) for entry in own]
    digest = _digest_of_all(plan, found)
    return Change(
        plan=plan,
        status=status,
        version=now.version + 1 if now else 1,
        digest=digest,
        held=_held(found),
        written=[_written(entry, world, publishing) for entry in own],
        gone=gone,
        counts=ImportCounts(
            new=states.count("new"),
            changed=states.count("changed"),
            same=states.count("same") + len(found) - len(own),
            retired=len(gone),
        ),
        nothing=now is not None and (now.digest, now.status) == (digest, status),
    )


def _digest_of_all(plan: Plan, found: Iterable[Entry]) -> str:
    """What a whole pack comes to, the order of its entries included."""
    whole = [digest_of(plan), *(f"{e.kind} {e.code} {e.digest}" for e in found)]
    return hashlib.sha256("\n".join(whole).encode()).hexdigest()


def _held(found: Iterable[Entry]) -> dict[str, int]:
    """How many entries of each kind a plan holds; items by their type."""
    counts: dict[str, int] = {}
    for entry in found:
        name = str(entry.body["type"]) if entry.kind == "item" else entry.kind
        counts[name] = counts.get(name, 0) + 1
    return counts


def _elsewhere(entry: Entry, plan: str, world: World) -> bool:
    known = world.known.get((entry.kind, entry.code))
    return known is not None and known.plan != plan and entry.kind not in LOCAL


def _state(entry: Entry, world: World) -> str:
    known = world.known.get((entry.kind, entry.code))
    if known is None or not known.living:
        return "new"
    return "same" if known.digest == entry.digest else "changed"


def _written(entry: Entry, world: World, publishing: bool) -> Written:
    known = world.known.get((entry.kind, entry.code))
    version = known.version if known else 0
    fresh = _state(entry, world) != "same" or (publishing and entry.kind == "target")
    return Written(entry, version + 1 if fresh else version, fresh)


def taken(pack: Pack, plan: Plan, world: World) -> Iterator[Conflict]:
    """Codes that belong to another plan; what a published plan shares may be repeated word for word."""
    for part, kind in KINDS.items():
        for entry in pack.parts[part] if kind not in LOCAL else ():
            known = world.known.get((kind, entry.model.code))
            if known is None or known.plan == plan.code:
                continue
            offered = part in SHARED and known.code in world.codes.get(part, ())
            repeated = offered and known.digest == digest_of(entry.model)
            if not repeated:
                place = entry.node.at(("code",)).place(part, "code")
                yield conflict("code-taken", place, {"code": known.code})


def forbidden_now(pack: Pack, plan: Plan, now: PlanNow | None, *, publish: bool) -> Iterator[Conflict]:
    """What the plan's present state does not allow."""
    if now is None or pack.plan is None:
        return
    if now.issuer != plan.issuer:
        yield conflict("issuer-changed", pack.plan.node.at(("issuer",)).place("plan", "issuer"))
    if now.status is PlanStatus.PUBLISHED and not publish:
        yield conflict("plan-published", pack.plan.node.place("plan"))


def still_used(gone: Iterable[Known], users: Mapping[tuple[str, str], str]) -> Iterator[Conflict]:
    """What cannot be left out because targets of another plan stand on it."""
    for known in gone:
        if (known.kind, known.code) in users:
            words = {"code": known.code, "plan": users[known.kind, known.code]}
            yield conflict("still-used", Place(column=known.kind), words)


def status_after(now: PlanNow | None, *, publish: bool) -> PlanStatus:
    """The status of a plan after a load."""
    if publish:
        return PlanStatus.PUBLISHED
    return now.status if now else PlanStatus.DRAFT
