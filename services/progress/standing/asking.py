"""What a target asks for, in one short sentence."""

from contracts.base import plain
from contracts.plans import Target, UnitThreshold
from contracts.vocabularies import As, Comparator
from kernel.errors import Said

_SIGNS = {
    Comparator.AT_LEAST: Said("不低于", "at least"),
    Comparator.MORE_THAN: Said("超过", "more than"),
    Comparator.AT_MOST: Said("不高于", "at most"),
    Comparator.ABOUT: Said("左右", "about"),
    Comparator.REACHED: Said("达到", "reach"),
}


def threshold_sentence(target: Target) -> Said:
    """The value asked for and the day it is due: "到2025-12-31：不低于80%"."""
    asked = _asked(target)
    each = _each(target.unit_threshold)
    zh = f"到{target.due}：{asked.zh}{'；每个单位' + each.zh if each else ''}"
    en = f"by {target.due}: {asked.en}{'; each unit ' + each.en if each else ''}"
    return Said(zh, en)


def _asked(target: Target) -> Said:
    sign = "%" if target.as_ is As.PERCENT else ""
    if target.comparator is Comparator.BETWEEN and target.value is not None and target.upper is not None:
        low, high = plain(target.value), plain(target.upper)
        return Said(f"{low}—{high}{sign}", f"{low} to {high}{sign}")
    words = _SIGNS[target.comparator]
    if target.value is None:
        what = f"“{target.stage}”" if target.stage else ""
        return Said(f"{words.zh}{what or '完成'}", f"{words.en} {what or 'completion'}")
    value = plain(target.value) + sign
    if target.comparator is Comparator.ABOUT:
        return Said(f"{value}{words.zh}", f"{words.en} {value}")
    return Said(f"{words.zh}{value}", f"{words.en} {value}")


def _each(threshold: UnitThreshold | None) -> Said | None:
    if threshold is None:
        return None
    if threshold.tiers:
        return Said("按分档要求", "by its class")
    words = _SIGNS[threshold.comparator]
    value = plain(threshold.value) if threshold.value is not None else f"“{threshold.stage}”"
    return Said(f"{words.zh}{value}", f"{words.en} {value}")
