"""Which headers pass the door, in either direction."""

from collections.abc import Iterable

from starlette.types import Message

from kernel.errors import BadUpstream

Headers = list[tuple[bytes, bytes]]

# RFC 9110 §7.6.1: these belong to one connection, not to the message.
_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
# Words by which a caller could pretend to be a proxy, a neighbour service, or at another address.
_PRETENDING = {
    b"expect",
    b"forwarded",
    b"host",
    b"traceparent",
    b"tracestate",
    b"via",
    b"x-http-method",
    b"x-http-method-override",
    b"x-method-override",
    b"x-real-ip",
    b"x-request-id",
    b"x-rewrite-url",
}
_PRETENDING_PREFIXES = (b"x-zhibiao-", b"x-forwarded-", b"x-original-")
_OURS_TO_SAY = {b"server", b"date"}
_ERROR_TYPES = (b"application/problem+json", b"application/json")


def inbound(headers: Iterable[tuple[bytes, bytes]], *, service: str, traceparent: str) -> Headers:
    """What a service gets to see: the caller's headers without those only we may set, repeated ones kept."""
    found = [(name.lower(), value) for name, value in headers]
    named = _named_by_connection(found)
    passed = [(name, value) for name, value in found if not _withheld(name) and name not in named]
    return [(b"host", service.encode()), *passed, (b"traceparent", traceparent.encode())]


def outbound(status: int, headers: Iterable[tuple[bytes, bytes]]) -> Message:
    """The start of the answer; raises BadUpstream for a failure that is not told in our words."""
    found = [(name.lower(), value) for name, value in headers]
    named = _named_by_connection(found)
    withheld = _HOP_BY_HOP | _OURS_TO_SAY | named
    kind = next((value for name, value in found if name == b"content-type"), b"")
    if status >= 400 and not kind.startswith(_ERROR_TYPES):
        raise BadUpstream()
    passed = [(name, value) for name, value in found if name not in withheld]
    return {"type": "http.response.start", "status": status, "headers": passed}


def _named_by_connection(headers: Headers) -> set[bytes]:
    """Further headers a Connection header declares to be of this connection only."""
    return {part.strip().lower() for name, value in headers if name == b"connection" for part in value.split(b",")}


def _withheld(name: bytes) -> bool:
    # An underscore is read as a hyphen by some servers: the same header by another spelling.
    return name in _HOP_BY_HOP or name in _PRETENDING or b"_" in name or name.startswith(_PRETENDING_PREFIXES)
