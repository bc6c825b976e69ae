"""What keeps a target from being judged, in words. A missing fact is named, never taken as zero."""

from datetime import date

from contracts.vocabularies import Window
from kernel.errors import Said
from services.progress.standing.terms import Words, some

NO_STAGE = Said("指标没有目标所要求的阶段", "the indicator does not have the stage the target asks for")
NO_VALUE = Said("目标没有可以对照的数值", "the target states no value to compare with")
NO_UNITS = Said("统计范围内没有单位，基数为0", "no unit is in scope, the base is 0")
ALL_EXCLUDED = Said("统计范围内的单位均不适用，基数为0", "no unit in scope is applicable, the base is 0")
NO_DENOMINATOR = Said("人口未知，无法计算分母", "population unknown, so there is no denominator")
ZERO_DENOMINATOR = Said("分母为0，无法计算", "the denominator is 0")
NO_JUDGEMENT = Said("尚未评定", "not judged by a reviewer yet")
NO_SHARE = Said("本地没有商定的分解数", "no agreed share of the total")
NOT_INHERITED = Said(
    "本地没有商定的分解数，按设置不沿用上级的标准",
    "no agreed share, and by setting the holder's threshold does not apply",
)


def uncertain(units: int, words: Words) -> Said:
    """Units of which it is open whether they are in scope."""
    zh, en = words.units
    return Said(
        f"人口未知，{units}{zh}是否在统计范围内无法确定", f"population unknown: {some(units, en)} may be in scope"
    )


def lacking_fact(units: int, words: Words) -> Said:
    """Units in scope whose threshold cannot be looked up."""
    zh, en = words.units
    return Said(f"人口未知，{units}{zh}的标准无法确定", f"population unknown: no threshold for {some(units, en)}")


def no_base_year(year: int) -> Said:
    """A change with nothing to be compared with."""
    return Said(f"缺{year}年的数，无法比较", f"the value of {year} to compare with is unknown")


def no_figure(window: Window, day: date, reported: Said | None) -> Said:
    """Nothing is confirmed of the window that a day lies in; perhaps something is reported."""
    zh, en = "", ""
    if window is Window.YEAR:
        zh, en = f"{day.year}年", f" of {day.year}"
    elif window is Window.QUARTER:
        quarter = (day.month + 2) // 3
        zh, en = f"{day.year}年第{quarter}季度", f" of {day.year}-Q{quarter}"
    if reported is None:
        return Said(f"{zh}尚无数据", f"no figure{en} yet")
    return Said(f"{zh}尚无审定数，填报数为{reported.zh}", f"no confirmed figure{en} yet, {reported.en} reported")
