"""Heads no honest client sends, refused before anybody reads them twice in two ways."""

from starlette.types import Scope

from kernel.errors import MalformedRequest, Said, TooLarge

FIELDS = 100
HEAD = 16 * 1024
ADDRESS = 4 * 1024


def check(scope: Scope) -> None:
    """Raise MalformedRequest for ambiguous framing or a doubtful Host, TooLarge for an oversized head.

    The server parses both before we see them; here they are kept from going on to a service.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(headers) > FIELDS or sum(len(name) + len(value) for name, value in headers) > HEAD:
        raise TooLarge(Said("请求头过多或过长。", "there are too many headers, or they are too long"))
    if len(scope["raw_path"]) + len(scope["query_string"]) > ADDRESS:
        raise TooLarge(Said("地址过长。", "the address is too long"))
    hosts = [value for name, value in headers if name == b"host"]
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if len(hosts) != 1 or codings not in ([], [b"chunked"]):
        raise MalformedRequest(
            Said(
                "Host 或 Transfer-Encoding 请求头不合规。",
                "the Host or Transfer-Encoding header is not valid",
            ),
            headers={"Connection": "close"},
        )
