"""Calendar intervals and their windows. Days are those of Asia/Shanghai; windows are half-open."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from contracts.vocabularies import Rhythm
from kernel.clock import SHANGHAI

_CODE = re.compile(r"(\d{4})(?:-(?:S([12])|Q([1-4])|(\d{2})))?", re.ASCII)


@dataclass(frozen=True)
class Interval:
    """A period: its code, kind, first and last day."""

    code: str
    kind: Rhythm
    starts_on: date
    ends_on: date


def interval(code: str) -> Interval | None:
    """What a period code means; None if it means nothing."""
    found = _CODE.fullmatch(code)
    if found is None or not 1990 <= int(found[1]) <= 2100:
        return None
    year, half, quarter, month = int(found[1]), found[2], found[3], found[4]
    if half:
        return _months(code, Rhythm.HALF, year, int(half) * 6 - 5, 6)
    if quarter:
        return _months(code, Rhythm.QUARTER, year, int(quarter) * 3 - 2, 3)
    if month:
        return _months(code, Rhythm.MONTH, year, int(month), 1) if 1 <= int(month) <= 12 else None
    return _months(code, Rhythm.YEAR, year, 1, 12)


def _months(code: str, kind: Rhythm, year: int, first: int, count: int) -> Interval:
    last = first + count - 1
    return Interval(code, kind, date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def containing(day: date, kind: Rhythm) -> Interval:
    """The period of a kind that a day lies in."""
    suffix = {
        Rhythm.MONTH: f"-{day.month:02}",
        Rhythm.QUARTER: f"-Q{(day.month + 2) // 3}",
        Rhythm.HALF: f"-S{1 if day.month <= 6 else 2}",
        Rhythm.YEAR: "",
        Rhythm.ON_CHANGE: f"-{day.month:02}",
    }
    found = interval(f"{day.year}{suffix[kind]}")
    assert found is not None  # every suffix above names a real interval
    return found


def of_years(first: int, last: int) -> list[Interval]:
    """Every period of the years, the shorter ones first within each kind."""
    suffixes = [""] + [f"-S{n}" for n in (1, 2)] + [f"-Q{n}" for n in (1, 2, 3, 4)]
    suffixes += [f"-{n:02}" for n in range(1, 13)]
    found = [interval(f"{year}{suffix}") for year in range(first, last + 1) for suffix in suffixes]
    return [one for one in found if one is not None]


def midnight(day: date) -> datetime:
    """The instant a day begins in Shanghai, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def window(period: Interval, days: int) -> tuple[datetime, datetime]:
    """When a period takes first submissions: from its first day until `days` days after its last one."""
    return midnight(period.starts_on), midnight(period.ends_on + timedelta(days=days + 1))


def is_open(opens_at: datetime, closes_at: datetime, now: datetime) -> bool:
    """Half-open: the closing instant itself is too late."""
    return opens_at <= now < closes_at


def working_days_later(day: date, count: int) -> date:
    """The day `count` working days (Monday to Friday) after a day."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def today(now: datetime) -> date:
    """The calendar day in Shanghai at an instant."""
    return now.astimezone(SHANGHAI).date()
