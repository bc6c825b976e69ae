"""How far a target is at a place on a day: a pure function of target, figures, base, settings and date.

Judged on confirmed figures; what is only reported is told beside it and never changes the status. Every
comparison is exact (n × 100 ≥ p × m), only what is shown is rounded. A day is judged as it ends: a step due "by the
end of 2024" is due on 31 December. The first that applies: not judged · achieved · overdue · stale · behind ·
at risk · on track · not due.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from contracts.plans import Target
from contracts.vocabularies import Comparator, Measure, Status
from kernel.errors import Said
from services.progress.standing import missing
from services.progress.standing.course import Course, base_year, chart, counted, span
from services.progress.standing.reading import Case, Reading, readings, required, silence
from services.progress.standing.reason import reason
from services.progress.standing.terms import (
    ABOUT,
    BAND,
    INHERIT,
    STALE,
    STATES,
    UNRATED,
    Amounts,
    Base,
    Choices,
    Judgement,
    Moment,
    Own,
    Words,
    additive,
    rounded,
)
from services.progress.standing.wording import Account, value

__all__ = ["Amounts", "Base", "Choices", "Judgement", "Moment", "Own", "Words", "judge"]

_WORDS = Words()


def judge(
    target: Target,
    *,
    plan_starts: date,
    on: date,
    moments: Sequence[Moment],
    base: Base,
    fact_denominator: Decimal | None,
    denominator_known: bool,
    own_share: bool,
    choices: Choices,
    stages: Sequence[str],
    words: Words = _WORDS,
) -> Judgement:
    """The standing of a target at a place on a day, with the reason in both languages.

    `moments` come in order of their days; those outside the target's window are left out here. `base`,
    `fact_denominator` (already weighted) and `denominator_known` are those of the day. `own_share`: the place holds
    the target, or agreed to a share of it, which `target` then states. Nothing is raised: what is missing is said.
    """
    first, last = counted(target, plan_starts, on)
    seen = [m for m in moments if first <= m.on <= last]
    case = Case(
        target,
        plan_starts,
        on,
        seen,
        base,
        fact_denominator,
        denominator_known,
        own_share,
        choices,
        stages,
        words,
    )
    return _decide(case)


def _decide(case: Case) -> Judgement:
    now = next(readings(case, confirmed=True), silence(case))
    reported = next(readings(case, confirmed=False), None)
    final = required(case, now.base)
    gaps = list(_gaps(case, now, final, reported))
    if gaps or final is None or now.figure is None:
        return _not_judged(case, now, reported, final, gaps)
    return _judged(case, _course(case, final), now, now.figure, reported)


def _course(case: Case, final: Fraction) -> Course:
    return chart(
        case.target,
        final,
        kind=case.kind,
        plan_starts=case.plan_starts,
        on=case.on,
        own_share=case.own_share,
        tolerance=case.choices.about_tolerance,
    )


# --- not judged: what is missing ----------------------------------------------------------------------------


def _gaps(case: Case, now: Reading, final: Fraction | None, reported: Reading | None) -> Iterator[Said]:
    """What keeps the target from being judged; a missing figure is named only when nothing else is missing."""
    if not case.own_share and not case.inherited:
        yield missing.NO_SHARE if additive(case.target) else missing.NOT_INHERITED
        return
    found = [*_target_gaps(case, final), *_base_gaps(case, now)]
    yield from found
    if not found and now.figure is None:
        yield _no_figure(case, now, reported)


def _target_gaps(case: Case, final: Fraction | None) -> Iterator[Said]:
    if final is None:
        yield missing.NO_STAGE if case.kind == "stage" else missing.NO_VALUE
    year = case.target.relative_to
    if year is not None and case.kind not in STATES and (not case.own_share or base_year(case.target) is None):
        yield missing.no_base_year(year)


def _base_gaps(case: Case, now: Reading) -> Iterator[Said]:
    if case.target.measure is Measure.OWN:
        return
    if case.base.uncertain:
        yield missing.uncertain(case.base.uncertain, case.words)
    if case.base.lacking_fact:
        yield missing.lacking_fact(case.base.lacking_fact, case.words)
    if case.target.denominator and not (case.denominator_known and case.fact_denominator):
        yield missing.NO_DENOMINATOR
    if now.base <= 0 and not case.base.uncertain:
        yield missing.ALL_EXCLUDED if case.base.in_scope else missing.NO_UNITS


def _no_figure(case: Case, now: Reading, reported: Reading | None) -> Said:
    if now.units and case.target.measure is Measure.RATIO:
        return missing.ZERO_DENOMINATOR
    if case.kind == "judged":
        return missing.NO_JUDGEMENT
    told = reported.figure if reported else None
    first, _ = span(case.target, case.plan_starts, case.on)
    return missing.no_figure(case.target.window, first, None if told is None else value(case, told))


def _not_judged(
    case: Case, now: Reading, reported: Reading | None, final: Fraction | None, gaps: Sequence[Said]
) -> Judgement:
    base_known = not list(_base_gaps(case, now))
    held = final is not None and (case.own_share or case.inherited) and not list(_target_gaps(case, final))
    units, own = case.target.measure is Measure.UNITS, case.target.measure is Measure.OWN
    return Judgement(
        status=Status.NOT_JUDGED,
        actual=_shown(case, now.figure if base_known else None),
        actual_reported=_shown(case, reported.figure if base_known and reported else None),
        expected=None,
        final=_shown(case, _course(case, final).final if held and final is not None else None),
        met_on=None,
        late=False,
        complying=now.complying if units and now.units else None,
        in_scope=None if own else max(0, now.base),
        missing=None if own else now.missing,
        inherited=case.inherited,
        reason_zh="；".join(gap.zh for gap in gaps),
        reason_en="; ".join(gap.en for gap in gaps),
        assumptions=() if case.own_share or additive(case.target) else (INHERIT,),
    )


def _shown(case: Case, figure: Fraction | None) -> Decimal | None:
    return None if figure is None or case.kind == "judged" else rounded(figure, 4)


# --- judged -------------------------------------------------------------------------------------------------


def _judged(case: Case, course: Course, now: Reading, figure: Fraction, reported: Reading | None) -> Judgement:
    units, own = case.target.measure is Measure.UNITS, case.target.measure is Measure.OWN
    course = replace(course, whole=_whole(case, figure))
    best = _best_before(case, course) if course.keeps else None
    status = _status(case, course, now, figure, best)
    met_on = _met_on(case, course) if status is Status.ACHIEVED else None
    codes = tuple(_assumptions(case, course, status, now))
    said = reason(Account(case, course, status, now, figure, reported, met_on, best, codes))
    expected = course.expected(case.on)
    return Judgement(
        status=status,
        actual=_shown(case, figure),
        actual_reported=_shown(case, reported.figure if reported else None),
        expected=_shown(case, None if expected is None else course.spoken(expected)),
        final=_shown(case, course.spoken(course.final)),
        met_on=met_on,
        late=met_on is not None and met_on > course.end.due,
        complying=now.complying if units else None,
        in_scope=None if own else now.base,
        missing=None if own else now.missing,
        inherited=case.inherited,
        reason_zh=said.zh,
        reason_en=said.en,
        assumptions=codes,
    )


def _whole(case: Case, figure: Fraction) -> bool:
    """Whether things are counted, so that a step of 4.8 means 5 of them."""
    value = case.target.value
    counts = case.kind == "number" and additive(case.target)
    return counts and figure.denominator == 1 and (value is None or value == value.to_integral_value())


def _status(case: Case, course: Course, now: Reading, figure: Fraction, best: Fraction | None) -> Status:
    """The first status that applies, in the order of the definition."""
    due = course.latest_due(case.on)
    if course.settled(case.on) and course.meets(figure, course.end.value):
        return Status.ACHIEVED
    if due is not None and not course.meets(figure, due.value):
        return Status.OVERDUE
    if case.choices.stale_after is not None and case.on - now.on > case.choices.stale_after:
        return Status.STALE
    expected = course.expected(case.on)
    if expected is None:
        return Status.NOT_DUE
    return _kept(course, figure, best) if course.keeps else _on_the_way(case, course, figure, expected)


def _kept(course: Course, figure: Fraction, best: Fraction | None) -> Status:
    """A state to maintain (维持, 巩固): below is behind, lower than it was but still above is at risk."""
    if not course.meets(figure, course.end.value):
        return Status.BEHIND
    return Status.AT_RISK if best is not None and course.better(best, figure) else Status.ON_TRACK


def _on_the_way(case: Case, course: Course, figure: Fraction, expected: Fraction) -> Status:
    if not course.better(expected, figure):
        return Status.ON_TRACK
    within = abs(expected - figure) <= course.band(case.choices.band)
    return Status.AT_RISK if within else Status.BEHIND


def _best_before(case: Case, course: Course) -> Fraction | None:
    """The furthest figure of any moment at which the target was met."""
    figures = [reading.figure for reading in readings(case, confirmed=True) if reading.figure is not None]
    met = [figure for figure in figures if course.meets(figure, course.end.value)]
    if not met:
        return None
    return max(met) if course.upward else min(met)


def _met_on(case: Case, course: Course) -> date | None:
    """The first moment since which the target has been met without a break."""
    since = None
    for reading in readings(case, confirmed=True):
        if reading.figure is None or not course.meets(reading.figure, course.end.value):
            break
        since = reading.on
    return since


def _assumptions(case: Case, course: Course, status: Status, now: Reading) -> Iterator[str]:
    """Codes of the settings that decided the answer."""
    if case.target.comparator is Comparator.ABOUT and case.kind not in STATES:
        yield ABOUT
    if status in (Status.AT_RISK, Status.BEHIND) and course.baseline is not None:
        yield BAND
    if case.target.measure is Measure.MEAN and now.missing:
        yield UNRATED
    if status is Status.STALE:
        yield STALE
    if case.inherited:
        yield INHERIT
