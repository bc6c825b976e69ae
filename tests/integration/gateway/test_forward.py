"""What passes the gateway, unchanged, by either door."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.integration.gateway.toys import Toy, fronted

JSON = {"content-type": "application/json"}


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture(params=["socket", "process"])
async def front(toy: Toy, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with fronted(toy, request.param) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


async def test_the_request_arrives_as_it_was_sent(front: httpx.AsyncClient) -> None:
    answer = await front.patch(
        "/api/v1/plans/%E6%B1%9F?b=2&a=1&b=%20x&empty=",
        content=b'{"n": 1.10}',
        headers={**JSON, "If-Match": '"7"'},
    )
    seen = answer.json()
    assert (seen["method"], seen["path"]) == ("PATCH", "/api/v1/plans/%E6%B1%9F")
    assert seen["query"] == "b=2&a=1&b=%20x&empty="
    assert seen["size"] == 11
    assert ["if-match", '"7"'] in seen["headers"]
    assert ["content-length", "11"] in seen["headers"]


async def test_repeated_headers_stay_repeated_both_ways(front: httpx.AsyncClient) -> None:
    seen = await front.get("/api/v1/plans/x", headers=[("Accept", "a/a"), ("Accept", "b/b")])
    assert [v for k, v in seen.json()["headers"] if k == "accept"] == ["a/a", "b/b"]
    answer = await front.get("/api/v1/plans/repeated")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


async def test_forged_headers_are_left_outside(front: httpx.AsyncClient) -> None:
    forged = {
        "X-Zhibiao-Service-Key": "k",
        "X-Forwarded-For": "1.2.3.4",
        "X_Zhibiao_Caller": "root",
        "Host": "evil",
    }
    seen = (await front.get("/api/v1/plans/x", headers=forged)).json()["headers"]
    assert not {name for name, _ in seen} & {"x-zhibiao-service-key", "x-forwarded-for", "x_zhibiao_caller"}
    assert ["host", "targets"] in seen


async def test_the_trace_goes_on_and_comes_back(front: httpx.AsyncClient) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await front.get("/api/v1/plans/x", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    (sent,) = [v for k, v in answer.json()["headers"] if k == "traceparent"]
    assert sent.split("-")[1] == trace and "b7ad6b7169203331" not in sent
    assert answer.headers["x-request-id"] == trace


async def test_a_request_without_trace_gets_one(front: httpx.AsyncClient) -> None:
    answer = await front.get("/api/v1/plans/x")
    (sent,) = [v for k, v in answer.json()["headers"] if k == "traceparent"]
    assert sent.split("-")[1] == answer.headers["x-request-id"]


async def test_a_compressed_answer_is_not_unpacked(front: httpx.AsyncClient) -> None:
    answer = await front.get("/api/v1/plans/packed")
    assert (answer.headers["content-encoding"], answer.content) == ("gzip", b"packed")


async def test_an_answer_without_body(front: httpx.AsyncClient) -> None:
    answer = await front.delete("/api/v1/plans/nothing")
    assert (answer.status_code, answer.content) == (204, b"")


async def test_both_bodies_stream(front: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection(front.base_url.host, front.base_url.port)
    writer.write(b"POST /api/v1/plans/parrot HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in (b"one", b"two", b"three"):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.wait_for(reader.readuntil(piece), 5)
    writer.write(b"0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 5)
    writer.close()


async def test_a_large_upload_arrives_whole(front: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 100_000

    answer = await front.post("/api/v1/imports/plans", content=body())
    assert answer.json()["size"] == 5_000_000


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_beyond_the_limit_is_refused(front: httpx.AsyncClient, announced: bool) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    content = b"x" * 2_000_000 if announced else body()
    answer = await front.post("/api/v1/plans/x", content=content)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_a_caller_who_leaves_is_not_worked_for(front: httpx.AsyncClient, toy: Toy) -> None:
    reader, writer = await asyncio.open_connection(front.base_url.host, front.base_url.port)
    writer.write(b"GET /api/v1/plans/silent HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    await asyncio.wait_for(toy.arrived.wait(), 5)
    writer.close()
    await asyncio.wait_for(toy.dropped.wait(), 5)
    assert not await reader.read()


async def test_a_caller_who_leaves_in_mid_body_is_not_worked_for(front: httpx.AsyncClient, toy: Toy) -> None:
    _, writer = await asyncio.open_connection(front.base_url.host, front.base_url.port)
    writer.write(b"POST /api/v1/plans/silent HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
    await writer.drain()
    await asyncio.wait_for(toy.arrived.wait(), 5)
    writer.close()
    await asyncio.wait_for(toy.dropped.wait(), 5)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_service_that_stays_silent(front: httpx.AsyncClient, language: str) -> None:
    answer = await front.post("/api/v1/plans/silent", headers={"Accept-Language": language})
    assert (answer.status_code, answer.json()["code"]) == (504, "upstream-timeout")
    assert answer.headers["content-language"] == language
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_failure_in_a_services_own_words_is_not_passed_on(front: httpx.AsyncClient) -> None:
    answer = await front.get("/api/v1/plans/html")
    assert (answer.status_code, answer.json()["code"]) == (502, "bad-upstream")
    assert "Traceback" not in answer.text


async def test_an_answer_that_breaks_off_is_seen_to_break_off(front: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await front.get("/api/v1/plans/broken")
    assert (await front.get("/api/v1/plans/x")).status_code == 200


async def test_many_at_once_do_not_mix(front: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(front.get(f"/api/v1/plans/n{n}?n={n}") for n in range(80)))
    assert [json.loads(a.content)["path"] for a in answers] == [f"/api/v1/plans/n{n}" for n in range(80)]


async def test_readiness_is_that_of_the_services(front: httpx.AsyncClient, toy: Toy) -> None:
    assert (await front.get("/livez")).json() == {"status": "ok"}
    assert (await front.get("/readyz")).status_code == 200
    toy.ready = False
    answer = await front.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["targets"] is False
