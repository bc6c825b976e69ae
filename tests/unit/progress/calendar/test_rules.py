"""Periods, their windows, and working days."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabularies import Rhythm
from services.progress.calendar.rules import (
    containing,
    interval,
    is_open,
    midnight,
    of_years,
    today,
    window,
    working_days_later,
)

TICK = timedelta(microseconds=1)
OPENS, CLOSES = midnight(date(2023, 11, 1)), midnight(date(2023, 12, 11))


@pytest.mark.parametrize(
    ("code", "kind", "first", "last"),
    [
        ("2023", "year", "2023-01-01", "2023-12-31"),
        ("2023-S1", "half", "2023-01-01", "2023-06-30"),
        ("2023-S2", "half", "2023-07-01", "2023-12-31"),
        ("2023-Q1", "quarter", "2023-01-01", "2023-03-31"),
        ("2023-Q4", "quarter", "2023-10-01", "2023-12-31"),
        ("2024-02", "month", "2024-02-01", "2024-02-29"),
        ("2023-02", "month", "2023-02-01", "2023-02-28"),
        ("2100-02", "month", "2100-02-01", "2100-02-28"),
    ],
)
def test_a_code_means_a_calendar_interval(code: str, kind: str, first: str, last: str) -> None:
    """Year, half, quarter and month begin and end where the calendar says, leap years included."""
    found = interval(code)
    assert found is not None
    assert (found.code, found.kind.value) == (code, kind)
    assert (found.starts_on.isoformat(), found.ends_on.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "code",
    ["", "23", "2023-", "2023-00", "2023-13", "2023-1", "2023-S0", "2023-S3", "2023-Q0", "2023-Q5", "2023-W05",
     "2023-q1", "2023-01-01", "1989", "2101", "0000", "9999-12", " 2023", "2023\n", "２０２３", "２０２３-11", "2023-١١"],
)  # fmt: skip
def test_anything_else_means_nothing(code: str) -> None:
    """A code that is not written exactly so, or lies outside 1990-2100, is no period."""
    assert interval(code) is None


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)), st.sampled_from(Rhythm))
def test_a_day_lies_in_the_one_period_of_its_kind(day: date, kind: Rhythm) -> None:
    """The period of a day contains it, is of the kind asked for, and its neighbours begin right where it ends."""
    found = containing(day, kind)
    assert found.starts_on <= day <= found.ends_on
    assert found.kind is (Rhythm.MONTH if kind is Rhythm.ON_CHANGE else kind)
    assert interval(found.code) == found
    if found.ends_on < date(2100, 12, 31):
        assert containing(found.ends_on + timedelta(days=1), kind).starts_on == found.ends_on + timedelta(days=1)


def test_a_year_has_nineteen_periods_without_gaps() -> None:
    """One year, two halves, four quarters and twelve months; each kind covers every day once."""
    found = of_years(2023, 2024)
    assert len(found) == len({one.code for one in found}) == 2 * 19
    for kind in (Rhythm.YEAR, Rhythm.HALF, Rhythm.QUARTER, Rhythm.MONTH):
        covered = [one for one in found if one.kind is kind]
        assert sum((one.ends_on - one.starts_on).days + 1 for one in covered) == 365 + 366


def test_the_window_opens_and_closes_at_midnight_in_shanghai() -> None:
    """November 2023 with ten days opens on 1 November and closes as 11 December begins, both at 00:00 +08:00."""
    found = interval("2023-11")
    assert found is not None
    assert window(found, 10) == (OPENS, CLOSES)
    assert OPENS.isoformat() == "2023-10-31T16:00:00+00:00"
    assert CLOSES.isoformat() == "2023-12-10T16:00:00+00:00"
    assert window(found, 0)[1] == midnight(date(2023, 12, 1))


@pytest.mark.parametrize(
    ("now", "open_now"),
    [(OPENS - TICK, False), (OPENS, True), (OPENS + TICK, True), (CLOSES - TICK, True), (CLOSES, False),
     (CLOSES + TICK, False)],
)  # fmt: skip
def test_the_window_is_half_open_to_the_microsecond(now: datetime, open_now: bool) -> None:
    """The opening instant is in time, the closing instant is too late."""
    assert is_open(OPENS, CLOSES, now) is open_now


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=-1, max_value=4),
    st.timedeltas(TICK, timedelta(days=90)),
    st.integers(min_value=-12, max_value=14),
)
def test_a_window_is_open_inside_and_closed_outside(start: datetime, at: int, length: timedelta, zone: int) -> None:
    """For random windows and instants, in whatever zone the instant is written: open exactly when start <= t < end."""
    now = (start + at * length / 3).astimezone(timezone(timedelta(hours=zone)))
    assert is_open(start, start + length, now) is (start <= now < start + length)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2023-11-30T15:59:59.999999+00:00", "2023-11-30"),
        ("2023-11-30T16:00:00+00:00", "2023-12-01"),
        ("2023-12-01T00:00:00+08:00", "2023-12-01"),
        ("2023-11-30T23:59:59.999999-01:00", "2023-12-01"),
    ],
)
def test_a_day_is_a_day_in_shanghai(now: str, day: str) -> None:
    """The calendar day changes at midnight in Shanghai, wherever the instant was written down."""
    assert today(datetime.fromisoformat(now)).isoformat() == day


@given(st.dates(date(1992, 1, 1), date(2100, 1, 1)))
def test_midnight_begins_the_day(day: date) -> None:
    """Midnight belongs to the day it begins; the microsecond before it belongs to the day before."""
    assert today(midnight(day)) == day
    assert today(midnight(day) - TICK) == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "count", "later"),
    [
        ("2023-11-30", 0, "2023-11-30"),
        ("2023-11-30", 1, "2023-12-01"),
        ("2023-12-01", 1, "2023-12-04"),
        ("2023-12-02", 1, "2023-12-04"),
        ("2023-12-03", 1, "2023-12-04"),
        ("2023-12-01", 5, "2023-12-08"),
        ("2023-12-02", 10, "2023-12-15"),
    ],
)
def test_working_days_leave_weekends_out(day: str, count: int, later: str) -> None:
    """The n-th working day after a day, Monday to Friday."""
    assert working_days_later(date.fromisoformat(day), count).isoformat() == later


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(min_value=1, max_value=60))
def test_exactly_so_many_working_days_lie_between(day: date, count: int) -> None:
    """Between a day (not counted) and the n-th working day after it (counted) lie exactly n working days."""
    later = working_days_later(day, count)
    between = [day + timedelta(days=n) for n in range(1, (later - day).days + 1)]
    assert sum(one.weekday() < 5 for one in between) == count
    assert later.weekday() < 5
