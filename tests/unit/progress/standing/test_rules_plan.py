"""Standings of the Jiangxi plan 2023–2025, computed by hand from its words (赣府发〔2023〕1号)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.vocabularies import Status
from kernel.errors import Said
from services.progress.standing.rules import Base, Moment, Own, Words
from tests.unit.progress.standing.cases import CHOICES, ask, at, own, step, target, total

COUNTIES = Words(Said("个县（市、区）", "counties"))
YEARS = ("2023-12-31", "2024-12-31", "2025-12-31")

# task 5: 省级临床重点专科 50 / 100 / 150 个以上
SPECIALTIES = target(
    measure="sum", value=150, steps=[step(day, value=v) for day, v in zip(YEARS, (50, 100, 150), strict=True)]
)
# task 8: 60%以上的二级以上综合医院; 完成率 60 / 80 / 100 %
CLINICS = target(
    measure="units",
    **{"as": "percent"},
    value=60,
    steps=[step(day, share=s) for day, s in zip(YEARS, (60, 80, 100), strict=True)],
)
# task 6: one ambulance for 30,000 townspeople and for 10,000 villagers
AMBULANCES = target(
    measure="ratio",
    **{"as": "percent"},
    value=100,
    denominator=[{"fact": "urban_population", "per": 30000}, {"fact": "rural_population", "per": 10000}],
)
# task 27: 二级公立医院平均级别 3 级, by the end of 2024
RECORDS = target(measure="mean", value=3, due=date(2024, 12, 31))
# task 24: 每年培养 2000 名左右
RESIDENTS = target(measure="sum", comparator="about", value=2000, window="year", precision="implied", softening="左右")
# task 9: 每年遴选 2—3 个县
REFORM = target(measure="sum", comparator="between", value=2, upper=3, window="year", precision="implied")
# task 24: 到2024年9月建成投运
CAMPUS = target(measure="own", comparator="reached", stage="in-use", due=date(2024, 9, 30), precision="month")
# task 19: 维持县级全覆盖
MONITORING = target(measure="units", **{"as": "percent"}, value=100, maintain=True, precision="implied")
# task 21: 30 名, 完成率 60 / 80 / 100 %
MANAGERS = target(
    measure="sum",
    value=30,
    window="plan",
    steps=[step(day, share=s) for day, s in zip(YEARS, (60, 80, 100), strict=True)],
)
# task 23: 力争到2025年招聘100名全科医生
DOCTORS = target(measure="sum", value=100, window="plan", strength="expected", softening="力争")


def clinics(day: str, complying: int, units: int = 100) -> Moment:
    return at(day, units=units, complying=complying)


CASES: dict[str, tuple[Any, ...]] = {
    # target, on, moments, base -> status, expected, met on
    "task 5, first year under way": (SPECIALTIES, "2023-12-30", [total("2023-09-30", 20)], 1, "not_due", None, None),
    "task 5, 49 at the end of 2023": (SPECIALTIES, "2023-12-31", [total("2023-12-31", 49)], 1, "overdue", 50, None),
    "task 5, 50 at the end of 2023": (SPECIALTIES, "2023-12-31", [total("2023-12-31", 50)], 1, "on_track", 50, None),
    "task 5, 50 still a year later less a day": (
        SPECIALTIES,
        "2024-12-30",
        [total("2024-09-30", 50)],
        1,
        "on_track",
        50,
        None,
    ),
    "task 5, 50 a year later": (SPECIALTIES, "2024-12-31", [total("2024-12-31", 50)], 1, "overdue", 100, None),
    "task 5, done early": (
        SPECIALTIES,
        "2025-06-30",
        [total("2024-12-31", 150), total("2025-03-31", 152)],
        1,
        "achieved",
        100,
        "2024-12-31",
    ),
    "task 5, fell back": (
        SPECIALTIES,
        "2025-06-30",
        [total("2024-12-31", 150), total("2025-03-31", 149)],
        1,
        "on_track",
        100,
        None,
    ),
    "task 5, fell back and recovered": (
        SPECIALTIES,
        "2025-12-31",
        [total("2024-12-31", 150), total("2025-03-31", 149), total("2025-09-30", 150)],
        1,
        "achieved",
        150,
        "2025-09-30",
    ),
    "task 5, late": (SPECIALTIES, "2026-03-31", [total("2026-03-31", 150)], 1, "achieved", 150, "2026-03-31"),
    "task 8, 36 % of 100 are owed, 35 there": (
        CLINICS,
        "2023-12-31",
        [clinics("2023-12-31", 35)],
        100,
        "overdue",
        36,
        None,
    ),
    "task 8, 36 there": (CLINICS, "2023-12-31", [clinics("2023-12-31", 36)], 100, "on_track", 36, None),
    "task 8, 48 % in 2024": (CLINICS, "2024-12-31", [clinics("2024-12-31", 47)], 100, "overdue", 48, None),
    "task 8, of 11 hospitals 3 are too few": (
        CLINICS,
        "2023-12-31",
        [clinics("2023-12-31", 3, 11)],
        11,
        "overdue",
        36,
        None,
    ),
    "task 8, of 11 hospitals 4 suffice": (
        CLINICS,
        "2023-12-31",
        [clinics("2023-12-31", 4, 11)],
        11,
        "on_track",
        36,
        None,
    ),
    "task 8, silent hospitals stay in the base": (
        CLINICS,
        "2025-12-31",
        [clinics("2025-12-31", 59, 59)],
        100,
        "overdue",
        60,
        None,
    ),
    "task 8, not applicable ones leave it": (
        CLINICS,
        "2025-12-31",
        [at("2025-12-31", units=59, complying=57, excluded=5)],
        100,
        "achieved",
        60,
        "2025-12-31",
    ),
    "task 27, one unrated of four counts 0": (
        RECORDS,
        "2024-12-31",
        [at("2024-12-31", value=Decimal(11), units=3)],
        4,
        "overdue",
        3,
        None,
    ),
    "task 27, all rated": (
        RECORDS,
        "2024-12-31",
        [at("2024-12-31", value=Decimal(12), units=4)],
        4,
        "achieved",
        3,
        "2024-12-31",
    ),
    "task 24, 1,700 of about 2,000": (
        RESIDENTS,
        "2023-12-31",
        [total("2023-12-31", 1700)],
        1,
        "achieved",
        1700,
        "2023-12-31",
    ),
    "task 24, 1,699": (RESIDENTS, "2023-12-31", [total("2023-12-31", 1699)], 1, "overdue", 1700, None),
    "task 24, a new year starts anew": (
        RESIDENTS,
        "2024-01-31",
        [total("2023-12-31", 2500)],
        1,
        "not_judged",
        None,
        None,
    ),
    "task 24, after the plan its last year is judged": (
        RESIDENTS,
        "2026-05-01",
        [total("2025-12-31", 1699), total("2026-03-31", 900)],
        1,
        "overdue",
        1700,
        None,
    ),
    "task 9, one county": (REFORM, "2023-12-31", [total("2023-12-31", 1)], 1, "overdue", 2, None),
    "task 9, two counties in June": (
        REFORM,
        "2023-06-30",
        [total("2023-06-30", 2)],
        1,
        "achieved",
        "0.9918",
        "2023-06-30",
    ),
    "task 9, four are no failure": (REFORM, "2023-12-31", [total("2023-12-31", 4)], 1, "achieved", 2, "2023-12-31"),
    "task 24, campus built in August": (
        CAMPUS,
        "2024-09-29",
        [own("2024-08-31", stage="complete")],
        1,
        "not_due",
        None,
        None,
    ),
    "task 24, campus not in use": (CAMPUS, "2024-09-30", [own("2024-09-30", stage="complete")], 1, "overdue", 5, None),
    "task 24, campus in use": (
        CAMPUS,
        "2024-09-30",
        [own("2024-09-30", stage="in-use")],
        1,
        "achieved",
        5,
        "2024-09-30",
    ),
    "task 24, campus in use in October": (
        CAMPUS,
        "2024-12-31",
        [own("2024-09-30", stage="complete"), own("2024-10-31", stage="in-use")],
        1,
        "achieved",
        5,
        "2024-10-31",
    ),
    "task 19, kept": (MONITORING, "2024-06-30", [clinics("2024-06-30", 100)], 100, "on_track", 100, None),
    "task 19, one county fell out": (MONITORING, "2024-06-30", [clinics("2024-06-30", 99)], 100, "behind", 100, None),
    "task 19, kept to the end": (
        MONITORING,
        "2025-12-31",
        [clinics("2025-12-31", 100)],
        100,
        "achieved",
        100,
        "2025-12-31",
    ),
    "task 19, not kept to the end": (MONITORING, "2025-12-31", [clinics("2025-12-31", 99)], 100, "overdue", 100, None),
    "task 21, 18 of 30 in 2023": (MANAGERS, "2023-12-31", [total("2023-12-31", 18)], 1, "on_track", 18, None),
    "task 21, 17 of 30 in 2023": (MANAGERS, "2023-12-31", [total("2023-12-31", 17)], 1, "overdue", 18, None),
    # 181 of 365 days of the first year: 18 × 181 / 365 = 8.926
    "task 21, 9 at half-year": (MANAGERS, "2023-06-30", [total("2023-06-30", 9)], 1, "on_track", "8.926", None),
    "task 21, 6 at half-year is within 10 % of 30": (
        MANAGERS,
        "2023-06-30",
        [total("2023-06-30", 6)],
        1,
        "at_risk",
        "8.926",
        None,
    ),
    "task 21, 5 at half-year is not": (MANAGERS, "2023-06-30", [total("2023-06-30", 5)], 1, "behind", "8.926", None),
    # 1,096 days of the plan, 731 gone: 66.6971
    "task 23, 57 after two years": (DOCTORS, "2024-12-31", [total("2024-12-31", 57)], 1, "at_risk", "66.6971", None),
    "task 23, 56 after two years": (DOCTORS, "2024-12-31", [total("2024-12-31", 56)], 1, "behind", "66.6971", None),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    asked, on, moments, base, status, expected, met_on = CASES[name]
    judged = ask(asked, on, moments, base=base)
    assert judged.status.value == status, judged.reason_en
    assert judged.expected == (None if expected is None else pytest.approx(Decimal(expected), abs=Decimal("0.0001")))
    assert judged.met_on == (date.fromisoformat(met_on) if met_on else None)
    assert judged.late == (met_on is not None and date.fromisoformat(met_on) > asked.due)


def test_ambulances_need_the_population_in_town_and_country() -> None:
    """A county with 300,000 people in town and 200,000 in villages owes 10 + 20 ambulances."""
    weighted = Decimal(300000) / 30000 + Decimal(200000) / 10000
    thirty, fewer = (at("2025-12-31", value=Decimal(n), units=1) for n in (30, 29))
    assert ask(AMBULANCES, "2025-12-31", [thirty], fact_denominator=weighted).status is Status.ACHIEVED
    short = ask(AMBULANCES, "2025-12-31", [fewer], fact_denominator=weighted)
    assert (short.status, short.actual) == (Status.OVERDUE, Decimal("96.6667"))
    unknown = ask(AMBULANCES, "2025-12-31", [thirty], denominator_known=False, fact_denominator=weighted)
    assert unknown.status is Status.NOT_JUDGED and unknown.actual is None
    assert "population unknown" in unknown.reason_en and "人口未知" in unknown.reason_zh


def test_an_unrated_hospital_can_be_left_out_of_the_mean() -> None:
    moments = [at("2024-12-31", value=Decimal(9), units=3)]
    lowest = ask(RECORDS, "2024-12-31", moments, base=4)
    excluded = ask(RECORDS, "2024-12-31", moments, base=4, choices=replace(CHOICES, unrated="excluded"))
    assert (lowest.status, lowest.actual) == (Status.OVERDUE, Decimal("2.25"))
    assert (excluded.status, excluded.actual) == (Status.ACHIEVED, Decimal(3))
    assert lowest.assumptions == excluded.assumptions == ("unrated-level-counts-as",)


def test_what_dropped_but_is_still_enough_is_at_risk() -> None:
    kept = MONITORING.model_copy(update={"value": Decimal(95)})
    history = [clinics("2023-12-31", 98), clinics("2024-06-30", 96)]
    assert ask(kept, "2024-06-30", history, base=100).status is Status.AT_RISK
    assert ask(kept, "2024-06-30", history[1:], base=100).status is Status.ON_TRACK
    assert ask(kept, "2024-06-30", [*history, clinics("2024-06-30", 98)], base=100).status is Status.ON_TRACK
    assert "down from 98%" in ask(kept, "2024-06-30", history, base=100).reason_en


def test_an_earlier_moment_is_held_against_its_own_base() -> None:
    """All 10 of 10 hospitals in 2024; an eleventh opens in 2025 and complies at once: met since 2024."""
    every = target(measure="units", **{"as": "percent"}, value=100)
    then, now = clinics("2024-12-31", 10, 10), clinics("2025-12-31", 11, 11)
    assert ask(every, "2025-12-31", [then, now], base=11).met_on == date(2025, 12, 31)
    assert ask(every, "2025-12-31", [replace(then, base=Base(10)), now], base=11).met_on == date(2024, 12, 31)


def test_an_old_figure_is_stale_only_when_nothing_worse_or_better_holds() -> None:
    old = [total("2024-01-31", 60)]
    limited = replace(CHOICES, stale_after=timedelta(days=60))
    assert ask(SPECIALTIES, "2024-03-31", old, choices=limited).status is Status.ON_TRACK
    stale = ask(SPECIALTIES, "2024-04-01", old, choices=limited)
    assert (stale.status, stale.assumptions) == (Status.STALE, ("stale-after-periods",))
    assert "61 days old" in stale.reason_en
    assert ask(SPECIALTIES, "2024-12-31", old, choices=limited).status is Status.OVERDUE
    done = ask(SPECIALTIES, "2025-12-31", [total("2024-01-31", 150)], choices=limited)
    assert done.status is Status.ACHIEVED and done.assumptions == ()
    assert ask(SPECIALTIES, "2024-11-30", old, choices=replace(CHOICES, stale_after=None)).status is Status.ON_TRACK


def test_a_rank_is_better_when_lower() -> None:
    """Ganzhou: 进入前100名."""
    hundred = target(measure="own", comparator="at_most", value=100, due=date(2023, 12, 31))
    found = {n: ask(hundred, "2023-12-31", [own("2023-12-31", rank=n)]).status.value for n in (99, 100, 101)}
    assert found == {99: "achieved", 100: "achieved", 101: "overdue"}


def test_a_ceiling_is_not_reached_before_its_year_is_over() -> None:
    ceiling = target(measure="sum", comparator="at_most", value=365, window="year")
    assert ask(ceiling, "2023-06-30", [total("2023-06-30", 181)]).status is Status.ON_TRACK
    assert ask(ceiling, "2023-06-30", [total("2023-06-30", 217)]).status is Status.AT_RISK
    assert ask(ceiling, "2023-06-30", [total("2023-06-30", 218)]).status is Status.BEHIND
    assert ask(ceiling, "2023-12-31", [total("2023-12-31", 365)]).status is Status.ACHIEVED
    assert ask(ceiling, "2023-12-31", [total("2023-12-31", 366)]).status is Status.OVERDUE


def test_a_change_against_a_base_year() -> None:
    """Ganzhou: 三、四级手术提升10%, 外转病人下降10%; 200 in 2022."""
    before = {"value": 200, "on": date(2022, 12, 31), "source": "2022年统计"}
    said: dict[str, Any] = {"measure": "sum", "window": "year", "relative_to": 2022, "due": date(2023, 12, 31)}
    rise = target(**said, value=10, baseline=before)
    fall = target(**said, comparator="at_most", value=-10, baseline=before)
    for asked, enough, too_little in ((rise, 220, 219), (fall, 180, 181)):
        assert ask(asked, "2023-12-31", [total("2023-12-31", enough)]).status is Status.ACHIEVED
        assert ask(asked, "2023-12-31", [total("2023-12-31", too_little)]).status is Status.OVERDUE
    unknown = ask(target(**said, value=10), "2023-12-31", [total("2023-12-31", 300)])
    assert unknown.status is Status.NOT_JUDGED and "2022" in unknown.reason_en


def test_the_edge_of_the_band_is_still_at_risk() -> None:
    """10 a day for 1,096 days: 7,310 after two years; 10 % of 10,960 is 1,096."""
    asked = target(measure="sum", value=10960, window="plan")
    found = {n: ask(asked, "2024-12-31", [total("2024-12-31", n)]).status.value for n in (7310, 7309, 6214, 6213)}
    assert found == {7310: "on_track", 7309: "at_risk", 6214: "at_risk", 6213: "behind"}


def test_the_newest_figure_is_held_against_the_population_of_the_day() -> None:
    """1 for 10,000 people: 100 tracers for a million, fewer when fewer lived there."""
    tracers = target(measure="ratio", value=1, denominator=[{"fact": "resident_population", "per": 10000}])
    then = replace(at("2024-12-31", value=Decimal(90), units=1), fact_denominator=Decimal(90))
    now = replace(at("2025-12-31", value=Decimal(99), units=1), fact_denominator=Decimal(90))
    assert ask(tracers, "2025-12-31", [then, now], fact_denominator=100).actual == Decimal("0.99")
    enough = at("2025-12-31", value=Decimal(100), units=1)
    assert ask(tracers, "2025-12-31", [then, enough], fact_denominator=100).met_on == date(2024, 12, 31)


def test_a_change_needs_the_value_of_that_very_year() -> None:
    other = {"value": 200, "on": date(2021, 12, 31), "source": "2021年统计"}
    asked = target(measure="sum", window="year", relative_to=2022, value=10, baseline=other)
    judged = ask(asked, "2023-12-31", [total("2023-12-31", 300)])
    assert judged.status is Status.NOT_JUDGED
    assert judged.reason_zh == "缺2022年的数，无法比较"


def test_the_last_year_of_a_yearly_target_ends_with_the_target() -> None:
    asked = target(measure="sum", value=100, window="year", due=date(2024, 9, 30))
    assert ask(asked, "2024-09-29", [total("2024-08-31", 99)]).status is Status.AT_RISK
    assert ask(asked, "2024-09-30", [total("2024-09-30", 99)]).status is Status.OVERDUE
    late = ask(asked, "2024-12-31", [total("2024-09-30", 99), total("2024-12-31", 140)])
    assert (late.status, late.actual) == (Status.OVERDUE, 99)


def test_the_first_year_of_a_plan_that_begins_in_july_is_half_a_year() -> None:
    """93 of the 184 days from 1 July to 31 December are over on 1 October."""
    asked = target(measure="sum", value=184, window="year")
    july = date(2023, 7, 1)
    judged = ask(asked, "2023-10-01", [total("2023-10-01", 93)], plan_starts=july)
    assert (judged.status, judged.expected) == (Status.ON_TRACK, 93)
    assert ask(asked, "2023-10-01", [total("2023-10-01", 92)], plan_starts=july).status is Status.AT_RISK


def test_a_county_without_a_share_of_a_total_is_not_judged() -> None:
    judged = ask(SPECIALTIES, "2025-12-31", [total("2025-12-31", 200)], own_share=False)
    assert (judged.status, judged.actual, judged.final) == (Status.NOT_JUDGED, Decimal(200), None)
    assert judged.reason_en == "no agreed share of the total"


def test_a_county_is_held_against_the_percentage_of_its_holder() -> None:
    judged = ask(CLINICS, "2023-12-31", [clinics("2023-12-31", 3, 10)], base=10, own_share=False)
    assert (judged.status, judged.inherited) == (Status.OVERDUE, True)
    assert judged.assumptions == ("inherit-share-thresholds",)
    strict = replace(CHOICES, inherit_share_thresholds=False)
    alone = ask(CLINICS, "2023-12-31", [clinics("2023-12-31", 3, 10)], base=10, own_share=False, choices=strict)
    assert (alone.status, alone.inherited) == (Status.NOT_JUDGED, False)
    assert alone.assumptions == ("inherit-share-thresholds",)


def test_a_baseline_of_the_holder_is_not_that_of_a_lower_area() -> None:
    """The line of the province would ask a county for what it never had."""
    coverage = target(
        measure="ratio",
        **{"as": "percent"},
        value=50,
        baseline={"value": 30, "on": date(2022, 12, 31), "source": "公报"},
    )
    third = [at("2024-06-30", numerator=Decimal(31), denominator=Decimal(100), units=1)]
    assert ask(coverage, "2024-06-30", third).status is Status.BEHIND
    assert ask(coverage, "2024-06-30", third, own_share=False).status is Status.NOT_DUE


def test_a_judged_target_waits_for_the_reviewer() -> None:
    equipment = target(measure="own", comparator="reached", strength="qualitative")
    waiting = Moment(date(2025, 6, 30), own_reported=Own())
    assert ask(equipment, "2025-06-30", [waiting]).reason_en == "not judged by a reviewer yet"
    assert ask(equipment, "2025-06-30", [own("2025-06-30", judgement="partly")]).status is Status.NOT_DUE
    assert ask(equipment, "2025-12-31", [own("2025-12-31", judgement="partly")]).status is Status.OVERDUE
    done = ask(equipment, "2025-12-31", [own("2025-12-31", judgement="met")])
    assert (done.status, done.actual) == (Status.ACHIEVED, None)


def test_several_gaps_are_all_named() -> None:
    judged = ask(CLINICS, "2023-12-31", [], base=Base(10, uncertain=2, lacking_fact=1), words=COUNTIES)
    assert (
        judged.reason_en
        == "population unknown: 2 counties may be in scope; population unknown: no threshold for 1 of the counties"
    )
    assert (
        judged.reason_zh == "人口未知，2个县（市、区）是否在统计范围内无法确定；人口未知，1个县（市、区）的标准无法确定"
    )


def test_counts_are_owed_in_whole_pieces() -> None:
    """60 % of 8 are 4.8, so 5; 4 are too few."""
    eight = target(measure="units", value=8, steps=[step("2023-12-31", share=60)])
    four, five = (ask(eight, "2023-12-31", [clinics("2023-12-31", n, 8)], base=8) for n in (4, 5))
    assert (four.status, four.expected) == (Status.OVERDUE, Decimal(5))
    assert (five.status, five.expected) == (Status.ON_TRACK, Decimal(5))
