"""What a used refresh token means, and the refusals of the token endpoint."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from kernel.errors import MalformedRequest

GRACE_SECONDS = 10
"""How long an honest retry of a renewal is answered again, in seconds on the database's clock."""


GUESSES = 10
"""Wrong passwords for one name, known or not, within the window; then nobody tries this name until it is over."""
GUESS_WINDOW = timedelta(minutes=15)
"""No longer: a wait that others can cause must not keep a director out on the last day of a period."""


class InvalidGrant(MalformedRequest):
    """This session cannot be renewed: it has ended or its token was used before; sign in again."""

    code = "invalid-grant"
    zh = "会话无法续期：已结束，或其令牌已被使用；请重新登录。"


class UnsupportedGrantType(MalformedRequest):
    """The token endpoint knows the grant types password, refresh_token and client_credentials."""

    code = "unsupported-grant-type"
    zh = "令牌端点支持的 grant_type 为 password、refresh_token 和 client_credentials。"


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
