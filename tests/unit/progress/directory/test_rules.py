"""Who counts in a scope on which days."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.plans import AncestorFilter, FactCondition, Filter, Scope
from contracts.vocabularies import Kind, Level
from services.progress.directory.rules import FOREVER, Above, Member, Span, Unit, number, spans

BORN = date(2022, 1, 1)
Facts = Mapping[str, Sequence[tuple[date, str]]]


def id_of(code: str) -> UUID:
    """The id of a code."""
    return uuid5(UUID(int=7), code)


def unit(code: str = "T", level: str = "institution", kind: str = "township_centre", **more: Any) -> Unit:
    """An organisation that lives from 2022 on unless told otherwise."""
    return Unit(id_of(code), code, Level(level), Kind(kind), more.pop("life", Span(BORN)), **more)


def scope(*, zones: bool = False, **where: Any) -> Scope:
    """A scope with this filter."""
    return Scope(code="s", name="范围", where=Filter(**where), zones=zones)


def under(*units: Unit) -> list[Above]:
    """These as ancestors for good, the nearest first."""
    return [Above(BORN, FOREVER, one.id, at) for at, one in enumerate(units, 1)]


def by_id(*units: Unit) -> dict[UUID, Unit]:
    """Organisations as the rules look them up."""
    return {one.id: one for one in units}


POPULOUS = {"facts": [FactCondition(fact="resident_population", at_least=Decimal(300000))]}


@pytest.mark.parametrize(
    ("level", "kind", "where", "zones", "counts"),
    [
        ("institution", "general", {"levels": ["institution"]}, False, True),
        ("institution", "department", {"levels": ["institution"]}, False, False),
        ("institution", "general", {"levels": ["county"]}, False, False),
        ("institution", "general", {"kinds": ["general", "tcm"]}, False, True),
        ("institution", "childcare", {"kinds": ["general", "tcm"]}, False, False),
        ("county", "division", {"levels": ["county"]}, False, True),
        ("county", "department", {"levels": ["county"]}, False, False),
        ("county", "department", {"levels": ["county"], "kinds": ["department"]}, False, True),
        ("county", "department", {"organisations": ["T"]}, False, True),
        ("county", "department", {"organisations": ["U"]}, False, False),
        ("city", "functional_zone", {"levels": ["city"]}, False, False),
        ("city", "functional_zone", {"levels": ["city"]}, True, True),
        ("city", "functional_zone", {"levels": ["county"]}, True, False),
    ],
)
def test_which_kinds_count_when_the_scope_names_none(
    level: str, kind: str, where: dict[str, Any], zones: bool, counts: bool
) -> None:
    """Divisions count at their level, institutions among institutions, departments and zones only when named."""
    found = spans(scope(zones=zones, **where), unit(level=level, kind=kind), {})
    assert found == ([Member(BORN, FOREVER)] if counts else [])


def test_a_promotion_ends_one_membership_and_begins_the_other() -> None:
    """A hospital promoted from tier 2 to 3 counts among tier 2 until that day and among tier 3 from it on."""
    promoted = date(2024, 6, 1)
    hospital = unit(kind="general", facts={"tier": [(BORN, "2"), (promoted, "3")]})
    assert spans(scope(tiers=[2]), hospital, {}) == [Member(BORN, promoted)]
    assert spans(scope(tiers=[3]), hospital, {}) == [Member(promoted, FOREVER)]
    assert spans(scope(tiers=[2, 3]), hospital, {}) == [Member(BORN, FOREVER)]


@pytest.mark.parametrize(("people", "counts"), [("299999", False), ("300000", True), ("300001", True), ("5e5", True)])
def test_a_bound_on_a_fact_is_closed_below(people: str, counts: bool) -> None:
    """A population of exactly the bound belongs to the class that begins there."""
    county = unit("X", "county", "division", facts={"resident_population": [(BORN, people)]})
    assert bool(spans(scope(**POPULOUS), county, {})) is counts


@pytest.mark.parametrize(("people", "counts"), [("299999", True), ("300000", False)])
def test_a_bound_on_a_fact_is_open_above(people: str, counts: bool) -> None:
    """A population of exactly `below` does not belong to the class that ends there."""
    county = unit("X", "county", "division", facts={"resident_population": [(BORN, people)]})
    small = scope(facts=[FactCondition(fact="resident_population", below=Decimal(300000))])
    assert bool(spans(small, county, {})) is counts


def test_until_a_fact_is_known_membership_is_not_certain() -> None:
    """Days before the first census are members, but not certain; from the census on the fact decides."""
    census = date(2023, 5, 1)
    county = unit("X", "county", "division", facts={"resident_population": [(census, "300000")]})
    assert spans(scope(**POPULOUS), county, {}) == [
        Member(BORN, census, certain=False),
        Member(census, FOREVER, certain=True),
    ]


@pytest.mark.parametrize("text", ["unbekannt", "", "NaN", "sNaN", "Infinity"])
def test_a_fact_that_is_no_number_is_unknown(text: str) -> None:
    """What is not a finite number decides nothing, and does not fail."""
    county = unit("X", "county", "division", facts={"resident_population": [(BORN, text)]})
    assert number(text) is None
    assert spans(scope(**POPULOUS), county, {}) == [Member(BORN, FOREVER, certain=False)]


def test_a_certain_no_outweighs_an_unknown_fact() -> None:
    """A unit that fails another condition is out, whatever the unknown fact may be."""
    county = unit("X", "county", "division", facts={"tags": [(BORN, "pilot")]})
    assert spans(scope(tags=["other"], **POPULOUS), county, {}) == []


def test_ownership_and_every_tag_must_hold() -> None:
    """All tags asked for must be held at once, spaces around commas do not matter."""
    hospital = unit(kind="general", facts={"ownership": [(BORN, "public")], "tags": [(BORN, "pilot, old-base")]})
    assert spans(scope(ownership=["public"], tags=["old-base", "pilot"]), hospital, {})
    assert not spans(scope(tags=["pilot", "new"]), hospital, {})
    assert not spans(scope(ownership=["private"]), hospital, {})
    assert spans(scope(ownership=["private", "public"]), hospital, {})


def test_the_facts_of_an_ancestor_decide_day_by_day() -> None:
    """A unit enters the scope on the day its county grows past the bound, and leaves it on the day it moves away."""
    grown, moved = date(2023, 3, 1), date(2024, 2, 1)
    big = unit("X1", "county", "division", facts={"resident_population": [(BORN, "1"), (grown, "300000")]})
    small = unit("X2", "county", "division", facts={"resident_population": [(BORN, "2")]})
    centre = unit(above=[Above(BORN, moved, big.id, 1), Above(moved, FOREVER, small.id, 1)])
    populous = scope(ancestor=AncestorFilter(level=Level.COUNTY, **POPULOUS))
    assert spans(populous, centre, by_id(big, small)) == [Member(grown, moved)]


def test_an_ancestor_whose_fact_is_unknown_makes_membership_uncertain() -> None:
    """The population of the county is unknown, so it is open whether its hospitals count."""
    county = unit("X", "county", "division")
    hospital = unit(kind="general", above=under(county))
    populous = scope(ancestor=AncestorFilter(level=Level.COUNTY, **POPULOUS))
    assert spans(populous, hospital, by_id(county)) == [Member(BORN, FOREVER, certain=False)]


def test_without_an_ancestor_of_that_level_nobody_counts() -> None:
    """A provincial hospital has no county, so it is not in a scope that asks for one."""
    city = unit("C", "city", "division", facts={"tags": [(BORN, "pilot")]})
    asked = scope(ancestor=AncestorFilter(level=Level.COUNTY, tags=["pilot"]))
    assert spans(asked, unit(above=under(city)), by_id(city)) == []


def test_an_ancestor_is_found_by_tag_and_by_code() -> None:
    """Pilot cities are named by a tag or one by one."""
    city = unit("C", "city", "division", facts={"tags": [(BORN, "pilot")]})
    centre = unit(above=under(city))
    for asked, counts in (
        (AncestorFilter(level=Level.CITY, tags=["pilot"]), True),
        (AncestorFilter(level=Level.CITY, tags=["other"]), False),
        (AncestorFilter(level=Level.CITY, organisations=["C"]), True),
        (AncestorFilter(level=Level.CITY, organisations=["C9"]), False),
    ):
        assert bool(spans(scope(ancestor=asked), centre, by_id(city))) is counts


@pytest.mark.parametrize("zone_first", [True, False])
def test_the_division_decides_where_a_zone_stands_over_the_unit_too(zone_first: bool) -> None:
    """Under a zone of city level, the city in which the unit stands is the ancestor, in whatever order they come."""
    city = unit("C", "city", "division", facts={"resident_population": [(BORN, "2000000")]})
    zone = unit("Z", "city", "functional_zone")
    above = [Above(BORN, FOREVER, city.id, 2), Above(BORN, FOREVER, zone.id, 1)]
    centre = unit(above=above[::-1] if zone_first else above)
    populous = scope(ancestor=AncestorFilter(level=Level.CITY, **POPULOUS))
    assert spans(populous, centre, by_id(city, zone)) == [Member(BORN, FOREVER)]


def test_membership_ends_with_the_life_of_the_unit() -> None:
    """A unit counts from the day it opens until the day it closes, facts before and after notwithstanding."""
    life = Span(date(2023, 4, 1), date(2024, 4, 1))
    facts = {"tier": [(date(2020, 1, 1), "2"), (date(2023, 9, 1), "2"), (date(2025, 1, 1), "3")]}
    hospital = unit(kind="general", life=life, facts=facts)
    assert spans(scope(tiers=[2]), hospital, {}) == [Member(life.start, life.end)]
    assert spans(scope(tiers=[3]), hospital, {}) == []


def test_a_scope_of_subjects_has_no_units() -> None:
    """Subjects are listed one by one and never found by a filter."""
    assert spans(Scope(code="s", name="项目", subjects=["P1"]), unit(), {}) == []


# --- against a day-by-day reading ---------------------------------------------------------------------------

DAYS = [BORN + timedelta(days=n) for n in range(12)]
day = st.sampled_from(DAYS)
tags = st.sampled_from(["", "a", "b", "a,b"])
people = st.sampled_from(["10", "20", "30", "?"])


def dated(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[date, str]]]:
    """A fact at up to three days, in order."""
    return st.dictionaries(day, values, max_size=3).map(lambda found: sorted(found.items()))


facts = st.fixed_dictionaries(
    {"resident_population": dated(people), "tags": dated(tags), "tier": dated(st.sampled_from(["1", "2", "3"]))}
)
conditions = st.lists(
    st.builds(
        FactCondition,
        fact=st.just("resident_population"),
        at_least=st.none() | st.sampled_from([Decimal(10), Decimal(20)]),
        below=st.none() | st.sampled_from([Decimal(20), Decimal(30)]),
    ),
    max_size=2,
)
wanted_tags = st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True)
ancestors = st.none() | st.builds(
    AncestorFilter, level=st.just(Level.COUNTY), tags=wanted_tags, facts=conditions,
    organisations=st.sampled_from([[], ["X1"], ["X2"]]),
)  # fmt: skip
filters = st.builds(
    Filter, tiers=st.sampled_from([[], [2], [1, 3]]), tags=wanted_tags, facts=conditions, ancestor=ancestors
)


@st.composite
def family(draw: st.DrawFn) -> tuple[Unit, dict[UUID, Unit]]:
    """A unit that opens, closes and moves between two counties, each with facts of its own."""
    counties = [unit(code, "county", "division", facts=draw(facts)) for code in ("X1", "X2")]
    opened, moved, closed = sorted(draw(st.lists(day, min_size=3, max_size=3)))
    above = [Above(opened, moved, counties[0].id, 1), Above(moved, FOREVER, counties[1].id, 1)]
    life = Span(opened, closed if closed > opened else FOREVER)
    above = [replace(one, end=min(one.end, life.end)) for one in above if one.start < min(one.end, life.end)]
    return unit(kind="general", life=life, facts=draw(facts), above=above), by_id(*counties)


def known(facts: Facts, name: str, on: date) -> str | None:
    """The newest value not after a day."""
    values = [value for since, value in facts.get(name, ()) if since <= on]
    return values[-1] if values else None


def meets(facts: Facts, on: date, tags: Sequence[str], bounds: Sequence[FactCondition]) -> list[bool | None]:
    """One verdict per condition on a day; None where the fact is not known."""
    held = {tag for tag in (known(facts, "tags", on) or "").split(",") if tag}
    verdicts: list[bool | None] = [set(tags) <= held]
    for bound in bounds:
        text = known(facts, bound.fact, on)
        if text in (None, "?"):
            verdicts.append(None)
        else:
            low, high = bound.at_least, bound.below
            value = Decimal(str(text))
            verdicts.append(not (low is not None and value < low) and not (high is not None and value >= high))
    return verdicts


def counts_on(where: Filter, one: Unit, others: Mapping[UUID, Unit], on: date) -> bool | None:
    """The filter read off for one day."""
    if not one.life.start <= on < one.life.end:
        return False
    verdicts = meets(one.facts, on, where.tags, where.facts)
    if where.tiers:
        verdicts.append(known(one.facts, "tier", on) in {str(tier) for tier in where.tiers})
    if where.ancestor is not None:
        county = next((others[a.organisation] for a in one.above if a.start <= on < a.end), None)
        if county is None:
            return False
        asked = where.ancestor
        verdicts += meets(county.facts, on, asked.tags, asked.facts)
        verdicts.append(not asked.organisations or county.code in asked.organisations)
    return False if False in verdicts else None if None in verdicts else True


@given(filters, family())
def test_spans_say_what_each_single_day_says(where: Filter, both: tuple[Unit, dict[UUID, Unit]]) -> None:
    """On every day the spans hold exactly when the filter holds that day, certain exactly when all facts are known."""
    one, others = both
    found = spans(Scope(code="s", name="范围", where=where), one, others)
    for on in [*DAYS, DAYS[-1] + timedelta(days=1000)]:
        holding = [member for member in found if member.holds(on)]
        verdict = counts_on(where, one, others, on)
        assert [member.certain for member in holding] == ([] if verdict is False else [verdict is True])


@given(filters, family())
def test_spans_come_in_order_and_neighbours_are_joined(where: Filter, both: tuple[Unit, dict[UUID, Unit]]) -> None:
    """Spans are not empty, do not overlap, and two that touch differ in certainty."""
    found = spans(Scope(code="s", name="范围", where=where), *both)
    assert all(member.start < member.end for member in found)
    for before, after in pairwise(found):
        assert before.end < after.start or (before.end == after.start and before.certain != after.certain)
