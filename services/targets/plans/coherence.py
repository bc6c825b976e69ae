"""Whether a target means something: its measure fits the indicator, its dates the plan, its threshold the units."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from contracts.imports import Conflict
from contracts.plans import Discrepancy, Indicator, Plan, Scope, Target, UnitThreshold
from contracts.vocabularies import Comparator, Measure, Nature, Value, Window
from services.targets.plans.pack import Pack, Placed
from services.targets.plans.wording import conflict
from services.targets.plans.world import World

_FITS: dict[Measure, frozenset[Value]] = {
    Measure.SUM: frozenset({Value.NUMBER}),
    Measure.MEAN: frozenset({Value.LEVEL}),
    Measure.RATIO: frozenset({Value.RATIO}),
    Measure.UNITS: frozenset(Value) - {Value.RANK},
    Measure.OWN: frozenset(Value),
}
_BY_ITSELF = frozenset({Value.YES_NO, Value.JUDGED})
"""What complies without a threshold."""


class Misfit(NamedTuple):
    """What does not fit, where in the entry, and the words of the sentence."""

    code: str
    path: tuple[str | int, ...]
    words: dict[str, str | int] = {}


def faults(pack: Pack, world: World) -> Iterator[Conflict]:
    """Everything in the pack that contradicts itself, as far as what it names is known."""
    indicators = {**world.indicators, **{e.model.code: e.model for e in pack.parts["indicators"]}}
    scopes = {**world.scopes, **{e.model.code: e.model for e in pack.parts["scopes"]}}
    for entry in pack.parts["targets"]:
        target: Target = entry.model
        indicator, scope = indicators.get(target.indicator), scopes.get(target.scope)
        if indicator is not None:
            yield from _placed(entry, "targets", misfits(target, indicator, scope))
        yield from _placed(entry, "targets", _untimely(target, pack.plan.model if pack.plan else None))
    for entry in pack.parts["indicators"]:
        yield from _placed(entry, "indicators", _repeated(entry.model))
    for entry in pack.parts["discrepancies"]:
        yield from _placed(entry, "discrepancies", _unchosen(entry.model))


def _placed(entry: Placed[Any], part: str, found: Iterator[Misfit]) -> Iterator[Conflict]:
    for misfit in found:
        place = entry.node.at(misfit.path).place(part, *misfit.path)
        yield conflict(misfit.code, place, misfit.words)


def misfits(target: Target, indicator: Indicator, scope: Scope | None) -> Iterator[Misfit]:
    """How a target fails to fit its indicator and scope."""
    from_facts = target.measure is Measure.RATIO and bool(target.denominator)
    fitting = _FITS[target.measure] | ({Value.NUMBER} if from_facts else frozenset())
    if indicator.value not in fitting:
        yield Misfit("measure-value", ("measure",), {"measure": target.measure.value, "value": indicator.value.value})
    if target.denominator and target.measure is not Measure.RATIO:
        yield Misfit("denominator-unfit", ("denominator",))
    if target.measure is Measure.OWN and scope is not None and len(scope.subjects) > 1:
        yield Misfit("one-subject", ("scope",), {"count": len(scope.subjects)})
    yield from _valueless(target)
    yield from _stage(target, indicator)
    yield from _threshold(target, indicator)
    yield from _window(target, indicator)


def _valueless(target: Target) -> Iterator[Misfit]:
    figure = target.measure in (Measure.SUM, Measure.MEAN, Measure.RATIO)
    if figure and target.comparator is Comparator.REACHED:
        yield Misfit("value-needed", ("comparator",))
    if target.value is None:
        for at, step in enumerate(target.steps):
            if step.share is not None:
                yield Misfit("share-of-nothing", ("steps", at, "share"))


def _stage(target: Target, indicator: Indicator) -> Iterator[Misfit]:
    threshold = target.unit_threshold
    wanted = [
        (("stage",), target.stage),
        (("unit_threshold", "stage"), threshold.stage if threshold else None),
    ]
    for path, stage in wanted:
        if stage is None:
            continue
        if indicator.value is not Value.STAGE:
            yield Misfit("stage-unfit", path)
        elif stage not in {choice.code for choice in indicator.stages}:
            yield Misfit("unknown-stage", path, {"indicator": indicator.code, "stage": stage})


def _threshold(target: Target, indicator: Indicator) -> Iterator[Misfit]:
    threshold = target.unit_threshold
    if threshold is not None and target.measure not in (Measure.UNITS, Measure.OWN):
        yield Misfit("threshold-measure", ("unit_threshold",))
    elif threshold is not None:
        yield from _unfit(threshold, indicator)
    elif target.measure is Measure.UNITS and indicator.value not in _BY_ITSELF and target.stage is None:
        yield Misfit("threshold-missing", ("measure",))


def _unfit(threshold: UnitThreshold, indicator: Indicator) -> Iterator[Misfit]:
    number = "tiers" if threshold.tiers else "value"
    if threshold.stage is None and indicator.value in (*_BY_ITSELF, Value.STAGE):
        yield Misfit("threshold-unfit", ("unit_threshold", number), {"what": number})
    bounds = [tier.below for tier in threshold.tiers]
    inner = [bound for bound in bounds[:-1] if bound is not None]
    ascending = len(inner) == len(bounds[:-1]) and inner == sorted(set(inner))
    if bounds and (not ascending or bounds[-1] is not None):
        yield Misfit("tiers-order", ("unit_threshold", "tiers"))


def _window(target: Target, indicator: Indicator) -> Iterator[Misfit]:
    if indicator.nature is Nature.STOCK and target.window is not Window.POINT:
        yield Misfit("window-stock", ("window",))
    if indicator.nature is Nature.FLOW and target.window is Window.POINT:
        yield Misfit("window-flow", ("window",))


def _untimely(target: Target, plan: Plan | None) -> Iterator[Misfit]:
    if plan is not None:
        last = max(plan.ends_on, *plan.horizons, plan.ends_on)
        days = [
            (("due",), target.due),
            *((("steps", at, "due"), step.due) for at, step in enumerate(target.steps)),
        ]
        for path, day in days:
            if not plan.starts_on <= day <= last:
                yield Misfit("outside-plan", path)
    if target.relative_to is not None and target.relative_to >= target.due.year:
        yield Misfit("base-year", ("relative_to",))


def _repeated(indicator: Indicator) -> Iterator[Misfit]:
    for name in ("components", "options", "stages", "levels"):
        seen: set[str] = set()
        for at, choice in enumerate(getattr(indicator, name)):
            if choice.code in seen:
                yield Misfit("duplicate-choice", (name, at, "code"), {"code": choice.code})
            seen.add(choice.code)


def _unchosen(discrepancy: Discrepancy) -> Iterator[Misfit]:
    last = len(discrepancy.readings) - 1
    if discrepancy.chosen > last:
        yield Misfit("chosen-reading", ("chosen",), {"last": last})
