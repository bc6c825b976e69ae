"""What a figure is at a moment: one number from what the units of an area gave. Pure and exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from contracts.plans import Target
from contracts.vocabularies import As, Measure
from services.progress.standing.terms import Amounts, Base, Choices, Kind, Moment, Own, Words, additive

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

    @property
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


def readings(case: Case, *, confirmed: bool) -> list[Reading]:
    """The figures of every moment at which a series says anything, the oldest first.

    The newest is held against the base and the population of the judged day, the others against those of theirs.
    """
    if case.target.measure is Measure.OWN:
        return _own_readings(case, confirmed)
    amounts = [(m, m.confirmed if confirmed else m.reported) for m in case.moments]
    speaking = [(m, a) for m, a in amounts if a.units or a.excluded]
    return [_reading(case, m, a, newest=m is speaking[-1][0]) for m, a in speaking]


def silence(case: Case) -> Reading:
    """What there is to read when a series says nothing."""
    return Reading(case.on, None, 0, 0, 1 if case.target.measure is Measure.OWN else case.base.in_scope)


def _reading(case: Case, moment: Moment, amounts: Amounts, *, newest: bool) -> Reading:
    scope = case.base if newest or moment.base is None else moment.base
    people = case.fact_denominator if newest or moment.fact_denominator is None else moment.fact_denominator
    base = scope.in_scope - amounts.excluded
    figure = _figure(case, amounts, base, people) if amounts.units else None
    return Reading(moment.on, figure, amounts.units, amounts.complying, base)


def _figure(case: Case, amounts: Amounts, base: int, people: Decimal | None) -> Fraction | None:
    """One number by the target's measure; silent units stay in the base."""
    target = case.target
    scale = 100 if target.as_ is As.PERCENT else 1
    match target.measure:
        case Measure.UNITS if target.as_ is As.PERCENT:
            return _quotient(Fraction(amounts.complying) * 100, base)
        case Measure.UNITS:
            return Fraction(amounts.complying)
        case Measure.RATIO if target.denominator:
            return _quotient(Fraction(amounts.value) * scale, people or 0)
        case Measure.RATIO:
            return _quotient(Fraction(amounts.numerator) * scale, amounts.denominator)
        case Measure.MEAN:
            rated = base if case.choices.unrated == "lowest" else amounts.units
            return _quotient(Fraction(amounts.value), rated)
        case _:
            return Fraction(amounts.value)


def _quotient(above: Fraction, below: Decimal | int) -> Fraction | None:
    return above / Fraction(below) if below > 0 else None


def _own_readings(case: Case, confirmed: bool) -> list[Reading]:
    answers = [(m.on, m.own_confirmed if confirmed else m.own_reported) for m in case.moments]
    figures = [(day, _own_figure(case, own)) for day, own in answers if own is not None]
    return [Reading(day, figure, 1, 0, 1) for day, figure in figures if figure is not None]


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
            return _quotient(Fraction(own.numerator) * 100, own.denominator)
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
