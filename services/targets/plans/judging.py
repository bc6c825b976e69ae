"""Judging a pack: all of its faults in one run, or what it would change."""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.imports import Conflict
from services.targets.plans import coherence, references, rules
from services.targets.plans.pack import Pack
from services.targets.plans.rules import Change
from services.targets.plans.world import World


@dataclass(frozen=True)
class Judgement:
    """The faults of a pack; what it changes when it has none."""

    faults: list[Conflict]
    change: Change | None = None


def judge(pack: Pack, world: World, *, publish: bool) -> Judgement:
    """Hold a pack against what it meets."""
    faults = [*pack.faults, *_faults(pack, world, publish)]
    if faults or pack.plan is None:
        return Judgement(faults)
    return Judgement([], rules.change(pack, pack.plan.model, world, publish=publish))


def _faults(pack: Pack, world: World, publish: bool) -> Iterator[Conflict]:
    yield from references.References(pack, world).faults()
    yield from references.misplaced(pack)
    yield from coherence.faults(pack, world)
    if pack.plan is not None:
        yield from rules.taken(pack, pack.plan.model, world)
        yield from rules.forbidden_now(pack, pack.plan.model, world.plan, publish=publish)
