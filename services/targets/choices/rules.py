"""Which settings there are and which values each may take."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.vocabularies import Level, Rhythm


def _percent(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    try:
        return Decimal(0) <= Decimal(value) <= Decimal(100)
    except InvalidOperation:
        return False


def _count(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


def _yes_or_no(value: Any) -> bool:
    return isinstance(value, bool)


VALUES: dict[str, Callable[[Any], bool]] = {
    "about-tolerance": _percent,
    "band": _percent,
    "default-rhythm": _one_of(*(rhythm.value for rhythm in Rhythm)),
    "window-days": _count(1, 366),
    "return-working-days": _count(1, 90),
    "review-chain-top": _one_of(Level.PROVINCE.value, Level.CITY.value, Level.COUNTY.value),
    "unrated-level-counts-as": _one_of("lowest", "excluded"),
    "tier-edges": _one_of("left-closed", "right-closed"),
    "stale-after-periods": _count(1, 24),
    "inherit-share-thresholds": _yes_or_no,
}
"""Every setting the software reads, with the check of its value."""


def sound(code: str, value: Any) -> bool:
    """Whether a known setting may have this value."""
    return VALUES[code](value)
