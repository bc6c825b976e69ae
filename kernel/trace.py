"""The trace of a request: one id across services, read from and written to `traceparent`."""

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar, Token
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True)
class Trace:
    """The id shared by all services of one request, and the flags it came with."""

    id: str
    flags: str = "01"

    def header(self) -> str:
        """A `traceparent` for the next call, with a span of its own."""
        return f"00-{self.id}-{secrets.token_hex(8)}-{self.flags}"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """The trace of the request at work here, if any."""
    return _current.get()


def enter(headers: Iterable[tuple[bytes, bytes]]) -> tuple[Trace, Token[Trace | None]]:
    """Take the caller's trace from its headers, or begin one."""
    trace = Trace(secrets.token_hex(16))
    for name, value in headers:
        if name == b"traceparent" and (found := _TRACEPARENT.fullmatch(value.decode("latin-1"))):
            if set(found[1]) != {"0"}:
                trace = Trace(found[1], found[3])
            break
    return trace, _current.set(trace)


def leave(token: Token[Trace | None]) -> None:
    """End the trace begun by `enter`."""
    _current.reset(token)
