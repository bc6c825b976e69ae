"""Whether one unit complies with a target, and what it lacks if not. Pure; compared exactly, never rounded.

The thresholds are the plan's own: beds by population (task 3), staff against posts (task 22), component sets
(task 9), one of several forms (tasks 3 and 17), stages of a project. "Cannot tell" is None, never a no.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from contracts.base import plain
from contracts.plans import Choice, FactCondition, Indicator, UnitThreshold
from contracts.reports import Answer
from contracts.vocabularies import Comparator, Value
from kernel.errors import Said
from services.progress.standing.terms import rounded

_FACTS = {
    "resident_population": Said("常住人口", "resident population"),
    "urban_population": Said("城镇人口", "urban population"),
    "rural_population": Said("乡村人口", "rural population"),
}
_JUDGED = {
    "partly": Said("评定为部分达到", "judged partly met"),
    "not_met": Said("评定为未达到", "judged not met"),
}


def tier_value(threshold: UnitThreshold, fact: Decimal | None) -> Decimal | None:
    """What the threshold asks of a unit with this fact; None when the fact is needed and unknown.

    Classes are closed on the left, because the text writes 30—50万 and 50—100万 and leaves the edges open: a
    population of exactly 300,000 belongs to the class that begins there.
    """
    if not threshold.tiers:
        return threshold.value
    if fact is None:
        return None
    bounded = [tier for tier in threshold.tiers if tier.below is not None and fact < tier.below]
    if bounded:
        return min(bounded, key=lambda tier: tier.below or Decimal(0)).value
    return next((tier.value for tier in threshold.tiers if tier.below is None), None)


def complies(
    indicator: Indicator,
    answer: Answer,
    *,
    threshold: UnitThreshold | None,
    stage: str | None,
    fact: Decimal | None,
    judgement: str | None,
) -> bool | None:
    """Whether an answer complies, None when that cannot be told (no value, fact unknown, not applicable).

    `fact` is the value of the fact named by the tiers, or by the conditions of components and options.
    """
    if answer.not_applicable:
        return None
    match indicator.value:
        case Value.YES_NO:
            return _says_yes(indicator, answer, fact)
        case Value.STAGE:
            return _stage_reached(indicator, answer, threshold, stage)
        case Value.JUDGED:
            return None if judgement is None else judgement == "met"
        case _:
            figure, asked = _figure(indicator, answer), tier_value(threshold, fact) if threshold else None
            if threshold is None or figure is None or asked is None:
                return None
            return _holds(_comparator(indicator, threshold), figure, Fraction(asked))


def lacks(
    indicator: Indicator,
    answer: Answer | None,
    *,
    threshold: UnitThreshold | None,
    stage: str | None,
    fact: Decimal | None,
    judgement: str | None,
) -> Said:
    """What a unit that does not comply lacks, in a few words."""
    if answer is None:
        return Said("尚无数据", "nothing reported")
    if answer.not_applicable:
        return Said("不适用", "not applicable")
    if complies(indicator, answer, threshold=threshold, stage=stage, fact=fact, judgement=judgement):
        return Said("已达标", "complies")
    match indicator.value:
        case Value.YES_NO:
            return _lacks_yes(indicator, answer, fact)
        case Value.STAGE:
            return _lacks_stage(indicator, answer, threshold, stage)
        case Value.JUDGED:
            return _JUDGED.get(judgement or "", Said("尚未评定", "not judged yet"))
        case _:
            return _lacks_value(indicator, answer, threshold, fact)


# --- yes or no ----------------------------------------------------------------------------------------------


def _says_yes(indicator: Indicator, answer: Answer, fact: Decimal | None) -> bool | None:
    if answer.complies is False:
        return False
    if indicator.components:
        return _all(_component(part, answer, fact) for part in indicator.components)
    if indicator.options and answer.complies:
        return _option_counts(indicator, answer, fact)
    return answer.complies


def _all(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return False if False in found else None if None in found else True


def _component(part: Choice, answer: Answer, fact: Decimal | None) -> bool | None:
    """A component is fine when it is there, or when its condition frees the unit from it."""
    there = (answer.components or {}).get(part.code)
    asked = _within(part.condition, fact)
    return True if there or asked is False else None if asked is None else there


def _option_counts(indicator: Indicator, answer: Answer, fact: Decimal | None) -> bool | None:
    chosen = _named(indicator.options, answer.option)
    return _within(chosen.condition, fact) if chosen else None


def _within(condition: FactCondition | None, fact: Decimal | None) -> bool | None:
    if condition is None:
        return True
    if fact is None:
        return None
    low, high = condition.at_least, condition.below
    return (low is None or fact >= low) and (high is None or fact < high)


def _lacks_yes(indicator: Indicator, answer: Answer, fact: Decimal | None) -> Said:
    parts = [part for part in indicator.components if not _component(part, answer, fact)]
    if parts:
        return Said("缺" + "、".join(map(_zh, parts)), "lacks " + ", ".join(map(_en, parts)))
    chosen = _named(indicator.options, answer.option)
    if answer.complies and indicator.options:
        return _lacks_option(chosen, fact)
    return Said("填报为“否”", "answered no") if answer.complies is False else Said("未作答", "not answered")


def _lacks_option(chosen: Choice | None, fact: Decimal | None) -> Said:
    if chosen is None or chosen.condition is None:
        return Said("未选定形式", "does not say in which form")
    name = _fact(chosen.condition.fact)
    if fact is None:
        return _unknown(chosen.condition.fact)
    return Said(
        f"{name.zh}为{plain(fact)}，不能以“{_zh(chosen)}”计",
        f"“{_en(chosen)}” does not count with a {name.en} of {plain(fact)}",
    )


# --- stages -------------------------------------------------------------------------------------------------


def _stage_reached(
    indicator: Indicator, answer: Answer, threshold: UnitThreshold | None, stage: str | None
) -> bool | None:
    """At the asked stage or a later one; a value asks for a percentage of works or of investment."""
    if threshold is not None and threshold.value is not None:
        percent = answer.percent
        return None if percent is None else _holds(threshold.comparator, percent, threshold.value)
    order = [each.code for each in indicator.stages]
    asked = threshold.stage if threshold is not None and threshold.stage else stage
    if asked not in order or answer.stage not in order:
        return None
    return order.index(answer.stage) >= order.index(asked)


def _lacks_stage(indicator: Indicator, answer: Answer, threshold: UnitThreshold | None, stage: str | None) -> Said:
    if threshold is not None and threshold.value is not None:
        asked, has = f"{plain(threshold.value)}%", answer.percent
        if has is None:
            return Said(f"未填百分比，应达到{asked}", f"no percentage given, {asked} needed")
        return Said(f"完成{plain(has)}%，应达到{asked}", f"at {plain(has)}%, {asked} needed")
    wanted = _named(indicator.stages, threshold.stage if threshold is not None and threshold.stage else stage)
    now = _named(indicator.stages, answer.stage)
    zh = f"处于“{_zh(now)}”" if now else "未填阶段"
    en = f"at “{_en(now)}”" if now else "no stage given"
    return Said(f"{zh}，应达到“{_zh(wanted)}”", f"{en}, “{_en(wanted)}” needed") if wanted else Said(zh, en)


# --- numbers, ratios, levels, ranks -------------------------------------------------------------------------


def _figure(indicator: Indicator, answer: Answer) -> Fraction | None:
    """The number to be compared; a ratio is a percentage, and a denominator of zero gives none."""
    match indicator.value:
        case Value.RATIO:
            if answer.numerator is None or not answer.denominator:
                return None
            return Fraction(answer.numerator) * 100 / Fraction(answer.denominator)
        case Value.LEVEL:
            return None if answer.level is None else Fraction(answer.level)
        case Value.RANK:
            return None if answer.rank is None else Fraction(answer.rank)
        case _:
            return None if answer.value is None else Fraction(answer.value)


def _comparator(indicator: Indicator, threshold: UnitThreshold) -> Comparator:
    """A rank is better when lower, however the threshold is written (进入前100名)."""
    return Comparator.AT_MOST if indicator.value is Value.RANK else threshold.comparator


def _holds(comparator: Comparator, figure: Fraction | Decimal, asked: Fraction | Decimal) -> bool:
    one, other = Fraction(figure), Fraction(asked)
    if comparator is Comparator.AT_MOST:
        return one <= other
    return one > other if comparator is Comparator.MORE_THAN else one >= other


def _lacks_value(indicator: Indicator, answer: Answer, threshold: UnitThreshold | None, fact: Decimal | None) -> Said:
    figure = _figure(indicator, answer)
    if figure is None:
        zero = indicator.value is Value.RATIO and answer.denominator == 0
        return Said("分母为0", "the denominator is 0") if zero else Said("未填数值", "no value given")
    if threshold is None:
        return Said("没有达标标准", "no threshold to hold it against")
    asked = tier_value(threshold, fact)
    if asked is None:
        return _unknown(threshold.fact)
    return _short_of(indicator, threshold, figure, asked)


def _short_of(indicator: Indicator, threshold: UnitThreshold, figure: Fraction, asked: Decimal) -> Said:
    comparator = _comparator(indicator, threshold)
    sign = "%" if indicator.value is Value.RATIO else ""
    has, wants = plain(rounded(figure, 2)) + sign, plain(asked) + sign
    unit = "" if sign else (indicator.unit or "")
    has = f"<{wants}" if has == wants and figure < Fraction(asked) else has
    low = {Comparator.AT_LEAST: ("不低于", "at least"), Comparator.MORE_THAN: ("超过", "more than")}
    zh, en = low.get(comparator, ("不高于", "at most"))
    return Said(f"{has}{unit}，应{zh}{wants}{unit}", f"{has}, {en} {wants} needed")


def _unknown(fact: str | None) -> Said:
    name = _fact(fact or "")
    return Said(f"缺{name.zh}，无法确定标准", f"{name.en} unknown, so the threshold is open")


def _fact(code: str) -> Said:
    return _FACTS.get(code, Said(f"“{code}”数据", f"“{code}”"))


def _named(choices: Sequence[Choice], code: str | None) -> Choice | None:
    return next((choice for choice in choices if choice.code == code), None)


def _zh(choice: Choice) -> str:
    return choice.name


def _en(choice: Choice) -> str:
    return choice.name_en or choice.name
