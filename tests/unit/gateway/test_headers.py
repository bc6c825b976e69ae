"""Which headers pass the door."""

import pytest

from gateway.headers import inbound, outbound
from kernel.errors import BadUpstream


def passed(*headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return inbound(headers, service="auth", traceparent="00-trace")


OURS = [(b"host", b"auth"), (b"traceparent", b"00-trace")]


def test_ordinary_headers_pass_and_repeated_ones_stay_repeated() -> None:
    kept = [(b"authorization", b"Bearer x"), (b"if-match", b'"1"'), (b"accept", b"a"), (b"accept", b"b")]
    assert passed(*kept) == [OURS[0], *kept, OURS[1]]


@pytest.mark.parametrize(
    "name",
    [
        b"X-Zhibiao-Service-Key",
        b"x-zhibiao-anything",
        b"X-Forwarded-For",
        b"X-Forwarded-Host",
        b"X-Forwarded-Proto",
        b"X-Forwarded-Prefix",
        b"x_forwarded_for",
        b"X_Zhibiao_Service_Key",
        b"content_length",
        b"Forwarded",
        b"X-Real-IP",
        b"X-Original-URL",
        b"X-Rewrite-URL",
        b"X-HTTP-Method-Override",
        b"traceparent",
        b"tracestate",
        b"x-request-id",
        b"Host",
        b"Via",
        b"Connection",
        b"Keep-Alive",
        b"TE",
        b"Trailer",
        b"Transfer-Encoding",
        b"Upgrade",
        b"Proxy-Authorization",
        b"Expect",
    ],
)
def test_nobody_can_pretend(name: bytes) -> None:
    assert passed((name, b"forged")) == OURS


def test_headers_that_connection_names_are_of_that_connection_only() -> None:
    assert passed((b"connection", b"close, X-Odd"), (b"x-odd", b"1"), (b"x-even", b"2")) == [
        OURS[0],
        (b"x-even", b"2"),
        OURS[1],
    ]


def test_the_answer_keeps_its_headers_without_those_of_the_connection() -> None:
    start = outbound(
        200,
        [
            (b"Set-Cookie", b"a=1"),
            (b"Set-Cookie", b"b=2"),
            (b"Content-Encoding", b"gzip"),
            (b"Transfer-Encoding", b"chunked"),
            (b"Connection", b"x-odd"),
            (b"X-Odd", b"1"),
            (b"Server", b"uvicorn"),
            (b"Date", b"today"),
        ],
    )
    assert start["status"] == 200
    assert start["headers"] == [
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-encoding", b"gzip"),
    ]


@pytest.mark.parametrize("kind", [b"application/problem+json", b"application/json; charset=utf-8"])
def test_a_failure_told_in_our_words_passes(kind: bytes) -> None:
    assert outbound(503, [(b"content-type", kind)])["status"] == 503


@pytest.mark.parametrize("headers", [[], [(b"content-type", b"text/html")], [(b"content-type", b"text/plain")]])
def test_a_failure_in_other_words_is_not_passed_on(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadUpstream):
        outbound(500, headers)
