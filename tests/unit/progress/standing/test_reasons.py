"""The reasons as people read them, in both languages."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from kernel.errors import Said
from services.progress.standing.rules import Amounts, Base, Moment, Words
from tests.unit.progress.standing.cases import CHOICES, ask, at, own, step, target, total

COUNTIES = Words(Said("个县（市、区）", "counties"))
HOSPITALS = Words(Said("家医院", "hospitals"))


def test_the_example_of_the_definition() -> None:
    """80 of 100 counties, as a number of units."""
    asked = target(measure="units", value=100, steps=[step("2024-12-31", value=80)])
    day = date(2024, 12, 31)
    moment = Moment(day, Amounts(units=90, complying=72), Amounts(units=96, complying=78))
    judged = ask(asked, day, [moment], base=94, words=COUNTIES)
    assert judged.reason_en == (
        "80 of 100 by 2024-12-31 expected, 72 confirmed, 6 more reported; "
        "22 counties do not comply (4 counties without a confirmed figure)"
    )
    assert judged.reason_zh == (
        "到2024年12月31日应达到80个（终期100个），已审定72个，另有6个待审定；"
        "22个县（市、区）未达标（含4个县（市、区）尚无审定数）"
    )


def test_a_share_of_the_final_value_says_how_many_that_is() -> None:
    asked = target(measure="units", **{"as": "percent"}, value=60, steps=[step("2023-12-31", share=60)])
    judged = ask(asked, "2023-12-31", [at("2023-12-31", units=11, complying=3)], base=11, words=HOSPITALS)
    assert judged.reason_en == (
        "36% (4 of 11; 60% in the end) by 2023-12-31 expected, 27.27% (3 of 11) confirmed; 8 hospitals do not comply"
    )
    assert judged.reason_zh == (
        "到2023年12月31日应达到36%（11个中的4个，终期60%），已审定27.27%（11个中的3个）；8家医院未达标"
    )


def test_the_soft_word_and_the_settings_are_told() -> None:
    asked = target(measure="sum", comparator="about", value=2000, window="year", precision="implied", softening="左右")
    judged = ask(asked, "2023-06-30", [total("2023-06-30", 800)])
    assert judged.reason_en == (
        "843.01 of about 2000 by 2023-06-30 expected, 800 confirmed; "
        "“about” is read with a tolerance of 15%: met from 1700 on; the text says “左右”; "
        "the deadline is implied by the end of the plan; expected on a straight line from 0 on 2022-12-31; "
        "the gap is within the band of 10%"
    )
    assert judged.reason_zh == (
        "到2023年6月30日应达到843.01（终期2000左右），已审定800；“左右”按下浮不超过15%掌握，1700即达到；原文为“左右”；"
        "期限未写明，按规划期末；应达到的数自2022年12月31日的0起按直线推算；差距在10%的幅度以内"
    )
    assert judged.assumptions == ("about-tolerance", "band")


def test_without_a_baseline_it_is_said_and_the_next_step_named() -> None:
    asked = target(measure="sum", value=150, steps=[step("2023-12-31", value=50)])
    judged = ask(asked, "2024-06-30", [total("2024-03-31", 60)])
    assert judged.reason_en == (
        "50 of 150 by 2023-12-31 expected, 60 confirmed as of 2024-03-31; "
        "judged step by step, no baseline being known; next 150 by 2025-12-31"
    )
    assert judged.reason_zh == (
        "到2023年12月31日应达到50（终期150），已审定60（截至2024年3月31日）；没有基线，只按节点评价；"
        "下一节点2025年12月31日应达到150"
    )


def test_rounding_never_makes_a_figure_look_sufficient() -> None:
    asked = target(measure="ratio", **{"as": "percent"}, value=90)
    figures = at("2025-12-31", numerator=Decimal(89999), denominator=Decimal(100000), units=1)
    judged = ask(asked, "2025-12-31", [figures])
    assert judged.reason_en == "90% by 2025-12-31 expected, just under 90% confirmed"
    assert judged.reason_zh == "到2025年12月31日应达到90%，已审定略低于90%"
    cap = target(measure="ratio", **{"as": "percent"}, comparator="at_most", value=90)
    over = at("2025-12-31", numerator=Decimal(90001), denominator=Decimal(100000), units=1)
    assert "just over 90%" in ask(cap, "2025-12-31", [over]).reason_en
    half_up = at("2025-12-31", numerator=Decimal(1), denominator=Decimal(800), units=1)
    assert "0.13% confirmed" in ask(asked, "2025-12-31", [half_up]).reason_en


def test_stages_by_name_and_by_place() -> None:
    asked = target(measure="own", comparator="reached", stage="in-use", due=date(2024, 9, 30))
    moments = [own("2024-10-31", stage="in-use")]
    named = Words(stages={"in-use": Said("投入使用", "In use")})
    judged = ask(asked, "2024-10-31", moments, words=named)
    assert (
        judged.reason_en == "“In use” by 2024-09-30 expected, confirmed: “In use”, met since 2024-10-31, 31 days late"
    )
    assert judged.reason_zh == ("到2024年9月30日应达到“投入使用”，审定为“投入使用”，自2024年10月31日起达到，逾期31天")
    assert ask(asked, "2024-10-31", moments).reason_en.startswith("stage 5 by 2024-09-30 expected, confirmed: stage 5")


def test_yes_rank_and_judgement() -> None:
    done = target(measure="own", comparator="reached")
    assert ask(done, "2025-12-31", [own("2025-12-31", complies=False)]).reason_zh == (
        "到2025年12月31日应完成，审定为未完成"
    )
    assert ask(done, "2025-12-31", [own("2025-12-31", judgement="partly")]).reason_en == (
        "a judgement of “met” by 2025-12-31 expected, confirmed: partly met"
    )
    rank = target(measure="own", comparator="at_most", value=100)
    assert ask(rank, "2025-12-31", [own("2025-12-31", rank=120)]).reason_zh == (
        "到2025年12月31日应进入前100名，审定为第120名"
    )


def test_bounds_and_ranges() -> None:
    more = target(measure="sum", comparator="more_than", value=50)
    assert ask(more, "2025-12-31", [total("2025-12-31", 50)]).reason_en == (
        "more than 50 by 2025-12-31 expected, 50 confirmed"
    )
    most = target(measure="sum", comparator="at_most", value=50)
    assert ask(most, "2025-12-31", [total("2025-12-31", 51)]).reason_zh == "到2025年12月31日应不高于50，已审定51"
    few = target(measure="sum", comparator="between", value=2, upper=3)
    judged = ask(few, "2025-12-31", [total("2025-12-31", 4)])
    assert judged.reason_en.startswith("2 to 3 by 2025-12-31 expected, 4 confirmed")
    assert judged.reason_en.endswith("above the upper bound, which is no failure")
    assert judged.reason_zh.startswith("到2025年12月31日应达到2—3，已审定4")


def test_less_reported_than_confirmed_is_told_too() -> None:
    asked = target(measure="sum", value=100)
    assert "72 confirmed, 70 reported" in ask(asked, "2025-12-31", [total("2025-12-31", 72, 70)]).reason_en
    assert "已审定72，填报数为70" in ask(asked, "2025-12-31", [total("2025-12-31", 72, 70)]).reason_zh


def test_in_time_and_a_day_late() -> None:
    asked = target(measure="sum", value=100)
    assert ask(asked, "2025-12-31", [total("2025-12-31", 100)]).reason_zh == (
        "到2025年12月31日应达到100，已审定100，自2025年12月31日起达到，按期"
    )
    late = ask(asked, "2026-01-01", [total("2026-01-01", 100)])
    assert late.reason_en == "100 by 2025-12-31 expected, 100 confirmed, met since 2026-01-01, 1 day late"


def test_what_is_missing_is_named() -> None:
    asked = target(measure="sum", value=100, window="year")
    day = date(2024, 6, 30)
    nothing = ask(asked, day, [])
    assert (nothing.reason_zh, nothing.reason_en) == ("2024年尚无数据", "no figure of 2024 yet")
    waiting = ask(asked, day, [Moment(day, reported=Amounts(value=Decimal(6), units=1))])
    assert waiting.reason_en == "no confirmed figure of 2024 yet, 6 reported"
    assert waiting.actual_reported == 6 and waiting.final == 100
    quarter = target(measure="sum", value=1, window="quarter")
    assert ask(quarter, day, []).reason_zh == "2024年第2季度尚无数据"
    assert ask(asked, day, [], base=0).reason_en == "no unit is in scope, the base is 0"
    excluded = ask(asked, day, [at("2024-06-30", excluded=3)], base=3)
    assert excluded.reason_zh == "统计范围内的单位均不适用，基数为0"
    ratio = target(measure="ratio", **{"as": "percent"}, value=50)
    assert ask(ratio, day, [at("2024-06-30", units=2)], base=3).reason_en == "the denominator is 0"
    open_scope = ask(asked, day, [total("2024-06-30", 5)], base=Base(9, uncertain=1))
    assert open_scope.reason_en == "population unknown: 1 of the units may be in scope"
    nobody_certain = ask(asked, day, [], base=Base(0, uncertain=2))
    assert nobody_certain.reason_en == "population unknown: 2 units may be in scope"
    unheard = target(measure="own", comparator="reached", stage="opened")
    assert "stage" in ask(unheard, day, [own("2024-06-30", stage="complete")]).reason_en
    valueless = target(measure="sum", comparator="reached")
    assert "no value" in ask(valueless, day, [total("2024-06-30", 5)]).reason_en


def test_an_inherited_threshold_is_told() -> None:
    asked = target(measure="units", **{"as": "percent"}, value=60)
    judged = ask(asked, "2025-12-31", [at("2025-12-31", units=2, complying=1)], base=2, own_share=False)
    assert judged.reason_en.endswith("no agreed share, judged by the holder's threshold")
    assert judged.reason_zh.endswith("没有商定分解数，沿用上级目标的标准")
    barred = replace(CHOICES, inherit_share_thresholds=False)
    refused = ask(asked, "2025-12-31", [at("2025-12-31", units=2, complying=1)], own_share=False, choices=barred)
    assert refused.reason_zh.startswith("本地没有商定的分解数")


def test_before_the_plan_nothing_is_expected() -> None:
    asked = target(measure="sum", value=100, window="plan")
    moment = total("2023-01-31", 1)
    judged = ask(asked, "2023-01-31", [moment], plan_starts=date(2023, 1, 1))
    assert judged.expected is not None
    kept = target(measure="units", value=3, maintain=True)
    early = ask(kept, "2022-12-31", [at("2022-12-31", units=3, complying=2)], base=3)
    assert early.reason_en.startswith("nothing is expected before 2023-01-01, 2 confirmed")
    assert early.reason_zh.startswith("自2023年1月1日起计，已审定2个")
