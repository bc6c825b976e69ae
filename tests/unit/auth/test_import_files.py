"""Reading files: every fault is found, none is invented, and nothing sent is repeated in a message."""

from datetime import date

import pytest

from contracts.vocabularies import Kind, Level
from services.auth.imports import reading, rules
from services.auth.imports.nearest import Nearest
from services.auth.imports.rules import Known, RegisteredCodes
from services.auth.organisations.rules import Place

HEADER = "code,name,level,kind,parent,division,valid_from,tier,ownership,tags,synthetic\n"
FACTS = "organisation,fact,value,on,source\n"
DAY = date(2021, 1, 1)


def known(*rows: tuple[str, Level, Kind, str | None, str | None], **facts: str) -> dict[str, Known]:
    """What is registered."""
    places = (Place(*row) for row in rows)
    return {p.code: Known(p, p.code, False, DAY, facts if p.code == "H" else {}) for p in places}


REGISTERED = known(
    ("360000", Level.PROVINCE, Kind.DIVISION, None, "360000"),
    ("360121", Level.COUNTY, Kind.DIVISION, "360000", "360121"),
    ("H", Level.INSTITUTION, Kind.GENERAL, "360121", "360121"),
    tier="2",
)


def plan(rows: str) -> rules.OrganisationPlan:
    """What a file would do."""
    read = reading.organisations(HEADER + rows)
    found = rules.plan_organisations(read.rows, REGISTERED, frozenset({"OLD"}))
    found.conflicts.extend(read.conflicts)
    return found


def faults(rows: str) -> list[tuple[int | None, str | None, str, str | None]]:
    """Line, column, code and suggestion of every conflict."""
    return [(c.line, c.column, c.code, c.suggestion) for c in plan(rows).conflicts]


def test_a_byte_order_mark_and_blank_lines_are_no_faults() -> None:
    read = reading.organisations("\ufeff" + HEADER + "\n,,,,,,,,,,\n\nX,名,county,division,360000,,2021-01-01,,,,\n")
    assert read.conflicts == []
    assert [(line, row.code) for line, row in read.rows] == [(5, "X")]


def test_rows_become_what_they_say() -> None:
    rows = 'H2,名,institution,general,360121,,2021-01-01,3,public,"b,a;c",是\n'
    ((_, row),) = reading.organisations(HEADER + rows).rows
    assert (row.tier, row.ownership, row.tags, row.synthetic) == (3, "public", ["b", "a", "c"], True)
    assert row.division is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (1, None, "empty", None)),
        ("code,name\n", (1, "level", "missing-column", None)),
        (HEADER.replace("tier", "teir"), (1, "teir", "unknown-column", "tier")),
        (HEADER.replace("tier", "ti\0er"), (1, "tier", "unknown-column", "tier")),
        (HEADER.replace("tier", "code"), (1, "code", "column-twice", None)),
        (HEADER + 'X,"名', (2, None, "not-csv", None)),
    ],
)
def test_a_file_that_is_none(text: str, expected: tuple[object, ...]) -> None:
    found = reading.organisations(text).conflicts[0]
    assert (found.line, found.column, found.code, found.suggestion) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("X,名,county,division,360000,,2021-01-01,,,", [(2, None, "cells", None)]),
        ("X,,county,division,360000,,2021-01-01,,,,", [(2, "name", "missing", None)]),
        ("X,名,countty,division,360000,,2021-01-01,,,,", [(2, "level", "enum", "county")]),
        ("X,名,县级,division,360000,,2021-01-01,,,,", [(2, "level", "enum", "county")]),
        ("X,名,county,行政区划,360000,,2021-01-01,,,,", [(2, "kind", "enum", "division")]),
        ("X Y,名,county,division,360000,,2021-01-01,,,,", [(2, "code", "string-pattern-mismatch", None)]),
        ("X,名,county,division,360000,,2021/1/1,,,,", [(2, "valid_from", "date-parsing", None)]),
        ("X,名,county,division,360000,,1609459200,,,,", [(2, "valid_from", "date-parsing", None)]),
        ("X,名,institution,general,360121,,2021-01-01,4,,,", [(2, "tier", "less-than-equal", None)]),
        ("X,名,institution,general,360121,,2021-01-01,三,,,", [(2, "tier", "int-type", None)]),
        ("X,名,institution,general,360121,,2021-01-01,,state,,", [(2, "ownership", "ownership", None)]),
        ("X,名,county,division,360000,,2021-01-01,,,,maybe", [(2, "synthetic", "bool-type", None)]),
        ("X,名,institution,general,360122,,2021-01-01,,,,", [(2, "parent", "unknown-reference", "360121")]),
        ("OLD,名,county,division,360000,,2021-01-01,,,,", [(2, "code", "code-retired", None)]),
        ("H,名,institution,tcm,360121,,2021-01-01,,,,", [(2, "kind", "fixed", None)]),
        ("H,名,institution,general,360000,,2021-01-01,,,,", [(2, "parent", "fixed", None)]),
        ("H,名,institution,general,360121,360000,2021-01-01,,,,", [(2, "division", "fixed", None)]),
        ("H,名,institution,general,360121,,2022-01-01,,,,", [(2, "valid_from", "fixed", None)]),
    ],
)
def test_one_fault(row: str, expected: list[tuple[int | None, str | None, str, str | None]]) -> None:
    assert faults(row + "\n") == expected


def test_all_faults_of_a_file_are_listed_with_their_lines() -> None:
    found = faults(
        "A,名,county,division,999999,,2021-01-01,,,,\n"
        "A,名,county,division,360000,,2021-01-01,,,,\n"
        "B,名,city,division,360121,,2021-01-01,,,,\n"
        "C,名,institution,general,D,,2021-01-01,,,,\n"
        "D,名,institution,general,C,,2021-01-01,,,,\n"
        "E,名,nonsense,general,,,bad,,,,\n"
    )
    assert {(line, column, code) for line, column, code, _ in found} == {
        (2, "parent", "unknown-reference"),
        (3, "code", "duplicate-in-file"),
        (4, "parent", "level-inversion"),
        (5, "parent", "cycle"),
        (5, "division", "division-missing"),
        (6, "parent", "cycle"),
        (6, "division", "division-missing"),
        (7, "level", "enum"),
        (7, "valid_from", "date-parsing"),
    }


def test_messages_never_repeat_what_was_sent() -> None:
    rows = "X,名,CANARY,CANARY,CANARY-CODE,CANARY-CODE,CANARY,CANARY,CANARY,CANARY,CANARY\n"
    for conflict in plan(rows).conflicts:
        assert "CANARY" not in conflict.message + conflict.message_en
        assert conflict.message and conflict.message_en


def test_a_parent_may_stand_later_in_the_file() -> None:
    found = plan(
        "V,名,institution,village_clinic,T,,2021-01-01,,,,\nT,名,institution,township_centre,360121,,2021-01-01,,,,\n"
    )
    assert found.conflicts == []
    assert [(r.place.code, r.place.division) for r in found.new] == [("V", "360121"), ("T", "360121")]
    assert rules.anchors(found) == {2: "360121", 3: "360121"}


def test_new_changed_and_the_same() -> None:
    found = plan(
        "H,H,institution,general,360121,,2021-01-01,3,,,\n"
        "360121,360121,county,division,360000,,2021-01-01,,,,\n"
        "N,名,county,division,360000,,2021-01-01,,,,\n"
    )
    assert [c.facts for c in found.changed] == [[("tier", "3")]]
    assert rules.counts(found).model_dump(exclude_defaults=True) == {"new": 1, "changed": 1, "same": 1}


def test_a_line_with_two_faults_is_refused_once() -> None:
    assert rules.counts(plan("X,名,institution,general,360122,360123,2021-01-01,,,,\n")).rejected == 1


def test_lines_outside_the_loaders_area_are_refused() -> None:
    found = plan("N,名,county,division,360000,,2021-01-01,,,,\nT,名,institution,general,360121,,2021-01-01,,,,\n")
    rules.refuse_foreign(found, frozenset({"360121"}))
    assert [(c.line, c.code) for c in found.conflicts] == [(2, "out-of-scope")]


def test_facts_are_new_changed_the_same_or_refused() -> None:
    read = reading.facts(
        FACTS + "360121,resident_population,100,2020-11-01,普查\n"
        "360121,resident_population,200,2021-11-01,抽样\n"
        "360121,resident_population,300,2022-11-01,抽样\n"
        "360121,resident_population,301,2022-11-01,抽样\n"
        "360100,resident_population,1,2020-11-01,普查\n"
        "360122,resident_population,1,2020-11-01,普查\n"
        "360123,resident_population,1,2020-11-01,普查\n"
        "360121,tier,9,2020-11-01,普查\n"
    )
    codes = RegisteredCodes(frozenset({"360121"}), frozenset({"360100"}), {"360123": "360121"})
    recorded = {
        ("360121", "resident_population", date(2020, 11, 1)): ("100", "普查"),
        ("360121", "resident_population", date(2021, 11, 1)): ("199", "抽样"),
    }
    found = rules.plan_facts(read.rows, codes, recorded)
    assert ([f.value for f in found.new], [(f.value, old) for f, old in found.changed], found.same) == (
        ["300"],
        [("200", "199")],
        1,
    )
    assert [(c.line, c.column, c.code, c.suggestion) for c in found.conflicts] == [
        (5, "fact", "duplicate-in-file", "4"),
        (6, "organisation", "out-of-scope", None),
        (7, "organisation", "unknown-reference", "360121"),
        (8, "organisation", "unknown-reference", "360121"),
        (9, "value", "tier", None),
    ]


@pytest.mark.parametrize("wrong", ["360122", "36012", "3601211", "306121", "jx-wjw", "JXWJW"])
def test_one_slip_is_understood(wrong: str) -> None:
    assert Nearest(["360121", "JX-WJW"]).to(wrong) in ("360121", "JX-WJW")


def test_nothing_near_is_no_suggestion() -> None:
    assert Nearest(["360121"]).to("completely-else") is None
