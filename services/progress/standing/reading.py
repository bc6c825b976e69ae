"""What a figure is at a moment: one number from what the units of an area gave. Pure and exact."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from contracts.plans import Target
from contracts.vocabularies import As, Measure
from services.progress.standing.terms import ZERO, Amounts, Base, Choices, Kind, Moment, Own, Words, additive

_JUDGEMENTS = {"met": Fraction(1), "partly": Fraction(1, 2), "not_met": Fraction(0)}


@dataclass(frozen=True)
class Case:
    """One question: a target at a place on a day, with the moments that belong to its window."""

    target: Target
    plan_starts: date
    on: date
    moments: Sequence[Moment]
    base: Base
    fact_denominator: Decimal | None
    denominator_known: bool
    own_share: bool
    choices: Choices
    stages: Sequence[str]
    words: Words

    @property
    def inherited(self) -> bool:
        """Whether a lower area without a share is held against the holder's own threshold."""
        return not self.own_share and not additive(self.target) and self.choices.inherit_share_thresholds

    @cached_property
    def kind(self) -> Kind:
        """How the figure is read; an own value by what the unit answered."""
        if self.target.measure is not Measure.OWN:
            return "percent" if self.target.as_ is As.PERCENT else "number"
        if self.target.stage is not None:
            return "stage"
        both = ((m.own_confirmed, m.own_reported) for m in self.moments)
        return _kind_of([own for pair in both for own in pair if own is not None], self.target)


@dataclass(frozen=True)
class Reading:
    """The figure at a moment, None when nobody gave a value or a denominator is 0; `base` without the excluded."""

    on: date
    figure: Fraction | None
    units: int
    complying: int
    base: int

    @property
    def missing(self) -> int:
        """Units of the base that gave no value."""
        return max(0, self.base - self.units)


def _kind_of(answers: Sequence[Own], target: Target) -> Kind:
    if any(own.rank is not None for own in answers):
        return "rank"
    yes = any(own.complies is not None for own in answers)
    if target.value is not None and not yes:
        return "percent" if any(own.denominator is not None for own in answers) else "number"
    return "yes" if yes or not answers else "judged"


def readings(case: Case, *, confirmed: bool) -> Iterator[Reading]:
    """The figures of a series from the newest back, at every moment at which it says anything.

    The newest is held against the base and the population of the judged day, earlier ones against those of theirs.
    """
    newest = True
    for moment in reversed(case.moments):
        scope = case.base if newest or moment.base is None else moment.base
        people = case.fact_denominator if newest or moment.fact_denominator is None else moment.fact_denominator
        reading = _read(case, moment, confirmed, scope, people)
        if reading is not None:
            newest = False
            yield reading


def silence(case: Case) -> Reading:
    """What there is to read when a series says nothing."""
    return Reading(case.on, None, 0, 0, 1 if case.target.measure is Measure.OWN else case.base.in_scope)


def _read(case: Case, moment: Moment, confirmed: bool, scope: Base, people: Decimal | None) -> Reading | None:
    """What a series says at a moment, None when it says nothing."""
    if case.target.measure is Measure.OWN:
        own = moment.own_confirmed if confirmed else moment.own_reported
        answer = _own_figure(case, own) if own is not None else None
        return Reading(moment.on, answer, 1, 0, 1) if answer is not None else None
    amounts = moment.confirmed if confirmed else moment.reported
    if not (amounts.units or amounts.excluded):
        return None
    base = scope.in_scope - amounts.excluded
    figure = _figure(case, amounts, base, people) if amounts.units else None
    return Reading(moment.on, figure, amounts.units, amounts.complying, base)


def _figure(case: Case, amounts: Amounts, base: int, people: Decimal | None) -> Fraction | None:
    """One number by the target's measure; silent units stay in the base."""
    target = case.target
    match target.measure:
        case Measure.UNITS if target.as_ is As.PERCENT:
            return Fraction(amounts.complying * 100, base) if base > 0 else None
        case Measure.UNITS:
            return Fraction(amounts.complying)
        case Measure.RATIO if target.denominator:
            return _ratio(target, amounts.value, people or ZERO)
        case Measure.RATIO:
            return _ratio(target, amounts.numerator, amounts.denominator)
        case Measure.MEAN:
            rated = base if case.choices.unrated == "lowest" else amounts.units
            return Fraction(amounts.value) / rated if rated > 0 else None
        case _:
            return Fraction(amounts.value)


def _ratio(target: Target, above: Decimal, below: Decimal) -> Fraction | None:
    if below <= 0:
        return None
    return Fraction(above) / Fraction(below) * (100 if target.as_ is As.PERCENT else 1)


def _own_figure(case: Case, own: Own) -> Fraction | None:
    match case.kind:
        case "stage":
            return position(own.stage, case.stages)
        case "rank":
            return None if own.rank is None else Fraction(own.rank)
        case "judged":
            return _JUDGEMENTS.get(own.judgement or "")
        case "yes":
            return None if own.complies is None else Fraction(own.complies)
        case "percent" if own.numerator is not None and own.denominator is not None:
            return Fraction(own.numerator) * 100 / Fraction(own.denominator) if own.denominator > 0 else None
        case _:
            return None if own.value is None else Fraction(own.value)


def position(stage: str | None, stages: Sequence[str]) -> Fraction | None:
    """The place of a stage in the list, from 1; None when it is not in it."""
    return Fraction(stages.index(stage) + 1) if stage in stages else None


def required(case: Case, base: int) -> Fraction | None:
    """The value asked for in the end; `reached` without one asks for all units, or for a yes."""
    target = case.target
    if case.kind == "stage":
        return position(target.stage, case.stages)
    if case.kind in ("yes", "judged"):
        return Fraction(1)
    if target.value is not None:
        return Fraction(target.value)
    if target.measure is Measure.UNITS:
        return Fraction(100 if target.as_ is As.PERCENT else base)
    return None
