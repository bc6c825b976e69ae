"""The day it is where the plan is carried out."""

from datetime import UTC, date, datetime, timedelta, timezone

# China has had one zone without summer time since 1991; a fixed offset needs no zone database on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def today() -> date:
    """Today in Asia/Shanghai."""
    return datetime.now(UTC).astimezone(SHANGHAI).date()
