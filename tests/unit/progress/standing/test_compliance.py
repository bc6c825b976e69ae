"""Whether one unit complies, by hand from the plan's words and against slow references."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.plans import Indicator, UnitThreshold
from contracts.reports import Answer
from services.progress.standing.compliance import complies, lacks, tier_value

# task 3: 床位数 30万以下 20, 30—50万 50, 50—100万 80, 100万以上 100
BEDS = UnitThreshold.model_validate(
    {
        "fact": "resident_population",
        "tiers": [
            {"below": 300000, "value": 20},
            {"below": 500000, "value": 50},
            {"below": 1000000, "value": 80},
            {"value": 100},
        ],
    }
)


def indicator(value: str, **said: Any) -> Indicator:
    return Indicator.model_validate({"code": "i", "name": "指标", "definition": "定义", "value": value, **said})


def choices(*codes: str) -> list[dict[str, Any]]:
    return [{"code": code, "name": f"{code}中心", "name_en": f"{code} centre"} for code in codes]


NUMBER = indicator("number", unit="张")
SHARE = indicator("ratio", numerator="卫生技术人员数", denominator="编制总额")
YES = indicator("yes_no")
CENTRES = indicator("yes_no", components=choices("stroke", "chest-pain", "trauma"))
LEVEL = indicator("level")
RANK = indicator("rank")
JUDGED = indicator("judged")
STAGE = indicator("stage", stages=choices("absent", "established", "standard"))
HOSPITAL = indicator(
    "yes_no",
    options=[
        {"code": "infectious", "name": "传染病医院", "name_en": "Infectious disease hospital"},
        {
            "code": "designated",
            "name": "指定的综合医院",
            "name_en": "Designated general hospital",
            "condition": {"fact": "resident_population", "below": 2000000},
        },
    ],
)


def least(value: Any, **said: Any) -> UnitThreshold:
    return UnitThreshold.model_validate({"value": value, **said})


def told(asked: Indicator, answer: dict[str, Any], **terms: Any) -> bool | None:
    known: dict[str, Any] = {"threshold": None, "stage": None, "fact": None, "judgement": None}
    return complies(asked, Answer.model_validate(answer), **{**known, **terms})


def lacking(asked: Indicator, answer: dict[str, Any] | None, **terms: Any) -> tuple[str, str]:
    known: dict[str, Any] = {"threshold": None, "stage": None, "fact": None, "judgement": None}
    said = Answer.model_validate(answer) if answer is not None else None
    return tuple(lacks(asked, said, **{**known, **terms}))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("people", "beds"),
    [
        (0, 20), (299999, 20), (300000, 50), (300001, 50), (499999, 50), (500000, 80),
        (999999, 80), (1000000, 100), (6255007, 100), (None, None),
    ],
)  # fmt: skip
def test_beds_by_population_closed_on_the_left(people: int | None, beds: int | None) -> None:
    assert tier_value(BEDS, None if people is None else Decimal(people)) == beds


def test_a_threshold_without_tiers_needs_no_fact() -> None:
    assert tier_value(least(1), None) == 1


def test_a_population_above_closed_tiers_has_no_threshold() -> None:
    closed = BEDS.model_copy(update={"tiers": BEDS.tiers[:2]})
    assert tier_value(closed, Decimal(500000)) is None


CASES: list[tuple[str, Indicator, dict[str, Any], dict[str, Any], bool | None]] = [
    ("50 beds for 300,000", NUMBER, {"value": 50}, {"threshold": BEDS, "fact": Decimal(300000)}, True),
    ("49 beds for 300,000", NUMBER, {"value": 49}, {"threshold": BEDS, "fact": Decimal(300000)}, False),
    ("20 beds for one fewer", NUMBER, {"value": 20}, {"threshold": BEDS, "fact": Decimal(299999)}, True),
    ("population unknown", NUMBER, {"value": 500}, {"threshold": BEDS}, None),
    ("one blood point", NUMBER, {"value": 1}, {"threshold": least(1)}, True),
    ("no blood point", NUMBER, {"value": 0}, {"threshold": least(1)}, False),
    ("no value", NUMBER, {}, {"threshold": least(1)}, None),
    ("no threshold", NUMBER, {"value": 9}, {}, None),
    ("more than 1", NUMBER, {"value": 1}, {"threshold": least(1, comparator="more_than")}, False),
    ("at most 1", NUMBER, {"value": 1}, {"threshold": least(1, comparator="at_most")}, True),
    ("7 of 10 posts", SHARE, {"numerator": 7, "denominator": 10}, {"threshold": least(70)}, True),
    ("2 of 3 posts", SHARE, {"numerator": 2, "denominator": 3}, {"threshold": least(70)}, False),
    ("69.99996 %", SHARE, {"numerator": 1749999, "denominator": 2500000}, {"threshold": least(70)}, False),
    ("no posts", SHARE, {"numerator": 0, "denominator": 0}, {"threshold": least(70)}, None),
    ("yes", YES, {"complies": True}, {}, True),
    ("no", YES, {"complies": False}, {}, False),
    ("no answer", YES, {}, {}, None),
    ("not applicable", YES, {"complies": True, "not_applicable": True}, {}, None),
    ("three centres", CENTRES, {"components": {"stroke": True, "chest-pain": True, "trauma": True}}, {}, True),
    ("two centres", CENTRES, {"components": {"stroke": True, "chest-pain": True, "trauma": False}}, {}, False),
    ("third not answered", CENTRES, {"components": {"stroke": True, "chest-pain": True}}, {}, None),
    ("one missing, one open", CENTRES, {"components": {"stroke": False}}, {}, False),
    ("no centre answered", CENTRES, {"complies": True}, {}, None),
    ("says no in all", CENTRES, {"complies": False, "components": dict.fromkeys(("stroke", "chest-pain", "trauma"), True)}, {}, False),
    ("infectious hospital", HOSPITAL, {"complies": True, "option": "infectious"}, {}, True),
    ("designated, small city", HOSPITAL, {"complies": True, "option": "designated"}, {"fact": Decimal(1999999)}, True),
    ("designated, large city", HOSPITAL, {"complies": True, "option": "designated"}, {"fact": Decimal(2000000)}, False),
    ("designated, size unknown", HOSPITAL, {"complies": True, "option": "designated"}, {}, None),
    ("no form chosen", HOSPITAL, {"complies": True}, {}, None),
    ("no hospital", HOSPITAL, {"complies": False}, {}, False),
    ("level 3", LEVEL, {"level": 3}, {"threshold": least(3)}, True),
    ("level 2", LEVEL, {"level": 2}, {"threshold": least(3)}, False),
    ("unrated", LEVEL, {}, {"threshold": least(3)}, None),
    ("rank 100", RANK, {"rank": 100}, {"threshold": least(100)}, True),
    ("rank 101", RANK, {"rank": 101}, {"threshold": least(100)}, False),
    ("stage reached", STAGE, {"stage": "established"}, {"threshold": least(None, stage="established")}, True),
    ("stage passed", STAGE, {"stage": "standard"}, {"stage": "established"}, True),
    ("stage before", STAGE, {"stage": "absent"}, {"stage": "established"}, False),
    ("no stage given", STAGE, {}, {"stage": "established"}, None),
    ("no stage asked", STAGE, {"stage": "standard"}, {}, None),
    ("half of the works", STAGE, {"stage": "absent", "percent": 50}, {"threshold": least(50)}, True),
    ("less than half", STAGE, {"stage": "standard", "percent": 49}, {"threshold": least(50)}, False),
    ("percentage not given", STAGE, {"stage": "standard"}, {"threshold": least(50)}, None),
    ("judged met", JUDGED, {}, {"judgement": "met"}, True),
    ("judged partly", JUDGED, {}, {"judgement": "partly"}, False),
    ("not judged", JUDGED, {}, {}, None),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_by_hand(case: tuple[str, Indicator, dict[str, Any], dict[str, Any], bool | None]) -> None:
    _, asked, answer, terms, expected = case
    assert told(asked, answer, **terms) is expected


@given(
    people=st.integers(0, 3000000) | st.sampled_from([299999, 300000, 500000, 1000000]),
    beds=st.integers(0, 120),
    order=st.permutations(range(4)),
)
def test_tiers_against_the_sentence_of_the_plan(people: int, beds: int, order: list[int]) -> None:
    """In whatever order the classes are written."""
    asked = 20 if people < 300000 else 50 if people < 500000 else 80 if people < 1000000 else 100
    shuffled = BEDS.model_copy(update={"tiers": [BEDS.tiers[i] for i in order]})
    assert tier_value(shuffled, Decimal(people)) == asked
    assert told(NUMBER, {"value": beds}, threshold=shuffled, fact=Decimal(people)) is (beds >= asked)


@given(
    numerator=st.integers(0, 10**13),
    denominator=st.integers(1, 10**13),
    percent=st.decimals(0, 100, places=4),
)
def test_ratios_are_compared_exactly(numerator: int, denominator: int, percent: Decimal) -> None:
    exact = numerator * 100 * 10**4 >= int(percent * 10**4) * denominator
    answer = {"numerator": numerator, "denominator": denominator}
    assert told(SHARE, answer, threshold=least(percent)) is exact


@given(value=st.integers(0, 100), more=st.integers(0, 100), asked=st.integers(0, 100), most=st.booleans())
def test_more_is_never_worse_and_less_never_worse_under_a_ceiling(
    value: int, more: int, asked: int, most: bool
) -> None:
    threshold = least(asked, comparator="at_most" if most else "at_least")
    before, after = (bool(told(NUMBER, {"value": v}, threshold=threshold)) for v in (value, value + more))
    assert after <= before if most else after >= before


@pytest.mark.parametrize(("people", "counts"), [(299999, True), (300000, False), (499999, False), (500000, True)])
def test_a_condition_frees_from_a_component_outside_its_bounds(people: int, counts: bool) -> None:
    """Closed on the left like the classes: the duty holds from 300,000 to below 500,000 people."""
    condition = {"fact": "resident_population", "at_least": 300000, "below": 500000}
    parts = [{"code": "ward", "name": "病区", "condition": condition}, {"code": "desk", "name": "诊室"}]
    asked = indicator("yes_no", components=parts)
    assert told(asked, {"components": {"desk": True, "ward": False}}, fact=Decimal(people)) is counts
    assert told(asked, {"components": {"desk": True}}, fact=None) is None


LACKS: list[tuple[Indicator, dict[str, Any] | None, dict[str, Any], tuple[str, str]]] = [
    (NUMBER, None, {}, ("尚无数据", "nothing reported")),
    (NUMBER, {"value": 32}, {"threshold": BEDS, "fact": Decimal(300000)}, ("32张，应不低于50张", "32, at least 50 needed")),
    (NUMBER, {"value": 32}, {"threshold": BEDS}, ("缺常住人口，无法确定标准", "resident population unknown, so the threshold is open")),
    (NUMBER, {}, {"threshold": BEDS, "fact": Decimal(300000)}, ("未填数值", "no value given")),
    (NUMBER, {"value": 3}, {}, ("没有达标标准", "no threshold to hold it against")),
    (NUMBER, {"value": 5}, {"threshold": least(4, comparator="at_most")}, ("5张，应不高于4张", "5, at most 4 needed")),
    (NUMBER, {"value": 4}, {"threshold": least(4, comparator="more_than")}, ("4张，应超过4张", "4, more than 4 needed")),
    (NUMBER, {"value": 4}, {"threshold": least(4)}, ("已达标", "complies")),
    (SHARE, {"numerator": 2, "denominator": 3}, {"threshold": least(70)}, ("66.67%，应不低于70%", "66.67%, at least 70% needed")),
    (SHARE, {"numerator": 69999, "denominator": 100000}, {"threshold": least(70)}, ("<70%，应不低于70%", "<70%, at least 70% needed")),
    (SHARE, {"numerator": 0, "denominator": 0}, {"threshold": least(70)}, ("分母为0", "the denominator is 0")),
    (YES, {"complies": False}, {}, ("填报为“否”", "answered no")),
    (YES, {}, {}, ("未作答", "not answered")),
    (YES, {"not_applicable": True}, {}, ("不适用", "not applicable")),
    (CENTRES, {"components": {"stroke": True}}, {}, ("缺chest-pain中心、trauma中心", "lacks chest-pain centre, trauma centre")),
    (HOSPITAL, {"complies": True, "option": "designated"}, {"fact": Decimal(2500000)},
     ("常住人口为2500000，不能以“指定的综合医院”计",
      "“Designated general hospital” does not count with a resident population of 2500000")),
    (HOSPITAL, {"complies": True, "option": "designated"}, {},
     ("缺常住人口，无法确定标准", "resident population unknown, so the threshold is open")),
    (HOSPITAL, {"complies": True}, {}, ("未选定形式", "does not say in which form")),
    (STAGE, {"stage": "absent"}, {"stage": "standard"},
     ("处于“absent中心”，应达到“standard中心”", "at “absent centre”, “standard centre” needed")),
    (STAGE, {}, {"stage": "standard"}, ("未填阶段，应达到“standard中心”", "no stage given, “standard centre” needed")),
    (STAGE, {"stage": "absent", "percent": 40}, {"threshold": least(50)}, ("完成40%，应达到50%", "at 40%, 50% needed")),
    (STAGE, {"stage": "absent"}, {"threshold": least(50)}, ("未填百分比，应达到50%", "no percentage given, 50% needed")),
    (LEVEL, {"level": 2}, {"threshold": least(3)}, ("2，应不低于3", "2, at least 3 needed")),
    (RANK, {"rank": 120}, {"threshold": least(100)}, ("120，应不高于100", "120, at most 100 needed")),
    (JUDGED, {}, {"judgement": "partly"}, ("评定为部分达到", "judged partly met")),
    (JUDGED, {}, {}, ("尚未评定", "not judged yet")),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "answer", "terms", "expected"), LACKS)
def test_what_a_unit_lacks(
    asked: Indicator, answer: dict[str, Any] | None, terms: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert lacking(asked, answer, **terms) == expected
