"""A slow, obvious second opinion on how far a target is, written from the definitions and not from the rules.

Expected values are found by walking from day to day, every comparison by cross-multiplication. Only what the
status depends on is computed; nothing here is shared with the rules but the messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

from contracts.plans import Target
from contracts.vocabularies import Comparator
from services.progress.standing.rules import Amounts, Base, Choices, Moment, Own

TOTALS = ("sum", "own")


@dataclass
class Opinion:
    """What the reference holds."""

    status: str
    actual: Fraction | None = None
    reported: Fraction | None = None
    expected: Fraction | None = None
    met_on: date | None = None
    late: bool = False


def opinion(
    target: Target,
    plan_starts: date,
    on: date,
    moments: Sequence[Moment],
    base: Base,
    fact_denominator: Decimal | None,
    denominator_known: bool,
    own_share: bool,
    choices: Choices,
    stages: Sequence[str],
) -> Opinion:
    """The status with what it rests on."""
    days = judged_days(target, plan_starts, on)
    moments = [m for m in moments if m.on <= on and (target.window == "point" or m.on in days)]
    kind = kind_of(target, moments)

    def number(moment: Moment, series: str, newest: bool) -> Fraction | None:
        if target.measure == "own":
            return own_number(kind, getattr(moment, "own_" + series), stages)
        scope = base if newest or moment.base is None else moment.base
        people = fact_denominator if newest or moment.fact_denominator is None else moment.fact_denominator
        return area_number(target, getattr(moment, series), scope.in_scope, people, choices)

    def history(series: str) -> list[tuple[date, Fraction | None]]:
        told = [m for m in moments if says_something(target, m, series, kind, stages)]
        return [(m.on, number(m, series, m is told[-1])) for m in told]

    confirmed, reported = history("confirmed"), history("reported")
    figure = confirmed[-1][1] if confirmed else None
    newest_reported = reported[-1][1] if reported else None

    # not judged
    total = target.measure in TOTALS or (target.measure == "units" and target.as_ == "number")
    if not own_share and (total or not choices.inherit_share_thresholds):
        return Opinion("not_judged")
    if target.measure != "own":
        told = [m for m in moments if m.confirmed.units or m.confirmed.excluded]
        excluded = told[-1].confirmed.excluded if told else 0
        if base.uncertain or base.lacking_fact or base.in_scope - excluded <= 0:
            return Opinion("not_judged")
        if target.denominator and (not denominator_known or not fact_denominator):
            return Opinion("not_judged")
    against = None
    state = kind in ("stage", "yes", "judged")
    if target.relative_to is not None and not state:
        if not own_share or target.baseline is None or target.baseline.on.year != target.relative_to:
            return Opinion("not_judged")
        against = Fraction(target.baseline.value)
    asked = asked_for(target, kind, stages, base, moments)
    if asked is None or figure is None:
        return Opinion("not_judged")

    # what is owed by when
    if state:  # interim numbers, tolerances and bounds mean nothing for a state
        target = target.model_copy(update={"steps": [], "comparator": Comparator.REACHED})
    downward = target.comparator == "at_most" or kind == "rank"
    strict = target.comparator == "more_than"
    steps = owed(target, asked, days, against, choices)
    last_day, last_value = steps[-1]

    def met(number: Fraction | None, value: Fraction) -> bool:
        if number is None:
            return False
        left, right = number.numerator * value.denominator, value.numerator * number.denominator
        if downward:
            left, right = -left, -right
        return left > right if strict else left >= right

    accumulating = target.window != "point" and (
        target.measure == "sum" or (target.measure == "own" and kind == "number")
    )
    ceiling = accumulating and downward
    expected = expected_on(target, kind, on, plan_starts, days, steps, own_share, downward, ceiling)
    found = Opinion("", figure, newest_reported, expected)

    # achieved
    waits = (target.maintain or ceiling) and on < last_day
    if met(figure, last_value) and not waits:
        found.status = "achieved"
        since = None
        for day, number_then in confirmed[::-1]:
            if not met(number_then, last_value):
                break
            since = day
        assert since is not None
        found.met_on, found.late = since, since > last_day
        return found

    # overdue
    due = [value for day, value in (steps[-1:] if ceiling else steps) if day <= on]
    if due and not met(figure, due[-1]):
        found.status = "overdue"
        return found

    # stale
    if choices.stale_after is not None and confirmed[-1][0] + choices.stale_after < on:
        found.status = "stale"
        return found

    if expected is None:
        found.status = "not_due"
        return found
    if target.maintain:
        earlier = [n for _, n in confirmed[:-1] if n is not None and met(n, last_value)]
        dropped = any(n < figure if downward else n > figure for n in earlier)
        found.status = "behind" if not met(figure, last_value) else "at_risk" if dropped else "on_track"
        return found
    short = figure - expected if downward else expected - figure
    if short <= 0:
        found.status = "on_track"
        return found
    start = baseline(target, kind, own_share)
    nominal = last_nominal(target, asked, days, against)
    band = abs(nominal - start) * Fraction(choices.band) / 100 if start is not None else Fraction(0)
    found.status = "at_risk" if short <= band else "behind"
    return found


def judged_days(target: Target, plan_starts: date, on: date) -> frozenset[date]:
    """The days whose flows are added up for that day."""
    return window_of(str(target.window), plan_starts, target.due, min(max(on, plan_starts), target.due))


@cache
def window_of(window: str, plan_starts: date, due: date, day: date) -> frozenset[date]:
    """Every day of the plan, or of the same year or quarter as a day, as far as the target runs."""
    if window in ("point", "plan"):
        return frozenset(plan_starts + timedelta(n) for n in range(6000))
    near = [day + timedelta(n) for n in range(-400, 401)]
    year = [d for d in near if d.year == day.year and plan_starts <= d <= due]
    if window == "year":
        return frozenset(year)
    return frozenset(d for d in year if (d.month - 1) // 3 == (day.month - 1) // 3)


def kind_of(target: Target, moments: Sequence[Moment]) -> str:
    """What sort of answer the one unit gives."""
    if target.measure != "own":
        return "area"
    owns = [o for m in moments for o in (m.own_confirmed, m.own_reported) if o]
    if target.stage:
        return "stage"
    if [o for o in owns if o.rank is not None]:
        return "rank"
    if [o for o in owns if o.complies is not None]:
        return "yes"
    if target.value is None:
        return "judged"
    return "percent" if [o for o in owns if o.denominator is not None] else "number"


def own_number(kind: str, own: Own | None, stages: Sequence[str]) -> Fraction | None:
    """The answer of the one unit as a number."""
    if own is None:
        return None
    if kind == "stage":
        return Fraction({s: i for i, s in enumerate(stages, 1)}[own.stage]) if own.stage in stages else None
    if kind == "rank":
        return Fraction(own.rank) if own.rank is not None else None
    if kind == "yes":
        return {None: None, True: Fraction(1), False: Fraction(0)}[own.complies]
    if kind == "judged":
        known = {None: None, "met": Fraction(1), "partly": Fraction(1, 2), "not_met": Fraction(0)}
        return known[own.judgement]
    if kind == "percent" and own.denominator is not None and own.numerator is not None:
        return Fraction(own.numerator) * 100 / Fraction(own.denominator) if own.denominator else None
    return Fraction(own.value) if own.value is not None else None


def area_number(
    target: Target, amounts: Amounts, in_scope: int, people: Decimal | None, choices: Choices
) -> Fraction | None:
    """The figure of an area."""
    if amounts.units == 0:
        return None
    left = in_scope - amounts.excluded
    hundred = 100 if target.as_ == "percent" else 1
    if target.measure == "sum":
        return Fraction(amounts.value)
    if target.measure == "units" and target.as_ == "number":
        return Fraction(amounts.complying)
    if target.measure == "units":
        above, below = Fraction(amounts.complying) * 100, Fraction(left)
    elif target.measure == "mean":
        above = Fraction(amounts.value)
        below = Fraction(left if choices.unrated == "lowest" else amounts.units)
    elif target.denominator:
        above, below = Fraction(amounts.value) * hundred, Fraction(people or 0)
    else:
        above, below = Fraction(amounts.numerator) * hundred, Fraction(amounts.denominator)
    return above / below if below > 0 else None


def says_something(target: Target, moment: Moment, series: str, kind: str, stages: Sequence[str]) -> bool:
    if target.measure == "own":
        return own_number(kind, getattr(moment, "own_" + series), stages) is not None
    amounts: Amounts = getattr(moment, series)
    return bool(amounts.units or amounts.excluded)


def asked_for(
    target: Target, kind: str, stages: Sequence[str], base: Base, moments: Sequence[Moment]
) -> Fraction | None:
    """The final value in the words of the text."""
    if kind == "stage":
        return own_number("stage", Own(stage=target.stage), stages)
    if kind in ("yes", "judged"):
        return Fraction(1)
    if target.value is not None:
        return Fraction(target.value)
    if target.measure != "units":
        return None
    if target.as_ == "percent":
        return Fraction(100)
    told = [m for m in moments if m.confirmed.units or m.confirmed.excluded]
    return Fraction(base.in_scope - (told[-1].confirmed.excluded if told else 0))


def nominal_steps(target: Target, asked: Fraction, days: frozenset[date]) -> list[tuple[date, Fraction]]:
    """Every step of the window and the end, in the words of the text."""
    yearly = target.window in ("year", "quarter")
    end = max(days) if yearly else target.due
    found = {}
    for step in target.steps:
        if step.due <= end and (not yearly or step.due in days):
            found[step.due] = (
                Fraction(step.value) if step.value is not None else asked * Fraction(step.share or 0) / 100
            )
    if end == target.due or end not in found:
        found[end] = asked
    return sorted(found.items())


def last_nominal(target: Target, asked: Fraction, days: frozenset[date], against: Fraction | None) -> Fraction:
    value = nominal_steps(target, asked, days)[-1][1]
    return value if against is None else against + against * value / 100


def owed(
    target: Target, asked: Fraction, days: frozenset[date], against: Fraction | None, choices: Choices
) -> list[tuple[date, Fraction]]:
    """The edges to be reached, day by day."""
    found = nominal_steps(target, asked, days)
    if against is not None:
        found = [(day, against + against * value / 100) for day, value in found]
    if target.comparator == "about":
        found = [(day, value - value * Fraction(choices.about_tolerance) / 100) for day, value in found]
    return found


def baseline(target: Target, kind: str, own_share: bool) -> Fraction | None:
    """Where the straight line starts, if there is one."""
    sums = target.measure == "sum" or kind == "number"
    ratios = target.measure == "ratio" or kind == "percent"
    if target.window in ("year", "quarter"):
        return Fraction(0) if sums else None
    if own_share and target.baseline is not None and (sums or ratios):
        return Fraction(target.baseline.value)
    return Fraction(0) if sums and target.window == "plan" else None


def expected_on(
    target: Target,
    kind: str,
    on: date,
    plan_starts: date,
    days: frozenset[date],
    steps: Sequence[tuple[date, Fraction]],
    own_share: bool,
    downward: bool,
    ceiling: bool,
) -> Fraction | None:
    """The expected value of the day, by walking there from the start, one day after the other."""
    before_start = min(days) - timedelta(1)
    start = baseline(target, kind, own_share)
    if target.maintain:
        return steps[-1][1] if on > before_start else None
    if start is None:
        due = [value for day, value in (steps[-1:] if ceiling else steps) if day <= on]
        return due[-1] if due else None
    if own_share and target.baseline is not None and target.window in ("point", "plan"):
        before_start = max(before_start, target.baseline.on)
    if on <= before_start:
        return None
    ahead = [s for s in steps if s[0] > before_start]
    value, day = start, before_start
    while day < on and ahead:
        goal_day, goal = ahead[0]
        rise = (goal - value) / (goal_day - day).days
        here = value
        while day < min(on, goal_day):
            here += rise
            day += timedelta(1)
        if day == goal_day:
            value = goal
            ahead = ahead[1:]
            if day == on:
                return goal
        else:
            # a step is never exceeded on the way to it; a ceiling is filled from below
            if ceiling:
                return here
            return max(here, goal) if downward else min(here, goal)
    return steps[-1][1]
