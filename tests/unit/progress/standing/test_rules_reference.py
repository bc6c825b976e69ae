"""The standing against a slow second opinion: every comparator, measure, gap and boundary day, and random cases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.plans import Target
from contracts.vocabularies import Status
from services.progress.standing.rules import Amounts, Base, Choices, Judgement, Moment, Own, judge
from tests.unit.progress.standing.cases import CHOICES, END, PLAN_STARTS, STAGES, ask, step, target
from tests.unit.progress.standing.reference import Opinion, opinion

COMPARATORS = ["at_least", "more_than", "at_most", "about", "between", "reached"]
STEPS = [step("2023-12-31", share=60), step("2024-12-31", share=80)]
BOUNDARIES = [date(2023, 1, 1), date(2023, 12, 31), date(2024, 12, 31), END]
DAYS = sorted({day + timedelta(n) for day in BOUNDARIES for n in (-1, 0, 1)} | {date(2023, 7, 2), date(2024, 2, 29)})
BASELINE = {"value": 10, "on": date(2022, 12, 31), "source": "统计公报"}

MEASURES: dict[str, dict[str, Any]] = {
    "sum of a stock": {"measure": "sum"},
    "sum of a stock from a baseline": {"measure": "sum", "baseline": BASELINE},
    "sum over the plan": {"measure": "sum", "window": "plan"},
    "sum over the year": {"measure": "sum", "window": "year"},
    "sum over the quarter": {"measure": "sum", "window": "quarter"},
    "sum relative to a year": {
        "measure": "sum",
        "window": "year",
        "relative_to": 2022,
        "baseline": {**BASELINE, "value": 50},
    },
    "number of units": {"measure": "units"},
    "percentage of units": {"measure": "units", "as": "percent"},
    "percentage of units, maintained": {"measure": "units", "as": "percent", "maintain": True},
    "ratio": {"measure": "ratio", "as": "percent"},
    "ratio from a baseline": {"measure": "ratio", "as": "percent", "baseline": BASELINE},
    "ratio to people": {"measure": "ratio", "denominator": [{"fact": "resident_population", "per": 1000}]},
    "mean": {"measure": "mean"},
    "own number": {"measure": "own"},
    "own rank": {"measure": "own"},
    "own yes": {"measure": "own", "comparator": "reached"},
    "own judgement": {"measure": "own", "comparator": "reached"},
    "own stage": {"measure": "own", "comparator": "reached", "stage": "complete"},
}


def told(name: str, figure: int) -> dict[str, Any]:
    """The same figure, 0 to 100, in the words of each measure."""
    match name:
        case "own number":
            one = Own(value=Decimal(figure))
        case "own rank":
            one = Own(rank=figure + 1)
        case "own yes":
            one = Own(complies=figure >= 60)
        case "own judgement":
            one = Own(judgement="met" if figure >= 60 else "partly" if figure >= 30 else "not_met")
        case "own stage":
            one = Own(stage=STAGES[min(4, figure // 15)])
        case _:
            value = Decimal(figure * 97 if name == "mean" else figure)
            both = Amounts(value, Decimal(figure), Decimal(100), 90, figure, 3)
            return {"confirmed": both, "reported": both}
    return {"own_confirmed": one, "own_reported": one}


def quarter_ends(until: date) -> list[date]:
    ends = [date(y, m, 31 if m in (3, 12) else 30) for y in (2022, 2023, 2024, 2025, 2026) for m in (3, 6, 9, 12)]
    return [day for day in ends if day <= until]


def rising(name: str, on: date, pace: int) -> list[Moment]:
    """A figure that grows by some points a quarter, falling back once."""
    days = quarter_ends(on)
    return [Moment(day, **told(name, min(97, max(0, pace * n - (9 if n == 6 else 0))))) for n, day in enumerate(days)]


GAPS: dict[str, dict[str, Any]] = {
    "nothing missing": {},
    "no moments": {"moments": []},
    "nothing confirmed": {"unconfirmed": True},
    "base 0": {"base": Base(0)},
    "all excluded": {"base": Base(3)},
    "membership open": {"base": Base(100, uncertain=1)},
    "tier unknown": {"base": Base(100, lacking_fact=1)},
    "no denominator": {"denominator_known": False, "fact_denominator": None},
    "no share": {"own_share": False},
    "no share, not inherited": {
        "own_share": False,
        "choices": replace(CHOICES, inherit_share_thresholds=False),
    },
}


def compare(judged: Judgement, second: Opinion, kind_is_judged: bool) -> None:
    """The two agree on all that the second opinion holds."""
    assert judged.status.value == second.status
    assert judged.met_on == second.met_on and judged.late is second.late
    if second.status != "not_judged" and not kind_is_judged:
        assert judged.actual is not None and second.actual is not None
        assert abs(Fraction(judged.actual) - second.actual) <= Fraction(1, 20000)
        assert (judged.actual_reported is None) == (second.reported is None)
        assert (judged.expected is None) == (second.expected is None)
        if judged.expected is not None and second.expected is not None:
            assert abs(Fraction(judged.expected) - second.expected) < 1


@pytest.mark.parametrize("comparator", COMPARATORS)
@pytest.mark.parametrize("name", MEASURES)
def test_every_gap_on_every_boundary_day(name: str, comparator: str) -> None:
    """All combinations; figures that pass through every step on the way."""
    said = {"comparator": comparator, "value": 60, "steps": STEPS, **MEASURES[name]}
    if said["comparator"] == "between":
        said["upper"] = 70
    if name in ("own yes", "own judgement", "own stage"):
        said.update(value=None, steps=[])
    asked = target(**said)
    seen: set[str] = set()
    for on, pace, (gap, changes) in product(DAYS, (2, 5, 9), GAPS.items()):
        if changes and pace != 5:
            continue
        moments: Sequence[Moment] = changes.get("moments", rising(name, on, pace))
        if changes.get("unconfirmed"):
            moments = [replace(m, confirmed=Amounts(), own_confirmed=None) for m in moments]
        terms: dict[str, Any] = {
            "plan_starts": PLAN_STARTS,
            "on": on,
            "moments": moments,
            "base": changes.get("base", Base(100)),
            "fact_denominator": changes.get("fact_denominator", Decimal("1.5")),
            "denominator_known": changes.get("denominator_known", True),
            "own_share": changes.get("own_share", True),
            "choices": changes.get("choices", CHOICES),
            "stages": STAGES,
        }
        judged = judge(asked, **terms)
        compare(judged, opinion(asked, **terms), name == "own judgement")
        seen.add(judged.status.value)
        if gap in ("no moments", "nothing confirmed", "no share, not inherited"):
            assert judged.status is Status.NOT_JUDGED, gap
    assert {"not_judged", "achieved"} <= seen


# --- random cases ---------------------------------------------------------------------------------------------

numbers = st.one_of(st.integers(0, 120).map(Decimal), st.decimals(0, 120, places=4))
days = st.one_of(st.sampled_from(DAYS), st.sampled_from(quarter_ends(END)), st.dates(date(2022, 6, 1), END))


def mostly(usual: Any, *seldom: Any) -> st.SearchStrategy[Any]:
    """Nearly always the usual value, so that most cases get as far as a judgement."""
    return st.sampled_from([usual] * 9 + list(seldom))


@st.composite
def amounts(draw: st.DrawFn) -> Amounts:
    units = draw(st.integers(1, 20)) * draw(mostly(1, 0))
    return Amounts(
        draw(numbers),
        draw(numbers),
        draw(numbers),
        units,
        draw(st.integers(0, units)),
        draw(mostly(0, 1, 5, 20)),
    )


OWNS = {
    "yes": st.builds(Own, complies=st.booleans()),
    "stage": st.builds(Own, stage=st.sampled_from([*STAGES, "unheard-of"])),
    "rank": st.builds(Own, rank=st.integers(1, 200)),
    "number": st.builds(Own, value=numbers),
    "percent": st.builds(Own, numerator=numbers, denominator=numbers),
    "judged": st.builds(Own, judgement=st.sampled_from([None, "met", "partly", "not_met"])),
}
choices_made = st.builds(
    Choices,
    about_tolerance=st.sampled_from([Decimal(0), Decimal(10), Decimal("33.3")]),
    band=st.sampled_from([Decimal(0), Decimal(10), Decimal(50)]),
    unrated=st.sampled_from(["lowest", "excluded"]),
    stale_after=st.sampled_from([None, timedelta(0), timedelta(100), timedelta(400)]),
    inherit_share_thresholds=mostly(True, False),
)


@st.composite
def targets(draw: st.DrawFn, kind: str) -> Target:
    measure = draw(st.sampled_from(["sum", "units", "ratio", "mean", "own"]))
    comparator = draw(st.sampled_from(COMPARATORS))
    value = draw(st.one_of(st.integers(1, 100).map(Decimal), st.decimals(1, 100, places=2)))
    said: dict[str, Any] = {"measure": measure, "comparator": comparator, "value": value}
    if comparator == "between":
        said["upper"] = value + draw(st.integers(0, 20))
    if measure == "own" and kind in ("yes", "judged", "stage"):
        said.update(comparator="reached", value=None, upper=None)
        said["stage"] = draw(st.sampled_from(STAGES)) if kind == "stage" else None
    elif comparator == "reached" and measure == "units":
        said["value"] = draw(st.sampled_from([value, None]))
    if measure in ("units", "ratio"):
        said["as"] = draw(st.sampled_from(["number", "percent"]))
    if measure == "ratio" and draw(st.booleans()):
        said["denominator"] = [{"fact": "resident_population", "per": 1000}]
    said["window"] = draw(st.sampled_from(["point", "plan", "plan", "year", "quarter"]))
    said["due"] = draw(st.sampled_from([END, date(2024, 9, 30), date(2024, 12, 31)]))
    dues = draw(st.sets(st.one_of(st.sampled_from(BOUNDARIES), st.dates(date(2023, 1, 1), END)), max_size=3))
    said["steps"] = [
        step(str(day), **draw(st.sampled_from([{"share": 50}, {"share": 80}, {"value": 40}, {"value": "12.5"}])))
        for day in sorted(dues)
        if day <= said["due"]
    ]
    said["maintain"] = draw(mostly(False, True, True))
    if draw(st.booleans()):
        on = draw(st.sampled_from([date(2022, 12, 31), date(2020, 11, 1), date(2023, 6, 30), date(2026, 1, 1)]))
        said["baseline"] = {"value": draw(numbers), "on": on, "source": "公报"}
    said["relative_to"] = draw(mostly(None, 2022)) if "baseline" in said else None
    return target(**said)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Target, dict[str, Any]]:
    kind = draw(st.sampled_from(sorted(OWNS)))
    answers = draw(mostly(OWNS[kind], st.one_of(*OWNS.values()), st.none()))
    sometimes = st.one_of(st.none(), st.builds(Base, st.integers(1, 25)))
    moments = [
        Moment(
            day,
            draw(amounts()),
            draw(amounts()),
            draw(answers),
            draw(answers),
            draw(sometimes),
            draw(st.one_of(st.none(), numbers)),
        )
        for day in sorted(draw(st.sets(days, min_size=1, max_size=6)))
    ]
    on = max(m.on for m in moments) + timedelta(draw(st.sampled_from([0, 0, 0, 1, 30, 200, 500])))
    return draw(targets(kind)), {
        "plan_starts": PLAN_STARTS,
        "on": draw(mostly(on, draw(days))),
        "moments": moments,
        "base": draw(mostly(Base(20), Base(0), Base(20, uncertain=1), Base(20, lacking_fact=1))),
        "fact_denominator": draw(mostly(Decimal("1.7"), None, Decimal(0))),
        "denominator_known": draw(mostly(True, False)),
        "own_share": draw(mostly(True, False, False)),
        "choices": draw(choices_made),
        "stages": STAGES,
    }


@settings(max_examples=250, deadline=None)
@given(situations())
def test_random_cases(situation: tuple[Target, dict[str, Any]]) -> None:
    asked, terms = situation
    judged = judge(asked, **terms)
    no_number = judged.actual is None and judged.status is not Status.NOT_JUDGED
    compare(judged, opinion(asked, **terms), no_number)
    for said in (judged.reason_zh, judged.reason_en):
        assert said and "None" not in said and "E+" not in said and "Fraction" not in said


ORDER = [
    Status.OVERDUE,
    Status.STALE,
    Status.BEHIND,
    Status.AT_RISK,
    Status.NOT_DUE,
    Status.ON_TRACK,
    Status.ACHIEVED,
]


@settings(max_examples=120, deadline=None)
@given(situations(), numbers, st.integers(0, 10))
def test_more_is_never_worse(situation: tuple[Target, dict[str, Any]], more: Decimal, units: int) -> None:
    """Raising the newest confirmed figure raises the status or leaves it; a ceiling or a rank is mirrored."""
    asked, terms = situation
    seen = [m for m in terms["moments"] if m.on <= terms["on"]]
    if not seen:
        return
    now = seen[-1]
    raised = replace(
        now,
        confirmed=replace(
            now.confirmed,
            value=now.confirmed.value + more,
            numerator=now.confirmed.numerator + more,
            complying=now.confirmed.complying + units,
        ),
        own_confirmed=_more(now.own_confirmed, more, units),
    )
    before = judge(asked, **terms).status
    after = judge(asked, **{**terms, "moments": [raised if m is now else m for m in terms["moments"]]}).status
    rank = asked.measure == "own" and any(m.own_confirmed and m.own_confirmed.rank for m in terms["moments"])
    if Status.NOT_JUDGED in (before, after):
        assert before is after
    elif asked.measure == "own" and not _one_kind(terms["moments"]):
        return
    elif asked.comparator == "at_most" or rank:
        assert ORDER.index(after) <= ORDER.index(before)
    else:
        assert ORDER.index(after) >= ORDER.index(before)


def _more(own: Own | None, more: Decimal, units: int) -> Own | None:
    if own is None:
        return None
    return replace(
        own,
        value=None if own.value is None else own.value + more,
        numerator=None if own.numerator is None else own.numerator + more,
        rank=None if own.rank is None else own.rank + units,
        complies=None if own.complies is None else own.complies or units > 0,
    )


def _one_kind(moments: Sequence[Moment]) -> bool:
    """An own target whose unit answers in ever other ways has no order."""
    owns = [own for m in moments for own in (m.own_confirmed, m.own_reported) if own]
    return len({tuple(answer is None for answer in vars(own).values()) for own in owns}) <= 1


@settings(max_examples=60, deadline=None)
@given(situations(), st.lists(amounts(), min_size=6, max_size=6))
def test_what_is_only_reported_never_decides(situation: tuple[Target, dict[str, Any]], other: list[Amounts]) -> None:
    asked, terms = situation
    if asked.measure == "own":
        return
    changed = [replace(m, reported=o) for m, o in zip(terms["moments"], other, strict=False)]
    first, second = judge(asked, **terms), judge(asked, **{**terms, "moments": changed})
    hidden = {"actual_reported": None, "reason_zh": "", "reason_en": ""}
    assert replace(first, **hidden) == replace(second, **hidden)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(situations(), days)
def test_the_future_is_not_seen(situation: tuple[Target, dict[str, Any]], later: date) -> None:
    asked, terms = situation
    past = [m for m in terms["moments"] if m.on <= terms["on"]]
    assert judge(asked, **terms) == judge(asked, **{**terms, "moments": past})


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 10**15), st.integers(1, 10**15), st.integers(1, 100), st.integers(-1, 1))
def test_the_last_digit_decides(numerator: int, denominator: int, percent: int, extra: int) -> None:
    """n × 100 ≥ p × m, however large the numbers are: no rounding on the way."""
    exact = denominator * percent
    numerator = exact // 100 + extra if exact % 100 == 0 else numerator
    if numerator < 0:
        return
    asked = target(measure="ratio", **{"as": "percent"}, value=percent)
    figures = Amounts(numerator=Decimal(numerator), denominator=Decimal(denominator), units=1)
    judged = ask(asked, END, [Moment(END, figures, figures)])
    assert (judged.status is Status.ACHIEVED) == (numerator * 100 >= percent * denominator)
