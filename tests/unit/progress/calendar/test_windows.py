"""Whether a unit may submit for the first time now: the period's window, or an extension."""

from datetime import date, datetime, timedelta

import pytest

from services.progress.calendar.repository import Standing
from services.progress.calendar.rules import midnight
from services.progress.calendar.service import takes_submissions

TICK = timedelta(microseconds=1)
OPENS, CLOSES = midnight(date(2023, 11, 1)), midnight(date(2023, 12, 11))
UNTIL = midnight(date(2024, 2, 1))


def standing(now: datetime, extended_until: datetime | None = None) -> Standing:
    """November 2023 as it stands at an instant."""
    return Standing("2023-11", "month", date(2023, 11, 1), date(2023, 11, 30), OPENS, CLOSES, extended_until, now)


@pytest.mark.parametrize(
    ("now", "extended_until", "open_now"),
    [
        (OPENS - TICK, None, False),
        (OPENS, None, True),
        (CLOSES - TICK, None, True),
        (CLOSES, None, False),
        (CLOSES, UNTIL, True),
        (UNTIL - TICK, UNTIL, True),
        (UNTIL, UNTIL, False),
        (UNTIL + TICK, UNTIL, False),
        (OPENS, CLOSES - TICK, True),
        (CLOSES - TICK, OPENS, True),
        (CLOSES, CLOSES, False),
    ],
)
def test_window_and_extension_are_exact_to_the_microsecond(
    now: datetime, extended_until: datetime | None, open_now: bool
) -> None:
    """A period takes submissions from its opening until just before its end, or before the end of an extension."""
    assert takes_submissions(standing(now, extended_until)) is open_now
