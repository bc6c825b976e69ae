"""One exception per error code of the API, so that a script can catch exactly what it knows how to handle.

Below ApiError the classes mirror docs/errors.md; the others are about this side of the line.
"""

from collections.abc import Iterator
from typing import ClassVar

import httpx
from pydantic import ValidationError

from contracts.problems import Problem, ProblemField

# What a code that this version does not know is at least.
_BY_STATUS = {
    400: "malformed-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    410: "gone",
    412: "stale-version",
    413: "too-large",
    415: "unsupported-media-type",
    422: "validation-failed",
    428: "precondition-required",
    429: "rate-limited",
    502: "bad-upstream",
    503: "overloaded",
    504: "upstream-timeout",
}


class ZhibiaoError(Exception):
    """Anything this package raises on purpose."""


class Unreachable(ZhibiaoError):
    """Nobody answered at the address, or the connection broke and the outcome is unknown."""


class NotSignedIn(ZhibiaoError):
    """No account is saved for the address."""


class UnexpectedAnswer(ZhibiaoError):
    """The answer is not one of this API: a proxy's page, or a newer, incompatible server."""


class UnreadableFile(ZhibiaoError):
    """A local file is missing, has the wrong form, or holds nothing to load."""


class ApiError(ZhibiaoError):
    """A refusal by the server.

    `code` is stable and meant for programs, `title` and `detail` are sentences in the language asked for,
    `errors` points at single fields, and `trace_id` finds the request in the server's logs.
    """

    for_code: ClassVar[str] = "internal"

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def code(self) -> str:
        """The stable code, for example ``period-closed``."""
        return self.problem.code

    @property
    def title(self) -> str:
        """The sentence every problem of this code begins with."""
        return self.problem.title

    @property
    def detail(self) -> str | None:
        """What is particular about this case."""
        return self.problem.detail

    @property
    def errors(self) -> list[ProblemField]:
        """What is wrong at single fields, each with a JSON pointer."""
        return self.problem.errors

    @property
    def trace_id(self) -> str:
        """What to quote when reporting the problem."""
        return self.problem.trace_id


class Unauthenticated(ApiError):
    """Sign in first, or again."""

    for_code = "unauthenticated"


class Forbidden(ApiError):
    """Visible, but the role does not allow it."""

    for_code = "forbidden"


class SeparationOfDuty(Forbidden):
    """Nobody reviews his own figures, nor twice in one chain."""

    for_code = "separation-of-duty"


class NotFound(ApiError):
    """Nothing here that the caller may see."""

    for_code = "not-found"


class MethodNotAllowed(ApiError):
    """The address does not know the method."""

    for_code = "method-not-allowed"


class MalformedRequest(ApiError):
    """The request cannot be read."""

    for_code = "malformed-request"


class IdempotencyKeyRequired(MalformedRequest):
    """A POST without an Idempotency-Key."""

    for_code = "idempotency-key-required"


class BadCursor(MalformedRequest):
    """A page link that belongs to another list."""

    for_code = "bad-cursor"


class InvalidGrant(MalformedRequest):
    """The session cannot be renewed: sign in again."""

    for_code = "invalid-grant"


class UnsupportedGrantType(MalformedRequest):
    """The token endpoint does not know the way of signing in."""

    for_code = "unsupported-grant-type"


class Conflict(ApiError):
    """The present state does not allow this."""

    for_code = "conflict"


class StateConflict(Conflict):
    """The step is impossible in the state it is in now."""

    for_code = "state-conflict"


class PeriodClosed(Conflict):
    """The period is not open for this unit."""

    for_code = "period-closed"


class Duplicate(Conflict):
    """It exists already with other content."""

    for_code = "duplicate"


class IdempotencyInProgress(Conflict):
    """The first request with this key is still at work."""

    for_code = "idempotency-key-in-progress"


class Gone(ApiError):
    """No longer kept."""

    for_code = "gone"


class StaleVersion(ApiError):
    """Changed since it was read: load it again."""

    for_code = "stale-version"


class TooLarge(ApiError):
    """Larger than allowed."""

    for_code = "too-large"


class UnsupportedMediaType(ApiError):
    """Another media type is wanted."""

    for_code = "unsupported-media-type"


class Invalid(ApiError):
    """Some fields are not right; see `errors`."""

    for_code = "validation-failed"


class UnknownReference(Invalid):
    """The request names something that does not exist."""

    for_code = "unknown-reference"


class IdempotencyKeyReused(Invalid):
    """The key was used for another request."""

    for_code = "idempotency-key-reused"


class PreconditionRequired(ApiError):
    """If-Match is missing."""

    for_code = "precondition-required"


class RateLimited(ApiError):
    """Too many requests."""

    for_code = "rate-limited"


class Overloaded(ApiError):
    """The service cannot do this right now."""

    for_code = "overloaded"


class DependencyUnavailable(Overloaded):
    """A service behind this one does not answer."""

    for_code = "dependency-unavailable"


class RightsUnknown(Overloaded):
    """Rights cannot be confirmed right now, so changes wait."""

    for_code = "rights-unknown"


class BadUpstream(ApiError):
    """A service gave an answer that cannot be passed on."""

    for_code = "bad-upstream"


class UpstreamTimeout(ApiError):
    """No answer in time; the outcome is unknown."""

    for_code = "upstream-timeout"


def family(root: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """Every class of the family, the root first."""
    yield root
    for child in root.__subclasses__():
        yield from family(child)


def from_response(response: httpx.Response, retry_after: float | None = None) -> ZhibiaoError:
    """The exception for an answer that is not a success."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return _without_problem(response)
    known = {kind.for_code: kind for kind in family()}
    code = problem.code if problem.code in known else _BY_STATUS.get(problem.status, "internal")
    return known[code](problem, retry_after)


def _without_problem(response: httpx.Response) -> ZhibiaoError:
    where = f"{response.request.method} {response.request.url.path}"
    return UnexpectedAnswer(
        f"{where}：状态 {response.status_code}，不是本系统的回答，请检查地址 / "
        f"status {response.status_code} without a problem document: is this the right address?"
    )
