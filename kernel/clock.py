"""The day it is where the plan is carried out, and the seconds that tokens count.

For grants, which hold by whole days, and for tokens; never for deadlines, which are the database's.
"""

import time
from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""One zone without summer time since 1991; a fixed offset needs no zone database on the machine."""


def today() -> date:
    """Today in Asia/Shanghai."""
    return datetime.now(UTC).astimezone(SHANGHAI).date()


def now() -> float:
    """Seconds since 1970, as tokens count them."""
    return time.time()
