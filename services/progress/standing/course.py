"""What is owed by when: the window of a day, the steps of a target, and the value expected of a day."""

import calendar
import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from contracts.plans import Step, Target
from contracts.vocabularies import Comparator, Measure, Window
from services.progress.standing.terms import STATES, Kind

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Owed:
    """A value to be reached by the end of a day."""

    due: date
    value: Fraction


@dataclass(frozen=True)
class Course:
    """The way to the end of a target. A day is judged as it ends, so a step is due on its day, not after it.

    The path leaves `baseline` at the end of `starts`; without a baseline only the steps themselves are
    expected. `final` is the value in the words of the text, the last step the edge that has to be reached.
    `keeps` marks a state to be maintained, `capped` a total that must not grow beyond a bound: neither is
    settled before the end. `whole` means that things are counted.
    """

    starts: date
    baseline: Fraction | None
    steps: tuple[Owed, ...]
    final: Fraction
    upward: bool = True
    strict: bool = False
    keeps: bool = False
    capped: bool = False
    whole: bool = False

    @property
    def end(self) -> Owed:
        """The last step: the target itself."""
        return self.steps[-1]

    def better(self, one: Fraction, other: Fraction) -> bool:
        """Whether one figure is further than another."""
        return one > other if self.upward else one < other

    def meets(self, figure: Fraction, value: Fraction) -> bool:
        """Whether a figure satisfies a step, compared exactly."""
        return self.better(figure, value) or (figure == value and not self.strict)

    def settled(self, on: date) -> bool:
        """Whether reaching the final value counts as done on that day."""
        return on >= self.end.due or not (self.keeps or self.capped)

    def latest_due(self, on: date) -> Owed | None:
        """The latest step that is due; a capped total is held only against its end."""
        steps = self.steps[-1:] if self.capped else self.steps
        return next((step for step in reversed(steps) if step.due <= on), None)

    def coming(self, on: date) -> Owed | None:
        """The next step after a day."""
        return next((step for step in self.steps if step.due > on), None)

    def spoken(self, value: Fraction) -> Fraction:
        """A value as it is shown: the step "80 % of 8" is 7 of them, since 6 are fewer than 6.4."""
        if not self.whole or self.strict or value not in {self.final, *(step.value for step in self.steps)}:
            return value
        return Fraction(math.ceil(value) if self.upward else math.floor(value))

    def expected(self, on: date) -> Fraction | None:
        """The value of the day: on the line between steps, or of the latest step; None if nothing is owed."""
        if self.keeps:
            return self.end.value if on > self.starts else None
        if self.baseline is None:
            due = self.latest_due(on)
            return due.value if due else None
        return self._line(on, self.baseline) if on > self.starts else None

    def _line(self, on: date, baseline: Fraction) -> Fraction:
        """The straight line to the next step; from a baseline beyond a step no more than the step is asked."""
        before = Owed(self.starts, baseline)
        for step in self.steps:
            if step.due <= self.starts:
                continue
            if on <= step.due:
                way = Fraction((on - before.due).days, (step.due - before.due).days)
                value = before.value + (step.value - before.value) * way
                beyond = self.better(value, step.value) and not self.capped
                return step.value if beyond else value
            before = step
        return self.end.value

    def band(self, percent: Decimal) -> Fraction:
        """How far below the expected value is at risk rather than behind: a share of |final - baseline|."""
        if self.baseline is None:
            return Fraction(0)
        return abs(self.final - self.baseline) * Fraction(percent) / 100


def span(target: Target, plan_starts: date, on: date) -> tuple[date, date]:
    """First and last day of the window that a day is judged in; each year and each quarter stands on its own.

    Days before the plan belong to its first window, days after the target's due date to its last.
    """
    if target.window not in (Window.YEAR, Window.QUARTER):
        return plan_starts, target.due
    day = min(max(on, plan_starts), target.due)
    months = 12 if target.window is Window.YEAR else 3
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    ends = date(day.year, last, calendar.monthrange(day.year, last)[1])
    return max(date(day.year, first, 1), plan_starts), min(ends, target.due)


def counted(target: Target, plan_starts: date, on: date) -> tuple[date, date]:
    """First and last day whose figures say how far the target is `on` a day: of flows, those of the window."""
    first, last = span(target, plan_starts, on)
    if target.window is Window.POINT:
        return date.min, on
    return first, on if target.window is Window.PLAN else min(on, last)


def base_year(target: Target) -> Fraction | None:
    """The value that a change "relative to" a year is counted from, None when it is not known."""
    known = target.baseline
    if known is None or known.on.year != target.relative_to:
        return None
    return Fraction(known.value)


def chart(
    target: Target,
    final: Fraction,
    *,
    kind: Kind,
    plan_starts: date,
    on: date,
    own_share: bool,
    tolerance: Decimal,
) -> Course:
    """The course of a target on a day; `final` as the text states it (a change in percent if relative)."""
    starts, ends = span(target, plan_starts, on)
    own = target.measure is Measure.OWN
    total = target.measure is Measure.SUM or (own and kind == "number")
    ratio = target.measure is Measure.RATIO or (own and kind == "percent")
    downward = kind == "rank" or (target.comparator is Comparator.AT_MOST and kind not in STATES)
    course = Course(
        starts=starts - DAY,
        baseline=None,
        steps=tuple(_steps(target, final, starts, ends) if kind not in STATES else [Owed(ends, final)]),
        final=final,
        upward=not downward,
        strict=target.comparator is Comparator.MORE_THAN and kind not in STATES,
        keeps=target.maintain,
        capped=downward and total and target.window is not Window.POINT,
    )
    if kind in STATES:
        return course
    course = _with_tolerance(_absolute(_final_of_window(course), target), target, tolerance)
    if course.keeps:
        return course
    if target.window in (Window.YEAR, Window.QUARTER):
        return replace(course, baseline=Fraction(0)) if total else course
    return _from_baseline(course, target, total, ratio, own_share)


def _steps(target: Target, final: Fraction, starts: date, ends: date) -> list[Owed]:
    """The steps inside the window, ending with the target itself (plan, task 8: 60 % of 60 % is 36 %).

    A step on the last day of an earlier year is that year's own target; on the due date the target itself counts.
    """
    yearly = target.window in (Window.YEAR, Window.QUARTER)
    steps = [
        Owed(step.due, _nominal(step, final))
        for step in target.steps
        if (step.due <= ends if ends < target.due else step.due < ends) and (step.due >= starts or not yearly)
    ]
    return steps if steps and steps[-1].due == ends else [*steps, Owed(ends, final)]


def _nominal(step: Step, final: Fraction) -> Fraction:
    return Fraction(step.value) if step.value is not None else final * Fraction(step.share or 0) / 100


def _final_of_window(course: Course) -> Course:
    return replace(course, final=course.end.value)


def _absolute(course: Course, target: Target) -> Course:
    """Changes in percent against a base year become values: +10 % of 200 is 220."""
    against = base_year(target) if target.relative_to is not None else None
    if against is None:
        return course

    def reach(change: Fraction) -> Fraction:
        return against * (100 + change) / 100

    return replace(
        course,
        steps=tuple(Owed(step.due, reach(step.value)) for step in course.steps),
        final=reach(course.final),
    )


def _with_tolerance(course: Course, target: Target, tolerance: Decimal) -> Course:
    """左右 is reached from the lower edge of a tolerance on, which the text leaves open."""
    if target.comparator is not Comparator.ABOUT:
        return course
    kept = 1 - Fraction(tolerance) / 100
    return replace(course, steps=tuple(Owed(step.due, step.value * kept) for step in course.steps))


def _from_baseline(course: Course, target: Target, total: bool, ratio: bool, own_share: bool) -> Course:
    """The line starts from the holder's baseline, or from 0 where a total is counted from the plan's start."""
    stated = target.baseline if own_share else None
    if stated is not None and (total or ratio):
        return replace(course, baseline=Fraction(stated.value), starts=max(course.starts, stated.on))
    if total and target.window is Window.PLAN:
        return replace(course, baseline=Fraction(0))
    return course
