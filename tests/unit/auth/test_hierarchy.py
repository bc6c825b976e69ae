"""Who may stand where: every rule of the hierarchy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabularies import Kind, Level
from services.auth.organisations import rules
from services.auth.organisations.naming import sort_key
from services.auth.organisations.rules import Place

PROVINCE = Place("360000", Level.PROVINCE, Kind.DIVISION, None, "360000")
CITY = Place("360100", Level.CITY, Kind.DIVISION, "360000", "360100")
COUNTY = Place("360121", Level.COUNTY, Kind.DIVISION, "360100", "360121")
ZONE = Place("ZONE", Level.CITY, Kind.FUNCTIONAL_ZONE, "360000", None)
DEPARTMENT = Place("CZT", Level.PROVINCE, Kind.DEPARTMENT, "360000", None)
HOSPITAL = Place("H", Level.INSTITUTION, Kind.GENERAL, "360121", "360121")
CENTRE = Place("T", Level.INSTITUTION, Kind.TOWNSHIP_CENTRE, "360121", "360121")
CLINIC = Place("V", Level.INSTITUTION, Kind.VILLAGE_CLINIC, "T", "360121")
ALL = {p.code: p for p in (PROVINCE, CITY, COUNTY, ZONE, DEPARTMENT, HOSPITAL, CENTRE, CLINIC)}


def codes(place: Place) -> list[tuple[str, str]]:
    """Field and code of every fault."""
    return [(fault.field, fault.code) for fault in rules.faults(place, {**ALL, place.code: place})]


@pytest.mark.parametrize("place", ALL.values(), ids=ALL)
def test_the_usual_province_has_no_fault(place: Place) -> None:
    assert codes(place) == []


SITE, G = Level.INSTITUTION, Kind.GENERAL
WRONG = {
    "a county without parent": (Place("X", Level.COUNTY, Kind.DIVISION, None, "X"), [("parent", "parent-missing")]),
    "a zone without parent": (Place("X", Level.PROVINCE, Kind.FUNCTIONAL_ZONE, None, None), [("parent", "parent-missing")]),
    "its own parent": (Place("X", Level.COUNTY, Kind.DIVISION, "X", "X"), [("parent", "cycle")]),
    "unknown parent": (Place("X", Level.COUNTY, Kind.DIVISION, "999999", "X"), [("parent", "unknown-reference")]),
    "a city under a county": (Place("X", Level.CITY, Kind.DIVISION, "360121", "X"), [("parent", "level-inversion")]),
    "a county under a county": (Place("X", Level.COUNTY, Kind.DIVISION, "360121", "X"), [("parent", "level-inversion")]),
    "a zone under a county": (Place("X", Level.CITY, Kind.FUNCTIONAL_ZONE, "360121", None), [("parent", "level-inversion")]),
    "a department under a hospital": (Place("X", Level.COUNTY, Kind.DEPARTMENT, "H", None), [("parent", "level-inversion")]),
    "a county under a zone": (Place("X", Level.COUNTY, Kind.DIVISION, "ZONE", "X"), [("parent", "wrong-parent")]),
    "a department under a department": (Place("X", Level.PROVINCE, Kind.DEPARTMENT, "CZT", None), [("parent", "wrong-parent")]),
    "a hospital at county level": (Place("X", Level.COUNTY, G, "360100", "360121"), [("level", "level-and-kind")]),
    "a division as institution": (Place("X", SITE, Kind.DIVISION, "360121", "X"), [("level", "level-and-kind")]),
    "a zone with territory": (Place("X", Level.CITY, Kind.FUNCTIONAL_ZONE, "360000", "360100"), [("division", "division-not-allowed")]),
    "a department with territory": (Place("X", Level.CITY, Kind.DEPARTMENT, "360100", "360100"), [("division", "division-not-allowed")]),
    "a division elsewhere": (Place("X", Level.COUNTY, Kind.DIVISION, "360100", "360121"), [("division", "division-not-itself")]),
    "a hospital nowhere": (Place("X", SITE, G, "ZONE", None), [("division", "division-missing")]),
    "a hospital in an unknown place": (Place("X", SITE, G, "360121", "999999"), [("division", "unknown-reference")]),
    "a hospital in a hospital": (Place("X", SITE, G, "360121", "H"), [("division", "not-a-division")]),
    "a hospital in a zone": (Place("X", SITE, G, "360121", "ZONE"), [("division", "not-a-division")]),
    "two faults": (Place("X", SITE, G, "999999", "999998"), [("parent", "unknown-reference"), ("division", "unknown-reference")]),
}  # fmt: skip


@pytest.mark.parametrize(("place", "expected"), WRONG.values(), ids=WRONG)
def test_every_fault_is_named(place: Place, expected: list[tuple[str, str]]) -> None:
    assert codes(place) == expected


def test_levels_may_be_skipped_and_institutions_nest() -> None:
    assert codes(Place("X", Level.COUNTY, Kind.DIVISION, "360000", "X")) == []
    assert codes(Place("X", SITE, G, "360000", "360121")) == []
    assert codes(Place("X", SITE, Kind.VILLAGE_CLINIC, "H", "360121")) == []
    assert codes(Place("X", Level.COUNTY, Kind.FUNCTIONAL_ZONE, "360121", None)) == []


def test_an_unknown_code_is_handed_back_for_a_suggestion() -> None:
    fault = rules.faults(Place("X", SITE, G, "360122", "360121"), ALL)[0]
    assert fault.unknown == "360122"


@pytest.mark.parametrize(
    ("parent", "expected"), [("360121", "360121"), ("T", "360121"), ("V", "360121"), ("ZONE", None), ("999999", None)]
)
def test_the_division_follows_from_the_nearest_parent(parent: str, expected: str | None) -> None:
    assert rules.settled(Place("X", SITE, G, parent, None), ALL).division == expected


def test_what_has_no_territory_gets_none_and_what_is_given_stays() -> None:
    assert rules.settled(DEPARTMENT, ALL).division is None
    assert rules.settled(ZONE, ALL).division is None
    assert rules.settled(Place("X", SITE, G, "360000", "360121"), ALL).division == "360121"
    assert rules.settled(Place("X", Level.COUNTY, Kind.DIVISION, "360100", None), ALL).division == "X"


def test_settling_a_circle_ends() -> None:
    a, b = Place("A", SITE, G, "B", None), Place("B", SITE, G, "A", None)
    assert rules.settled(a, {"A": a, "B": b}).division is None


def test_a_circle_is_found_and_those_who_only_lead_to_it_are_not() -> None:
    parents = {"a": "b", "b": "c", "c": "a", "d": "a", "e": None, "f": "e", "g": "g", "h": "nowhere"}
    assert rules.in_cycles(parents) == {"a", "b", "c", "g"}


@given(st.dictionaries(st.integers(0, 12), st.one_of(st.none(), st.integers(0, 14))))
def test_circles_as_somebody_walking_would_find_them(numbers: dict[int, int | None]) -> None:
    parents = {str(k): None if v is None else str(v) for k, v in numbers.items()}

    def comes_back(start: str) -> bool:
        at = parents[start]
        for _ in range(len(parents) + 1):
            if at is None or at not in parents:
                return False
            if at == start:
                return True
            at = parents[at]
        return False

    assert rules.in_cycles(parents) == {code for code in parents if comes_back(code)}


@pytest.mark.parametrize(
    ("fact", "value", "code"),
    [
        ("tier", "3", None),
        ("tier", "4", "tier"),
        ("tier", "三级", "tier"),
        ("ownership", "public", None),
        ("ownership", "state", "ownership"),
        ("resident_population", "6255007", None),
        ("resident_population", "0", None),
        ("resident_population", "-1", "number"),
        ("resident_population", "6.2e6", "number"),
        ("resident_population", "6,255,007", "number"),
        ("grade", "甲等", None),
    ],
)
def test_facts_that_are_computed_with_are_checked(fact: str, value: str, code: str | None) -> None:
    found = rules.fact_fault(fact, value)
    assert (found.code if found else None) == code


def test_tags_are_a_set() -> None:
    assert rules.tidy_tags(["b, a", "a；c", "", "d e"]) == "a,b,c,d,e"


def test_only_what_is_given_is_stated() -> None:
    assert rules.given_facts(None, None, []) == []
    assert rules.given_facts(3, "public", ["x"]) == [("tier", "3"), ("ownership", "public"), ("tags", "x")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("江西省", "jiang xi sheng"),
        ("重庆", "chong qing"),
        ("八〇一医院", "ba ling yi yi yuan"),
        ("第12医院 (ABC)", "di 12 yi yuan (abc)"),
    ],
)
def test_names_sort_by_pinyin(name: str, expected: str) -> None:
    assert sort_key(name) == expected


def test_places_are_read_from_words() -> None:
    assert Place.of("360121", "county", "division", "360100", "360121") == COUNTY
