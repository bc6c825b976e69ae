"""What cannot be reached through the gateway, and what it says when a service cannot be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.integration.gateway.toys import Toy, fronted, over, served

CODES = {404: "not-found", 405: "method-not-allowed"}
POST = b"POST /api/v1/plans/x HTTP/1.1\r\nHost: x\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
async def url(toy: Toy) -> AsyncIterator[str]:
    async with fronted(toy, "process") as found:
        yield found


async def say(url: str, request: bytes) -> bytes:
    """What the gateway answers to bytes no client library would send."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


@pytest.mark.parametrize(
    "target",
    [
        "/internal/v1/snapshot",
        "/internal/v1/rights",
        "//internal/v1/rights",
        "/api/v1/../../internal/v1/rights",
        "/api/v1/plans/..%2f..%2finternal/v1/rights",
        "/api/v1/plans/%2e%2e/%2e%2e/internal/v1/rights",
        "/api/v1/plans/x;/internal",
        "/%69nternal/v1/rights",
        "/INTERNAL/v1/rights",
        "http://127.0.0.1/internal/v1/rights",
        "http://elsewhere//api/v1/plans/x",
        "/api/v1/plans/x/",
        "//api/v1/plans/x",
        "/api/v1//plans/x",
        "/API/V1/plans/x",
        "/api/v1/plans/x%00",
        "/api/v1/plans",
        "/api/v1/undocumented",
        "/metrics",
        "/health/details",
        "/openapi.json/",
        "/docs/",
        "/docs/assets/../../openapi.json",
        "/docs/assets/%2e%2e/core.py",
        "/docs/assets/favicon.png",
        "/debug",
        "*",
    ],
)
async def test_what_is_not_published_does_not_exist(url: str, toy: Toy, target: str) -> None:
    answer = await say(url, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 "), answer[:80]
    assert b"application/problem+json" in answer and b'"not-found"' in answer
    assert toy.seen == []


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        POST + b"Content-Length: +4\r\n\r\nabcd",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + b"Host: y\r\n\r\n",
        b"GET /api/v1/plans/x HTTP/1.1\r\n\r\n",
        b"GET /api/v1/plans/x HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
        b"GET /api/v1/plans/x y HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/plans/x HTTP/9.9\r\nHost: x\r\n\r\n",
    ],
)
async def test_ambiguous_framing_reaches_no_service(url: str, toy: Toy, request_: bytes) -> None:
    answer = await say(url, request_)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:80]
    assert toy.seen == []


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"X-Many: y\r\n" * 200 + b"\r\n",
        POST + b"X-Long: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /api/v1/plans/" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/plans/x?" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_an_oversized_head_reaches_no_service(url: str, toy: Toy, request_: bytes) -> None:
    answer = await say(url, request_)
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:80]
    assert toy.seen == []


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "HEAD", "CONNECT", "BREW"])
async def test_a_method_nobody_publishes(url: str, toy: Toy, method: str) -> None:
    target = "/api/v1/plans/x"
    answer = await say(url, f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"400", b"404", b"405")
    if answer.split(b" ")[1] == b"405":
        assert b"allow: DELETE, GET, PATCH, POST, PUT" in answer
    assert toy.seen == []


async def test_a_known_address_names_its_methods(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/api/v1/imports/plans", headers={"Accept-Language": "en"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json()["code"] == "method-not-allowed"
        page = await client.post("/docs")
        assert (page.status_code, page.headers["allow"]) == (405, "GET, HEAD")


async def test_a_service_that_is_down(toy: Toy) -> None:
    async with served(toy) as upstream:
        pass
    async with served(over(upstream)) as url, httpx.AsyncClient(base_url=url) as client:
        for method in ("GET", "POST"):
            answer = await client.request(method, "/api/v1/plans/x")
            assert (answer.status_code, answer.json()["code"]) == (503, "dependency-unavailable")
            assert answer.headers["retry-after"] == "1"
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that speaks as it likes; the first line of every request it saw."""
    seen: list[bytes] = []

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                seen.append(head.split(b"\r\n")[0])
                await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_http(answer: bytes) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with (
        talking(talk) as (upstream, _),
        served(over(upstream)) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        found = await client.get("/api/v1/plans/x")
        assert (found.status_code, found.json()["code"]) == (502, "bad-upstream")


@pytest.mark.parametrize(("method", "status", "times"), [("GET", 504, 2), ("POST", 504, 1), ("DELETE", 504, 1)])
async def test_only_a_get_without_answer_is_repeated(method: str, status: int, times: int) -> None:
    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise ConnectionResetError

    async with talking(hang_up) as (upstream, seen), served(over(upstream)) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            answer = await client.request(method, "/api/v1/plans/x")
        assert answer.status_code == status
        assert len(seen) == times


async def test_a_kept_connection_closed_meanwhile_does_not_show() -> None:
    async def once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(served_by) % 2 == 1:
            served_by.append(b"hung up")
            raise ConnectionResetError
        served_by.append(b"answered")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
        await writer.drain()

    served_by: list[bytes] = []
    async with (
        talking(once) as (upstream, _),
        served(over(upstream)) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        assert [(await client.get("/api/v1/plans/x")).status_code for _ in range(3)] == [200, 200, 200]
    assert served_by.count(b"hung up") == 2
