"""The Jiangxi three-year plan as data: complete, consistent, and with the figures of the document."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.plans import Indicator, PlanPack, SourcePassage, Target
from contracts.vocabularies import (
    As,
    Comparator,
    ItemType,
    Measure,
    Nature,
    Part,
    Precision,
    Strength,
    Value,
    Window,
)

DATA = Path(__file__).resolve().parents[3] / "data"
FILES = sorted((DATA / "plans" / "jx-2023-2025").glob("*.yaml"))
ORGANISATIONS = DATA / "organisations" / "jiangxi.csv"
FACTS = DATA / "organisations" / "facts-census-2020.csv"


def _merged() -> dict[str, Any]:
    """All files of the pack joined by their top-level keys."""
    whole: dict[str, Any] = {}
    for file in FILES:
        for key, value in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if isinstance(value, list):
                whole.setdefault(key, []).extend(value)
            else:
                assert key not in whole, f"{key} stands in two files"
                whole[key] = value
    return whole


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


PACK = PlanPack.model_validate(_merged())
TARGETS = {target.code: target for target in PACK.targets}
INDICATORS = {indicator.code: indicator for indicator in PACK.indicators}
ITEMS = {item.code: item for item in PACK.items}
SCOPES = {scope.code: scope for scope in PACK.scopes}
UNITS = {row["code"]: row for row in _rows(ORGANISATIONS)}

each_target = pytest.mark.parametrize("target", PACK.targets, ids=list(TARGETS))
each_indicator = pytest.mark.parametrize("indicator", PACK.indicators, ids=list(INDICATORS))


def _passages() -> Iterator[SourcePassage]:
    for item in PACK.items:
        yield from item.sources
    for target in PACK.targets:
        yield from target.sources
    for discrepancy in PACK.discrepancies:
        yield from discrepancy.sources
    for statement in PACK.statements:
        yield statement.source


# --- complete ---------------------------------------------------------------------------------------------


def test_seven_actions_twenty_eight_tasks_fifty_eight_projects() -> None:
    counts = Counter(item.type for item in PACK.items)
    assert counts == {ItemType.ACTION: 7, ItemType.TASK: 28, ItemType.PROJECT: 58}
    for kind, letter in ((ItemType.ACTION, "A"), (ItemType.TASK, "T"), (ItemType.PROJECT, "P")):
        numbered = [(item.code, item.number) for item in PACK.items if item.type is kind]
        assert numbered == [(f"{letter}{n}", n) for n in range(1, counts[kind] + 1)]


def test_tasks_per_action_are_those_of_the_document() -> None:
    tasks = Counter(item.parent for item in PACK.items if item.type is ItemType.TASK)
    assert tasks == {"A1": 3, "A2": 5, "A3": 3, "A4": 3, "A5": 6, "A6": 6, "A7": 2}


# Row of the annex -> how many separate answers its text asks for (read from the annex, row by row).
ANSWERS = {
    1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 1, 7: 1, 8: 1, 9: 3, 10: 2, 11: 1, 12: 1, 13: 1, 14: 1, 15: 2,
    16: 1, 17: 1, 18: 1, 19: 1, 20: 9, 21: 0, 22: 1, 23: 3, 24: 0, 25: 0, 26: 3, 27: 1, 28: 2, 29: 1, 30: 2,
    31: 1, 32: 1, 33: 1, 34: 3, 35: 2, 36: 2, 37: 1, 38: 3, 39: 2, 40: 1, 41: 1, 42: 2, 43: 1, 44: 2, 45: 1,
    46: 2, 47: 1, 48: 1, 49: 1, 50: 5, 51: 2, 52: 0, 53: 2, 54: 1, 55: 1, 56: 1, 57: 2, 58: 8,
}  # fmt: skip


@pytest.mark.parametrize("row", range(1, 59))
def test_every_answer_an_annex_row_asks_for_is_a_target_with_the_annex_as_source(row: int) -> None:
    mine = [target for target in PACK.targets if f"P{row}" in target.items]
    assert len(mine) == ANSWERS[row]
    for target in mine:
        assert ("annex", f"附件{row}") in {(passage.document, passage.place) for passage in target.sources}


def test_rows_without_number_or_date_have_a_goal_and_no_target() -> None:
    silent = [row for row, answers in ANSWERS.items() if answers == 0]
    assert silent == [21, 24, 25, 52]
    assert all(ITEMS[f"P{row}"].goal for row in silent)


@each_target
def test_sources_and_items_of_a_target_name_the_same_places(target: Target) -> None:
    places = {passage.place for passage in target.sources}
    assert places == {item.replace("T", "任务").replace("P", "附件") for item in target.items}
    assert target.code.split("-")[0] in target.items


@pytest.mark.parametrize("item", [i for i in PACK.items if i.type is ItemType.PROJECT], ids=lambda i: i.code)
def test_targets_of_a_project_belong_to_its_tasks(item: Any) -> None:
    for target in PACK.targets:
        if item.code in target.items:
            assert {other for other in target.items if other.startswith("T")} <= set(item.tasks)


# --- references -------------------------------------------------------------------------------------------


LISTS = ["documents", "groups", "items", "subjects", "scopes", "indicators", "targets"]


@pytest.mark.parametrize("named", [*LISTS, "discrepancies", "statements"])
def test_codes_are_unique(named: str) -> None:
    codes = [entry.code for entry in getattr(PACK, named)]
    assert codes and len(codes) == len(set(codes))


def test_items_point_at_items_units_and_groups() -> None:
    groups = {group.code for group in PACK.groups}
    for item in PACK.items:
        assert item.parent is None or ITEMS[item.parent].type is ItemType.ACTION
        assert all(ITEMS[task].type is ItemType.TASK for task in item.tasks)
        for responsible in item.responsible:
            assert responsible.unit is None or responsible.unit in UNITS
            assert responsible.group is None or responsible.group in groups


def test_targets_point_at_indicators_scopes_holders_and_items() -> None:
    for target in PACK.targets:
        assert target.indicator in INDICATORS
        assert target.scope in SCOPES
        assert target.holder == PACK.plan.issuer
        assert set(target.items) <= set(ITEMS)


def test_nothing_is_defined_and_left_unused() -> None:
    assert {target.indicator for target in PACK.targets} == set(INDICATORS)
    assert {target.scope for target in PACK.targets} == set(SCOPES)
    assert {subject for scope in PACK.scopes for subject in scope.subjects} == {s.code for s in PACK.subjects}
    used = {responsible.group for item in PACK.items for responsible in item.responsible} - {None}
    assert used == {group.code for group in PACK.groups}


def test_owners_and_named_organisations_exist() -> None:
    assert {subject.owner for subject in PACK.subjects} <= set(UNITS)
    for scope in PACK.scopes:
        if scope.where:
            assert set(scope.where.organisations) <= set(UNITS)


PLACE = {
    "body": re.compile(r"总体要求|行动[1-7]|任务(1?\d|2[0-8])|文末"),
    "annex": re.compile(r"附件(标题|[1-4]?\d|5[0-8])"),
}


def test_passages_point_at_documents_and_quote_only_a_few_words() -> None:
    documents = {document.code for document in PACK.documents}
    for passage in _passages():
        assert passage.document in documents
        assert PLACE[passage.document].fullmatch(passage.place)
        assert passage.quote is None or len(passage.quote) <= 25
        assert "…" not in (passage.quote or ""), "a quotation is one unbroken run of words"


def test_discrepancies_point_at_targets_and_choose_one_of_their_readings() -> None:
    for discrepancy in PACK.discrepancies:
        assert set(discrepancy.targets) <= set(TARGETS)
        assert discrepancy.chosen < len(discrepancy.readings)
        assert len(set(discrepancy.readings)) == len(discrepancy.readings)


def test_what_people_read_has_both_languages() -> None:
    for named in (PACK.plan, *(entry for kind in LISTS[1:] for entry in getattr(PACK, kind))):
        assert re.search(r"[一-鿿]", named.name)
        assert named.name_en and not re.search(r"[一-鿿]", named.name_en)


# --- coherent ---------------------------------------------------------------------------------------------

THRESHOLDS = {Value.NUMBER: "value", Value.RATIO: "value", Value.STAGE: "stage"}


@each_target
def test_measure_suits_what_is_asked(target: Target) -> None:
    asked = INDICATORS[target.indicator].value
    threshold = target.unit_threshold
    if target.measure is Measure.SUM:
        assert asked is Value.NUMBER
    elif target.measure is Measure.RATIO:
        assert asked is Value.RATIO or (asked is Value.NUMBER and target.denominator)
    elif target.measure is Measure.MEAN:
        assert asked is Value.LEVEL
    elif target.measure is Measure.UNITS and asked is Value.YES_NO:
        assert threshold is None
    elif target.measure is Measure.UNITS:
        assert threshold is not None
        assert getattr(threshold, THRESHOLDS[asked]) is not None or threshold.tiers
    else:
        assert target.comparator is Comparator.REACHED
        assert (asked is Value.STAGE) == (target.stage is not None)
    if target.measure is not Measure.RATIO:
        assert not target.denominator
    if target.measure is not Measure.UNITS:
        assert threshold is None


@each_target
def test_stages_exist(target: Target) -> None:
    stages = {stage.code for stage in INDICATORS[target.indicator].stages}
    for asked in (target.stage, target.unit_threshold and target.unit_threshold.stage):
        assert asked is None or asked in stages


@each_target
def test_dates_lie_within_the_plan(target: Target) -> None:
    plan = PACK.plan
    for day in (target.due, *(step.due for step in target.steps)):
        assert plan.starts_on < day <= plan.ends_on
    assert target.precision is Precision.MONTH or (target.due.month, target.due.day) == (12, 31)
    assert target.precision is not Precision.IMPLIED or target.due == plan.ends_on


@each_target
def test_steps_rise_to_the_end(target: Target) -> None:
    if not target.steps:
        return
    assert target.steps[-1].due == target.due
    shares = [step.share for step in target.steps if step.share is not None]
    values = [step.value for step in target.steps if step.value is not None]
    assert not (shares and values)
    assert shares == sorted(shares) and (not shares or shares[-1] == 100)
    assert values == sorted(values) and (not values or values[-1] == target.value)


@each_target
def test_windows_suit_stocks_and_flows(target: Target) -> None:
    flow = INDICATORS[target.indicator].nature is Nature.FLOW
    assert flow == (target.window is not Window.POINT)


@each_target
def test_soft_words_and_strength_go_together(target: Target) -> None:
    softening = target.softening or ""
    assert (target.strength is Strength.EXPECTED) == ("力争" in softening)
    assert (target.comparator is Comparator.ABOUT) == ("左右" in softening)
    assert (target.strength is Strength.QUALITATIVE) == (INDICATORS[target.indicator].value is Value.JUDGED)


@each_target
def test_a_subject_is_asked_where_its_scope_lists_subjects(target: Target) -> None:
    if target.measure is Measure.UNITS and target.as_ is As.NUMBER:
        assert target.value == len(SCOPES[target.scope].subjects)
    if SCOPES[target.scope].subjects and target.measure is Measure.OWN:
        assert len(SCOPES[target.scope].subjects) == 1


@each_indicator
def test_indicators_say_what_is_asked(indicator: Indicator) -> None:
    assert 8 <= len(indicator.definition) <= 120
    assert (indicator.value is Value.LEVEL) == bool(indicator.levels)
    assert (indicator.unit is not None) == (indicator.value in (Value.NUMBER, Value.RATIO))
    assert not (indicator.components and indicator.options)
    assert indicator.rhythm is None, "the plan sets no rhythm"


def test_levels_count_upwards_from_zero() -> None:
    highest = {"emr-level": 8, "smart-service-level": 5, "smart-management-level": 5}
    for code, top in highest.items():
        assert [level.code for level in INDICATORS[code].levels] == [str(n) for n in range(top + 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("T1-public-health-departments", "T10-standard-departments"),
        ("T10-fever-clinics", "T10-fever-rooms"),
        ("T13-tcm-primary", "T13-tcm-village"),
        ("T27-emr-tier2", "T27-emr-tier3"),
        ("T28-recognition", "T28-recognition-provincial"),
        ("P51-hospice-cities", "P51-hospice-counties"),
    ],
)
def test_one_fact_is_asked_once(one: str, other: str) -> None:
    assert TARGETS[one].indicator == TARGETS[other].indicator
    assert TARGETS[one].scope != TARGETS[other].scope


# --- the figures of the document --------------------------------------------------------------------------

END = {2023: date(2023, 12, 31), 2024: date(2024, 12, 31), 2025: date(2025, 12, 31)}

# Read from the document, in the order of its tasks: code, measure, as, value, end of year.
FIGURES = [
    ("T1-public-health-departments", "units", "percent", "100", 2024),
    ("T1-regional-testing-centres", "sum", "number", "2", 2025),
    ("T1-mobile-laboratories", "units", "percent", "100", 2025),
    ("T2-contact-tracers", "ratio", "number", "1", 2023),
    ("T3-epidemic-bases", "units", "number", "3", 2023),
    ("T3-infectious-hospitals", "units", "percent", "100", 2025),
    ("T3-infectious-wards", "units", "percent", "100", 2025),
    ("T3-infectious-beds", "units", "percent", "100", 2025),
    ("T4-national-centres", "units", "number", "7", 2025),
    ("T4-provincial-centres", "units", "number", "4", 2024),
    ("T5-specialties-province", "sum", "number", "150", 2025),
    ("T5-specialties-city", "sum", "number", "320", 2025),
    ("T6-ambulances", "ratio", "percent", "100", 2025),
    ("T6-negative-pressure", "ratio", "percent", "40", 2025),
    ("T6-calls-met", "ratio", "percent", "95", 2025),
    ("T7-blood-points", "units", "percent", "100", 2025),
    ("T7-nucleic-testing", "units", "percent", "100", 2025),
    ("T7-external-quality", "units", "percent", "100", 2025),
    ("T8-psychology-clinics", "units", "percent", "100", 2025),
    ("T8-mental-health-clinics", "units", "percent", "60", 2025),
    ("T9-emergency-centres", "units", "percent", "100", 2025),
    ("T9-reform-counties", "sum", "number", "2", 2025),
    ("T10-fever-clinics", "units", "percent", "100", 2025),
    ("T10-fever-rooms", "units", "percent", "100", 2025),
    ("T10-standard-departments", "units", "percent", "80", 2025),
    ("T11-township-hospitals-level2", "units", "percent", "100", 2025),
    ("T11-paired-support", "units", "percent", "100", 2025),
    ("T11-specialty-departments", "sum", "number", "800", 2025),
    ("T12-preventive-treatment", "units", "percent", "100", 2025),
    ("T12-rehabilitation", "units", "percent", "90", 2025),
    ("T13-public-tcm-hospitals", "units", "percent", "100", 2025),
    ("T13-grade-2a", "units", "percent", "90", 2025),
    ("T13-tcm-primary", "units", "percent", "100", 2025),
    ("T13-tcm-village", "units", "percent", "80", 2025),
    ("T13-flagship-clinics", "units", "percent", "15", 2025),
    ("T14-herb-gardens", "sum", "number", "50", 2025),
    ("P36-herb-area", "sum", "number", "200000", 2025),
    ("T14-moxibustion-areas", "sum", "number", "20", 2025),
    ("T15-birth-defect-centres", "units", "percent", "100", 2025),
    ("T15-prenatal-screening", "units", "percent", "100", 2025),
    ("T15-marriage-check", "units", "percent", "100", 2025),
    ("T15-prenatal-diagnosis", "units", "percent", "100", 2025),
    ("T15-hearing-diagnosis", "units", "percent", "100", 2025),
    ("T15-guidance-centres", "units", "percent", "30", 2025),
    ("T15-sunflower-houses", "units", "percent", "25", 2025),
    ("T16-community-childcare", "ratio", "percent", "50", 2025),
    ("T16-city-centres", "units", "percent", "100", 2025),
    ("T16-county-institutions", "units", "percent", "100", 2025),
    ("T16-places", "ratio", "number", "4.5", 2025),
    ("T17-standard-institutions", "units", "percent", "100", 2025),
    ("T17-level2", "units", "percent", "100", 2025),
    ("T17-vehicles-city", "units", "percent", "100", 2025),
    ("T18-geriatric-cities", "units", "number", "11", 2025),
    ("T18-geriatric-departments", "units", "percent", "100", 2025),
    ("P51-hospice-cities", "units", "percent", "100", 2025),
    ("P51-hospice-counties", "units", "percent", "100", 2025),
    ("T19-disease-monitoring", "units", "percent", "100", 2025),
    ("T19-radiation-monitoring", "units", "percent", "100", 2025),
    ("T19-disease-diagnosis", "units", "percent", "100", 2025),
    ("T19-technical-centres", "units", "number", "5", 2025),
    ("T20-service-centres", "units", "percent", "50", 2023),
    ("T20-instructors", "ratio", "percent", "100", 2025),
    ("T20-instructors-certified", "ratio", "percent", "10", 2025),
    ("T20-special-families", "units", "percent", "100", 2025),
    ("T20-warm-homes", "units", "percent", "40", 2025),
    ("T20-youth-bases", "sum", "number", "15", 2025),
    ("T20-universities", "sum", "number", "30", 2025),
    ("T20-parent-training", "units", "percent", "100", 2025),
    ("T21-managers-senior", "sum", "number", "30", 2025),
    ("T21-managers-backbone", "sum", "number", "300", 2025),
    ("T21-innovation-leaders", "sum", "number", "20", 2025),
    ("T21-tcm-national", "sum", "number", "20", 2025),
    ("T21-heritage-instructors", "sum", "number", "40", 2025),
    ("T21-heritage-successors", "sum", "number", "80", 2025),
    ("T21-tcm-backbone", "sum", "number", "200", 2025),
    ("T21-apprenticeship-instructors", "sum", "number", "110", 2025),
    ("T21-apprenticeship-successors", "sum", "number", "220", 2025),
    ("T22-cdc-technicians", "units", "percent", "100", 2025),
    ("T22-supervision-staff", "units", "percent", "100", 2025),
    ("T22-disease-control-staff", "units", "percent", "100", 2025),
    ("T22-chief-experts", "units", "percent", "100", 2025),
    ("P44-monitoring-training", "sum", "number", "120", 2025),
    ("P44-rehabilitation-training", "sum", "number", "100", 2025),
    ("T23-general-practitioners", "sum", "number", "100", 2025),
    ("T23-tcm-training-bases", "sum", "number", "11", 2025),
    ("T24-residents", "sum", "number", "2000", 2025),
    ("T24-residency-bases", "sum", "number", "30", 2025),
    ("T25-research-centres", "sum", "number", "8", 2025),
    ("T25-leading-disciplines", "sum", "number", "10", 2025),
    ("T25-tcm-batches", "sum", "number", "3", 2025),
    ("T25-research-spending", "units", "percent", "100", 2025),
    ("T27-emr-tier2", "mean", "number", "3", 2024),
    ("T27-emr-tier3", "mean", "number", "4", 2024),
    ("T27-service-tier2", "mean", "number", "2", 2024),
    ("T27-service-tier3", "mean", "number", "3", 2024),
    ("T27-management-tier2", "mean", "number", "1", 2024),
    ("T27-management-tier3", "mean", "number", "2", 2024),
    ("T27-service-rated", "units", "percent", "90", 2024),
    ("T27-management-rated", "units", "percent", "70", 2024),
    ("T28-recognition-provincial", "units", "percent", "100", 2023),
    ("T28-recognition", "units", "percent", "100", 2025),
    ("T28-image-sharing", "units", "percent", "100", 2025),
]


@pytest.mark.parametrize(("code", "measure", "as_", "value", "year"), FIGURES)
def test_figures_are_those_of_the_document(code: str, measure: str, as_: str, value: str, year: int) -> None:
    target = TARGETS[code]
    assert (target.measure, target.as_, target.value, target.due) == (measure, as_, Decimal(value), END[year])


STEPS = {
    "T5-specialties-province": ("value", {2023: 50, 2024: 100, 2025: 150}),
    "T5-specialties-city": ("value", {2023: 100, 2024: 200, 2025: 320}),
    "T8-psychology-clinics": ("share", {2023: 60, 2024: 80, 2025: 100}),
    "T8-mental-health-clinics": ("share", {2023: 60, 2024: 80, 2025: 100}),
    "T18-geriatric-departments": ("value", {2023: 90, 2025: 100}),
    "T21-managers-senior": ("share", {2023: 60, 2024: 80, 2025: 100}),
    "T21-managers-backbone": ("share", {2023: 60, 2024: 80, 2025: 100}),
    "T22-chief-experts": ("value", {2023: 50, 2024: 80, 2025: 100}),
}


def test_steps_are_those_of_the_document() -> None:
    for target in PACK.targets:
        kind, years = STEPS.get(target.code, ("value", {}))
        expected = {END[year]: value for year, value in years.items()}
        assert {step.due: getattr(step, kind) for step in target.steps} == expected


# What a single unit must reach.
THRESHOLD_VALUES = {
    "T7-blood-points": 1,
    "T11-township-hospitals-level2": 1,
    "T16-county-institutions": 1,
    "P51-hospice-cities": 1,
    "P51-hospice-counties": 1,
    "T22-cdc-technicians": 70,
    "T22-supervision-staff": 85,
    "T25-research-spending": 2,
}


def test_thresholds_of_single_units_are_those_of_the_document() -> None:
    found = {
        target.code: target.unit_threshold.value
        for target in PACK.targets
        if target.unit_threshold and target.unit_threshold.value is not None
    }
    assert found == THRESHOLD_VALUES


def test_beds_follow_four_classes_of_population() -> None:
    threshold = TARGETS["T3-infectious-beds"].unit_threshold
    assert threshold is not None and threshold.fact == "resident_population"
    assert [(tier.below, tier.value) for tier in threshold.tiers] == [
        (Decimal(300_000), Decimal(20)),
        (Decimal(500_000), Decimal(50)),
        (Decimal(1_000_000), Decimal(80)),
        (None, Decimal(100)),
    ]


def test_denominators_by_population() -> None:
    weights = {t.code: {w.fact: w.per for w in t.denominator} for t in PACK.targets if t.denominator}
    assert weights == {
        "T2-contact-tracers": {"resident_population": 10_000},
        "T6-ambulances": {"urban_population": 30_000, "rural_population": 10_000},
        "T16-places": {"resident_population": 1_000},
    }


def test_ranges_run_from_two_to_three() -> None:
    ranges = {t.code: (t.value, t.upper) for t in PACK.targets if t.comparator is Comparator.BETWEEN}
    assert ranges == dict.fromkeys(
        ["T1-regional-testing-centres", "T9-reform-counties"], (Decimal(2), Decimal(3))
    )


def test_a_city_may_designate_a_hospital_only_below_two_million() -> None:
    by_code = {option.code: option.condition for option in INDICATORS["infectious-hospital"].options}
    assert by_code["infectious"] is None
    condition = by_code["designated"]
    assert condition is not None and condition.fact == "resident_population" and condition.below == 2_000_000


def test_mothers_and_children_from_three_hundred_thousand_residents() -> None:
    where = SCOPES["county-maternal-child-300k"].where
    assert where is not None and where.ancestor is not None
    (fact,) = where.ancestor.facts
    assert fact.fact == "resident_population" and fact.at_least == 300_000


MILESTONES = {
    "T1-cdc-main-structure": ("main-structure", date(2024, 12, 31)),
    "T1-strain-collection": ("complete", date(2025, 12, 31)),
    "T1-p3-laboratory": ("complete", date(2025, 12, 31)),
    "T6-rescue-base": ("complete", date(2024, 12, 31)),
    "T17-vehicles-province": (None, date(2025, 12, 31)),
    "T18-geriatric-province": ("complete", date(2023, 12, 31)),
    "T19-quality-control": (None, date(2023, 12, 31)),
    "T24-campus": ("in-use", date(2024, 9, 30)),
    "T26-training-base": (None, date(2025, 12, 31)),
    "T26-quality-centre": (None, date(2025, 12, 31)),
    "T27-smart-childcare": ("complete", date(2025, 12, 31)),
    "T27-smart-supervision": ("complete", date(2025, 12, 31)),
    "T28-framework": (None, date(2023, 12, 31)),
    "T28-image-platform": ("complete", date(2024, 12, 31)),
}


@pytest.mark.parametrize("code", MILESTONES)
def test_milestones_are_those_of_the_document(code: str) -> None:
    target = TARGETS[code]
    assert (target.measure, target.stage, target.due) == (Measure.OWN, *MILESTONES[code])


def test_the_campus_is_due_in_a_month_and_nothing_else_is() -> None:
    assert [t.code for t in PACK.targets if t.precision is Precision.MONTH] == ["T24-campus"]


def test_dates_the_document_does_not_state_are_shown_as_implied() -> None:
    assert {t.code for t in PACK.targets if t.precision is Precision.IMPLIED} == {
        "T1-testing-quality-centre",
        "T3-infectious-hospitals",
        "T3-infectious-wards",
        "T3-infectious-beds",
        "T7-nucleic-testing",
        "T7-external-quality",
        "T9-reform-counties",
        "T15-research-centre",
        "P51-hospice-cities",
        "P51-hospice-counties",
        "T19-disease-monitoring",
        "T19-radiation-monitoring",
        "T19-disease-diagnosis",
        "T20-special-families",
        "T21-talent-fairs",
        "T23-expert-teams",
        "T24-residents",
        "T25-research-spending",
        "T28-hub",
    }


def test_five_occupational_centres_are_named_as_in_the_body() -> None:
    names = {subject.code: subject.name for subject in PACK.subjects}
    assert len(SCOPES["occupational-centres"].subjects) == 5
    assert names["occ-rehabilitation-guidance"] == "职业病科研诊疗康复指导中心"


def test_the_body_has_three_parts() -> None:
    titles = {document.code: document.ground.title for document in PACK.documents}
    assert "三部分、28项任务" in titles["body"]
    assert "58项" in titles["annex"]


def test_expected_targets_are_those_the_body_softens() -> None:
    assert {t.code for t in PACK.targets if t.strength is Strength.EXPECTED} == {
        "T1-regional-testing-centres",
        "T1-mobile-laboratories",
        "T6-rescue-base",
        "T11-township-hospitals-level2",
        "T16-city-centres",
        "T16-county-institutions",
        "T16-places",
        "T20-service-centres",
        "T23-general-practitioners",
        "T25-research-centres",
        "T25-leading-disciplines",
    }


def test_coverage_already_reached_is_to_be_kept() -> None:
    kept = {t.code for t in PACK.targets if t.maintain}
    assert kept == {
        "T7-nucleic-testing",
        "T7-external-quality",
        "T19-disease-monitoring",
        "T19-radiation-monitoring",
        "T19-disease-diagnosis",
    }


def test_yearly_targets_start_anew_each_year() -> None:
    assert {t.code for t in PACK.targets if t.window is Window.YEAR} == {
        "T9-reform-counties",
        "T21-talent-fairs",
        "T23-expert-teams",
        "T24-residents",
        "T25-research-spending",
    }


def test_what_stands_only_in_the_annex() -> None:
    annex_only = {t.code for t in PACK.targets if {s.document for s in t.sources} == {"annex"}}
    assert annex_only == {
        "P36-herb-area",
        "P44-monitoring-training",
        "P44-rehabilitation-training",
        "P51-hospice-cities",
        "P51-hospice-counties",
    }


# --- responsible units ------------------------------------------------------------------------------------


def _units(code: str) -> list[str]:
    return [str(responsible.unit or responsible.group) for responsible in ITEMS[code].responsible]


@pytest.mark.parametrize(
    ("task", "units"),
    [
        ("T1", ["JX-WJW", "JX-FGW", "JX-KJT", "JX-CZT", "LOCAL"]),
        ("T2", ["JX-WJW", "JX-FGW", "JX-CZT", "CITIES-ZONE"]),
        ("T3", ["JX-FGW", "JX-CZT", "JX-WJW", "JX-ZYY", "LOCAL"]),
        ("T4", ["JX-FGW", "JX-WJW", "JX-ZYY", "JX-CZT", "JX-BB", "CITIES-RELATED"]),
        ("T8", ["JX-WJW", "JX-ZFW", "JX-BB", "LOCAL"]),
        ("T14", ["JX-ZYY", "JX-WJW", "JX-NYT", "JX-WLT", "JX-GZW"]),
        ("T18", ["JX-WJW", "JX-FGW", "JX-KJT", "JX-CZT", "CITIES-ZONE"]),
        ("T23", ["JX-WJW", "JX-ZYY", "JX-CZT", "JX-JYT", "JX-ZZB", "JX-RST", "LOCAL"]),
        ("T24", ["JX-JYT", "JX-WJW", "JX-RST", "JX-CZT"]),
        ("T28", ["JX-WJW", "JX-YBJ", "JX-YJJ", "JX-XXZX", "LOCAL"]),
    ],
)
def test_responsible_units_stand_in_the_order_of_the_document(task: str, units: list[str]) -> None:
    assert _units(task) == units


def test_counts_of_responsible_units() -> None:
    tasks = [f"T{n}" for n in range(1, 29)]
    assert sum("JX-WJW" in _units(task) for task in tasks) == 28
    assert sum(_units(task)[0] == "JX-WJW" for task in tasks) == 21
    assert sum("JX-CZT" in _units(task) for task in tasks) == 15
    assert sum("JX-ZYY" in _units(task) for task in tasks) == 9
    assert sum("JX-FGW" in _units(task) for task in tasks) == 9
    local = {t for t in tasks if any(r.part is Part.LOCAL for r in ITEMS[t].responsible)}
    assert set(tasks) - local == {"T14", "T21", "T24", "T26"}


def test_parts_of_responsible_units() -> None:
    for item in PACK.items:
        if item.type is ItemType.ACTION:
            continue
        parts = [responsible.part for responsible in item.responsible]
        assert parts[0] is Part.FIRST and Part.FIRST not in parts[1:]
        assert all((r.part is Part.LOCAL) == (r.group is not None) for r in item.responsible)


def test_projects_inherit_the_units_of_their_tasks() -> None:
    for item in PACK.items:
        if item.type is ItemType.PROJECT:
            assert set(_units(item.code)) == {unit for task in item.tasks for unit in _units(task)}


# --- organisations ----------------------------------------------------------------------------------------


def test_organisations_form_the_provincial_tree() -> None:
    counts = Counter((row["level"], row["kind"]) for row in UNITS.values())
    assert counts == {
        ("province", "division"): 1,
        ("city", "division"): 11,
        ("county", "division"): 100,
        ("city", "functional_zone"): 1,
        ("province", "department"): 19,
    }
    assert len(UNITS) == len(_rows(ORGANISATIONS))
    for code, row in UNITS.items():
        assert row["parent"] in UNITS or code == "360000"
        assert row["division"] == (code if row["kind"] == "division" else "")
        assert row["synthetic"] == "false"
        date.fromisoformat(row["valid_from"])
        if row["level"] == "county":
            assert UNITS[row["parent"]]["level"] == "city" and code[:4] == row["parent"][:4]


def test_every_department_is_named_as_a_responsible_unit() -> None:
    named = {r.unit for item in PACK.items for r in item.responsible if r.unit}
    assert named == {code for code, row in UNITS.items() if row["kind"] == "department"}


def test_city_residents_add_up_to_the_province() -> None:
    facts = {(row["fact"], row["organisation"]): Decimal(row["value"]) for row in _rows(FACTS)}
    cities = {code for code, row in UNITS.items() if (row["level"], row["kind"]) == ("city", "division")}
    residents = sum(facts["resident_population", city] for city in cities)
    assert facts["resident_population", "360000"] == 45_188_635 == residents
    assert all(50 < facts["urban_share", city] < 80 for city in cities)
    assert len(facts) == 1 + 2 * len(cities)
