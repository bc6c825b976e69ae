"""How long an API client may live."""

from datetime import date, timedelta

from kernel.errors import FieldError, Said

LONGEST = timedelta(days=366)
"""No client outlives a year without somebody looking at it again."""

_PAST = Said("到期日须晚于今天。", "the end must be later than today")
_FAR = Said("到期日至多一年之后。", "the end is at most a year away")


def ending(expires_on: date | None, today: date) -> date:
    """The day from which the client is refused: the one given, or a year from today."""
    return expires_on or today + LONGEST


def faults(expires_on: date, today: date) -> list[FieldError]:
    """What is wrong with an end."""
    if expires_on <= today:
        return [FieldError("/expires_on", "date-past", _PAST)]
    if expires_on > today + LONGEST:
        return [FieldError("/expires_on", "date-far", _FAR)]
    return []
