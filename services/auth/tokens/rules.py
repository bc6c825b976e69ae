"""What a used refresh token means, and the refusals of the token endpoint."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

GRACE_SECONDS = 10
"""How long an honest retry of a renewal is answered again, in seconds on the database's clock."""


GUESSES = 10
"""Wrong passwords for one name, known or not, within the window; then nobody tries this name until it is over."""
GUESS_WINDOW = timedelta(minutes=15)
"""No longer: a wait that others can cause must not keep a director out on the last day of a period."""


class Verdict(Enum):
    """What to do about a refresh token that is no longer new."""

    RETRY = "retry"
    REUSE = "reuse"
    ENDED = "ended"


@dataclass(frozen=True)
class Used:
    """A refresh token that could not be exchanged: how its session stands, and what became of its successor."""

    alive: bool
    used: bool
    seconds_ago: float
    successor_used: bool


def judge(past: Used) -> Verdict:
    """An honest retry comes soon and before the successor is used; any other second use means a stolen token."""
    if not past.alive or not past.used:
        return Verdict.ENDED
    honest = past.seconds_ago <= GRACE_SECONDS and not past.successor_used
    return Verdict.RETRY if honest else Verdict.REUSE
