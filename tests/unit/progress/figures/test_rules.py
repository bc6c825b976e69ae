"""What a unit contributes to the figures of every area, and what a change of it writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from contracts.plans import Indicator, Tier, UnitThreshold
from contracts.reports import Answer
from services.progress.directory.catalogue import Tally
from services.progress.directory.rules import FOREVER, Above, Span
from services.progress.figures.rules import (
    NOTHING,
    Amounts,
    Cell,
    Judged,
    Place,
    Reported,
    Surroundings,
    contributions,
    difference,
)
from tests.unit.progress.figures import reference
from tests.unit.progress.figures.reference import Life, Rule, Said, Told, month_end

BEGIN = date(2023, 1, 1)
MONTHS = [date(2023, month, 28) for month in range(1, 9)]
ENDS = [month_end(day) for day in MONTHS]
DAYS = [BEGIN + timedelta(days=n) for n in range(0, 300, 3)]
NEVER = FOREVER
AREAS = ("X1", "X2", "X3", "C1", "C2", "P")
SCOPES = ("all", "second", "third")
STAGES = [{"code": code, "name": code} for code in "abc"]
TIERS = UnitThreshold(
    fact="people", tiers=[Tier(below=Decimal(20), value=Decimal(5)), Tier(value=Decimal(9))]
)


@dataclass(frozen=True)
class Kind:
    """An indicator, how it is counted, and what compliance means in plain words."""

    indicator: Indicator
    threshold: UnitThreshold | None
    stage: str | None
    rule: Rule
    plain: Rule | None = None

    @property
    def tallies(self) -> list[Tally]:
        """Summed up in every scope, and counted by the rule in every scope."""
        sums = [Tally(scope) for scope in SCOPES]
        return sums + [Tally(scope, "rule", self.threshold, self.stage) for scope in SCOPES]


def kind(value: str, rule: Rule, *, plain: Rule | None = None, **more: Any) -> Kind:
    """An indicator of this kind."""
    threshold, stage = more.pop("threshold", None), more.pop("stage", None)
    said = {"code": value, "name": value, "definition": value, "value": value, "decimals": 4, **more}
    return Kind(Indicator.model_validate(said), threshold, stage, rule, plain)


def _tiered(said: Said, people: Decimal | None) -> bool:
    return people is not None and Decimal(said["value"]) >= (5 if people < 20 else 9)


def _says_yes(said: Said, _people: Decimal | None) -> bool:
    return said["complies"] is True


KINDS = {
    "stock": kind("number", _tiered, threshold=TIERS),
    "flow": kind("number", _tiered, threshold=TIERS, nature="flow"),
    "yes_no": kind("yes_no", _says_yes, plain=_says_yes),
    "ratio": kind(
        "ratio",
        lambda said, _: Decimal(said["numerator"]) * 10 >= Decimal(said["denominator"]) * 7,
        threshold=UnitThreshold(value=Decimal(70)), numerator="n", denominator="d",
    ),
    "level": kind("level", lambda said, _: Decimal(said["level"]) >= 3, threshold=UnitThreshold(value=Decimal(3))),
    "stage": kind("stage", lambda said, _: said["stage"] in ("b", "c"), stage="b", stages=STAGES),
    "rank": kind("rank", lambda said, _: said["rank"] <= 50, threshold=UnitThreshold(value=Decimal(50))),
}  # fmt: skip

numbers = st.decimals(0, 12, places=4).map(lambda d: format(d, "f"))
ANSWERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "stock": st.fixed_dictionaries({"value": numbers}),
    "flow": st.fixed_dictionaries({"value": numbers}),
    "yes_no": st.fixed_dictionaries({"complies": st.booleans()}),
    "ratio": st.tuples(numbers, st.integers(1, 9)).map(
        lambda pair: {"numerator": pair[0], "denominator": str(Decimal(pair[0]) + pair[1])}
    ),
    "level": st.fixed_dictionaries({"level": st.sampled_from(["0", "2.5", "3", "4"])}),
    "stage": st.fixed_dictionaries({"stage": st.sampled_from("abc")}),
    "rank": st.fixed_dictionaries({"rank": st.sampled_from([1, 50, 51])}),
}
NOT_APPLICABLE = {"not_applicable": True, "progress": "无此科室"}
days = st.sampled_from(DAYS)


def dated(values: Sequence[str], *, first: bool = False) -> st.SearchStrategy[dict[date, str]]:
    """Up to three changes; with `first` there is one on the first day of all."""
    changes = st.dictionaries(days, st.sampled_from(values), max_size=3)
    if not first:
        return changes
    return st.tuples(st.sampled_from(values), changes).map(lambda both: {BEGIN: both[0], **both[1]})


lives = st.builds(
    Life,
    opened=st.just(BEGIN) | days,
    closed=st.just(NEVER) | days,
    counties=dated(AREAS[:3], first=True),
    cities=st.fixed_dictionaries({code: dated(AREAS[3:5], first=True) for code in AREAS[:3]}),
    classes=dated(SCOPES[1:]),
    people=dated(["10", "19.9999", "20", "30"]),
)
STEPS = ("submit", "submit", "return", "approve", "approve", "withdraw")


@st.composite
def histories(draw: st.DrawFn, name: str) -> list[tuple[str, Any]]:
    """What happens one after another: a step of a report of some month, or the news that the unit's life is another."""
    answers = ANSWERS[name] | st.just(NOT_APPLICABLE)
    reports = st.tuples(st.sampled_from(ENDS), st.sampled_from(STEPS), answers).map(lambda found: ("report", found))
    return draw(st.lists(reports | lives.map(lambda life: ("life", life)), min_size=1, max_size=14))


@cache
def id_of(code: str) -> UUID:
    """The id of an area."""
    return uuid5(UUID(int=5), code)


def around(life: Life) -> Surroundings:
    """The unit's life as the directory would hand it over."""
    turning = sorted({
        life.opened, life.closed, *life.counties, *life.classes, *(day for at in life.cities.values() for day in at)
    })  # fmt: skip

    def spans(of: Callable[[date], set[str]], name: str) -> list[Span]:
        edges = zip(turning, [*turning[1:], FOREVER], strict=True)
        return [Span(start, end) for start, end in edges if name in of(start)]

    above = [Above(span.start, span.end, id_of(area)) for area in AREAS for span in spans(life.areas, area)]
    scopes = {scope: spans(life.scopes, scope) for scope in SCOPES}
    return Surroundings(above, scopes, {"people": sorted(life.people.items())})


def reports_of(told: Mapping[date, Told]) -> list[Reported]:
    """What was said as the submissions would hand it over."""

    def judged(said: Said | None) -> Judged | None:
        return None if said is None else Judged(Answer.model_validate(said))

    return [Reported(day, judged(one.says("reported")), judged(one.says("confirmed"))) for day, one in told.items()]


def up_to(cells: Mapping[Cell, Amounts], series: str, place: Place, on: date) -> Amounts:
    """The sum of all steps of one figure up to a day."""
    return sum((a for c, a in cells.items() if (c.series, c.place) == (series, place) and c.ends_on <= on), NOTHING)


def standing(cells: Mapping[Cell, Amounts], on: date) -> dict[tuple[str, Place], Amounts]:
    """Every figure that is not nothing on a day."""
    found: dict[tuple[str, Place], Amounts] = {}
    for cell, step in cells.items():
        if cell.ends_on <= on:
            found[cell.series.value, cell.place] = found.get((cell.series.value, cell.place), NOTHING) + step
    return {key: amounts for key, amounts in found.items() if amounts}


LATER = [ENDS[-1], date(2023, 11, 30), date(2029, 12, 31)]
"""Ends of periods in which nothing was reported any more."""


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_steps_add_up_to_what_a_slow_count_finds(name: str, data: st.DataObject) -> None:
    """However reports, returns, approvals, moves, openings, closings and classes came about: at the end of every period
    the deltas written so far add up, in every area, scope and rule, to what counting anew for that day gives."""
    asked = KINDS[name]
    flow = name == "flow"
    life, told = data.draw(lives), {end: Told() for end in ENDS}
    surroundings, written = around(life), dict[Cell, Amounts]()
    for what, found in data.draw(histories(name)):
        if what == "life":
            life, surroundings = found, around(found)
        else:
            told[found[0]].happen(found[1:])
        wanted = contributions(reports_of(told), asked.indicator, asked.tallies, surroundings, month_end)
        assert all(wanted.values()), "a step of nothing"
        step = difference(wanted, written)
        assert all(step.values()), "a delta of nothing"
        written = {cell: written.get(cell, NOTHING) + step.get(cell, NOTHING) for cell in {**written, **step}}
    event("something counts" if any(written.values()) else "nothing counts")
    for on in [*data.draw(st.lists(st.sampled_from(ENDS), min_size=2, max_size=2)), *LATER]:
        slow = {
            (series, Place(id_of(area), scope, counting)): Amounts(
                *reference.figure(
                    life, told, series, area, scope, on, flow=flow, rule=asked.rule if counting else asked.plain
                )
            )
            for series, area, scope, counting in product(("reported", "confirmed"), AREAS, SCOPES, ("", "rule"))
        }
        assert standing(written, on) == {key: amounts for key, amounts in slow.items() if amounts}, on


@settings(max_examples=30, deadline=None)
@given(lives, st.data())
def test_within_a_month_a_figure_stands_as_at_the_last_month_end(life: Life, data: st.DataObject) -> None:
    """Area membership is by the last day of the period: on any day in between the steps add up to the period before."""
    told = {end: Told(in_force={"value": "3"}) for end in data.draw(st.sets(st.sampled_from(ENDS), max_size=3))}
    asked = KINDS["stock"]
    cells = contributions(reports_of(told), asked.indicator, asked.tallies, around(life), month_end)
    assert {cell.ends_on for cell in cells} <= {month_end(cell.ends_on) for cell in cells}
    on = data.draw(st.sampled_from(DAYS))
    last = month_end(BEGIN) if on < month_end(BEGIN) else max(end for end in ENDS + OTHER_ENDS if end <= on)
    for area in AREAS:
        place = Place(id_of(area), "all", "")
        expected = NOTHING if on < ENDS[0] else up_to(cells, "confirmed", place, last)
        assert up_to(cells, "confirmed", place, on) == expected


OTHER_ENDS = [month_end(date(2023, month, 1)) for month in range(9, 13)]


@settings(max_examples=30, deadline=None)
@given(lives, st.data())
def test_the_parts_of_an_area_make_up_the_whole(life: Life, data: st.DataObject) -> None:
    """At every period end a unit is counted in exactly one county, one city and the province, or in none of them."""
    told = {end: Told(waiting={"value": "7"}) for end in data.draw(st.sets(st.sampled_from(ENDS), max_size=4))}
    asked = KINDS["stock"]
    cells = contributions(reports_of(told), asked.indicator, asked.tallies, around(life), month_end)
    for on in ENDS + OTHER_ENDS:
        at = {area: up_to(cells, "reported", Place(id_of(area), "all", ""), on).units for area in AREAS}
        assert at["X1"] + at["X2"] + at["X3"] == at["C1"] + at["C2"] == at["P"] in (0, 1)


# --- single cases, to be read -------------------------------------------------------------------------------

JAN, FEB, MAR, APR = (month_end(date(2023, month, 1)) for month in (1, 2, 3, 4))


def life_of(**more: Any) -> Life:
    """A unit in county X1 of city C1 from the beginning."""
    cities = {code: {BEGIN: "C1" if code != "X3" else "C2"} for code in AREAS[:3]}
    return Life(**{"opened": BEGIN, "closed": NEVER, "counties": {BEGIN: "X1"}, "cities": cities, **more})


def series_of(
    name: str, life: Life, told: Mapping[date, Told], area: str, *, series: str = "confirmed", scope: str = "all"
) -> list[tuple[date, Decimal]]:
    """The steps of the plain sum of one area."""
    asked = KINDS[name]
    cells = contributions(reports_of(told), asked.indicator, asked.tallies, around(life), month_end)
    wanted = (series, Place(id_of(area), scope, ""))
    return sorted((cell.ends_on, a.value) for cell, a in cells.items() if (cell.series, cell.place) == wanted)


def test_a_stock_carries_forward_and_a_flow_does_not() -> None:
    """A stock is written once and then only what it changes by; a flow is written whole in each period."""
    told = {JAN: Told(in_force={"value": "5"}), MAR: Told(in_force={"value": "8"})}
    assert series_of("stock", life_of(), told, "P") == [(JAN, 5), (MAR, 3)]
    assert series_of("flow", life_of(), told, "P") == [(JAN, 5), (MAR, 8)]


def test_a_move_takes_the_stock_along_and_leaves_the_flow_behind() -> None:
    """From the end of the month of the move on the new county has the stock; past flows stay where they were."""
    moved = life_of(counties={BEGIN: "X1", date(2023, 2, 10): "X3"})
    told = {JAN: Told(in_force={"value": "5"})}
    assert series_of("stock", moved, told, "X1") == [(JAN, 5), (FEB, -5)]
    assert series_of("stock", moved, told, "X3") == [(FEB, 5)]
    assert series_of("stock", moved, told, "P") == [(JAN, 5)]
    assert series_of("flow", moved, told, "X1") == [(JAN, 5)]
    assert series_of("flow", moved, told, "X3") == []


def test_a_closed_unit_leaves_the_stock() -> None:
    """From the end of the month in which it closes it is counted no more."""
    closed = life_of(closed=date(2023, 3, 31))
    assert series_of("stock", closed, {JAN: Told(in_force={"value": "5"})}, "P") == [(JAN, 5), (MAR, -5)]


def test_a_return_lets_the_reported_figure_fall_back() -> None:
    """What was in force before counts again as reported; confirmed never moved."""
    told = {JAN: Told(in_force={"value": "5"}), FEB: Told(waiting={"value": "9"})}
    assert series_of("stock", life_of(), told, "P", series="reported") == [(JAN, 5), (FEB, 4)]
    told[FEB].happen(("return", None))
    assert series_of("stock", life_of(), told, "P", series="reported") == [(JAN, 5)]
    assert series_of("stock", life_of(), told, "P") == [(JAN, 5)]


def test_a_promotion_moves_the_unit_between_scopes() -> None:
    """A hospital that becomes tier three leaves the sum of tier two at that month's end."""
    promoted = life_of(classes={BEGIN: "second", date(2023, 3, 5): "third"})
    told = {JAN: Told(in_force={"value": "5"})}
    assert series_of("stock", promoted, told, "P", scope="second") == [(JAN, 5), (MAR, -5)]
    assert series_of("stock", promoted, told, "P", scope="third") == [(MAR, 5)]
    assert series_of("stock", promoted, told, "P") == [(JAN, 5)]


def test_the_same_situation_writes_nothing_anew() -> None:
    """What is recorded already is not written again."""
    told = {JAN: Told(in_force={"value": "5"})}
    asked = KINDS["stock"]
    wanted = contributions(reports_of(told), asked.indicator, asked.tallies, around(life_of()), month_end)
    assert wanted
    assert difference(wanted, wanted) == {}
    assert difference({}, wanted) == {cell: NOTHING - amounts for cell, amounts in wanted.items()}
