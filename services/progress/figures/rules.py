"""What a unit contributes to the figures of every area it belongs to: a pure function of its versions,
its memberships, its facts and its life. A change is written as new contribution minus old.

For a stock the contribution at a period is the step from the period before, so that an area's stock at a day is
the sum of all steps up to it, and a value carries forward until the next report. A unit that moves, opens, closes
or changes class makes a step on that day. For a flow each period stands alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from contracts.plans import Indicator
from contracts.reports import Answer
from contracts.vocabularies import Nature, Series, Value
from services.progress.directory.catalogue import Tally
from services.progress.directory.rules import FOREVER, Above, Span, number
from services.progress.standing.compliance import complies

ZERO = Decimal(0)


@dataclass(frozen=True)
class Amounts:
    """What is added up. `excluded` are units approved as not applicable, which leave the base.

    `reports` counts what was given for the very period, so that a stock confirmed unchanged is seen to be fresh.
    """

    value: Decimal = ZERO
    numerator: Decimal = ZERO
    denominator: Decimal = ZERO
    units: int = 0
    complying: int = 0
    excluded: int = 0
    reports: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))


NOTHING = Amounts()


class Place(NamedTuple):
    """Which sum: a scope and counting rule in an area."""

    area: UUID
    scope: str
    rule: str


class Cell(NamedTuple):
    """Which sum in which series and period (by its last day)."""

    series: Series
    place: Place
    ends_on: date


@dataclass(frozen=True)
class Judged:
    """An answer with the reviewer's judgement, if the indicator is judged."""

    answer: Answer
    judgement: str | None = None


@dataclass(frozen=True)
class Reported:
    """What one submission says: the version that counts as reported, and the one that is confirmed."""

    ends_on: date
    reported: Judged | None
    confirmed: Judged | None


@dataclass(frozen=True)
class Surroundings:
    """Where the unit stood, what counted it, and its facts, all dated."""

    areas: Sequence[Above]
    scopes: Mapping[str, Sequence[Span]]
    facts: Mapping[str, Sequence[tuple[date, str]]]

    def turning_days(self) -> set[date]:
        """Days on which a carried value may count differently."""
        spans = [*self.areas, *(span for held in self.scopes.values() for span in held)]
        days = {day for span in spans for day in (span.start, span.end)}
        days |= {on for known in self.facts.values() for on, _ in known}
        return days - {FOREVER}

    def fact(self, name: str | None, on: date) -> Decimal | None:
        """A fact as a number on a day."""
        known = [value for since, value in self.facts.get(name or "", ()) if since <= on]
        return number(known[-1]) if known else None


Level = dict[Place, Amounts]


def contributions(
    reports: Sequence[Reported],
    indicator: Indicator,
    tallies: Sequence[Tally],
    around: Surroundings,
    period_end: Callable[[date], date],
) -> dict[Cell, Amounts]:
    """Everything the unit adds to anything; `period_end` gives the last day of the period a day lies in."""
    found: dict[Cell, Amounts] = {}
    for series in Series:
        answers = {r.ends_on: j for r in reports if (j := _of(series, r)) is not None}
        if not answers:
            continue
        points = sorted(answers)
        if indicator.nature is Nature.STOCK:
            points = _with_turning_points(points, around, period_end)
        found.update(_steps(series, points, answers, indicator, tallies, around))
    return found


def _of(series: Series, report: Reported) -> Judged | None:
    return report.reported if series is Series.REPORTED else report.confirmed


def _with_turning_points(
    points: Sequence[date], around: Surroundings, period_end: Callable[[date], date]
) -> list[date]:
    later = {period_end(day) for day in around.turning_days() if day > points[0]}
    return sorted({*points, *later})


def _steps(
    series: Series,
    points: Sequence[date],
    answers: Mapping[date, Judged],
    indicator: Indicator,
    tallies: Sequence[Tally],
    around: Surroundings,
) -> Iterable[tuple[Cell, Amounts]]:
    carried: Judged | None = None
    before: Level = {}
    for on in points:
        carried = answers.get(on, carried)
        assert carried is not None  # the first point is always an answer
        now = level(carried, indicator, tallies, around, on)
        given = Amounts(reports=1) if on in answers else NOTHING
        for place in {**before, **now}:
            step = now.get(place, NOTHING) - before.get(place, NOTHING)
            step = step + given if place in now else step
            if step:
                yield Cell(series, place, on), step
        before = now if indicator.nature is Nature.STOCK else {}


def level(said: Judged, indicator: Indicator, tallies: Sequence[Tally], around: Surroundings, on: date) -> Level:
    """What an answer amounts to on a day, for every area and scope the unit counts in on that day."""
    areas = {above.organisation for above in around.areas if above.holds(on)}
    found: Level = {}
    for tally in tallies:
        if not any(span.holds(on) for span in around.scopes.get(tally.scope, ())):
            continue
        amount = amounts(said, indicator, tally, around, on)
        found.update({Place(area, tally.scope, tally.rule): amount for area in areas})
    return found


def amounts(said: Judged, indicator: Indicator, tally: Tally, around: Surroundings, on: date) -> Amounts:
    """What one unit's answer adds to one sum."""
    answer = said.answer
    if answer.not_applicable:
        return Amounts(excluded=1)
    fact = around.fact(deciding_fact(indicator, tally), on)
    met = complies(indicator, answer, threshold=tally.threshold, stage=tally.stage, fact=fact, judgement=said.judgement)
    return Amounts(
        value=_value(indicator, said),
        numerator=answer.numerator or ZERO,
        denominator=answer.denominator or ZERO,
        units=1,
        complying=int(met is True),
    )


def deciding_fact(indicator: Indicator, tally: Tally) -> str | None:
    """The fact on which a unit's compliance depends: that of the tiers, or of a condition of a choice."""
    if tally.threshold is not None and tally.threshold.fact is not None:
        return tally.threshold.fact
    choices = [*indicator.components, *indicator.options]
    return next((choice.condition.fact for choice in choices if choice.condition is not None), None)


# what nobody has judged yet is nothing, and so not to be confused with "not met"
_JUDGEMENTS = {"not_met": Decimal(1), "partly": Decimal(2), "met": Decimal(3)}


def _value(indicator: Indicator, said: Judged) -> Decimal:
    answer = said.answer
    match indicator.value:
        case Value.NUMBER:
            return answer.value or ZERO
        case Value.LEVEL:
            return answer.level or ZERO
        case Value.RANK:
            return Decimal(answer.rank or 0)
        case Value.STAGE:
            order = [stage.code for stage in indicator.stages]
            return Decimal(order.index(answer.stage) + 1 if answer.stage in order else 0)
        case Value.JUDGED:
            return _JUDGEMENTS.get(said.judgement or "", ZERO)
        case _:
            return ZERO


def difference(wanted: Mapping[Cell, Amounts], recorded: Mapping[Cell, Amounts]) -> dict[Cell, Amounts]:
    """New minus old, without what is equal."""
    steps = {cell: wanted.get(cell, NOTHING) - recorded.get(cell, NOTHING) for cell in {**recorded, **wanted}}
    return {cell: step for cell, step in steps.items() if step}
