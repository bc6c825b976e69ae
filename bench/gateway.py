"""What a hop through the gateway costs: a service asked directly, through our gateway, and through a usual one.

Each server is a process with one worker; the same client asks each in turn, round after round, so that a busy
moment of the machine meets all of them. What counts are the ratios of one run.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp

PATH = "/api/v1/plans/x"
KINDS = ("direct", "ours", "in process", "FastAPI + httpx")
SIZES = {"1 KB": 1_000, "100 KB": 100_000}
CONNECTIONS = 16


def service(size: int) -> FastAPI:
    """A service that answers with as many bytes."""
    app, body = FastAPI(), b"x" * size

    @app.get("/api/v1/plans/{code}")
    async def plan(code: str) -> Response:
        return Response(body, media_type="application/json")

    return app


def usual(upstream: str) -> FastAPI:
    """The gateway of most tutorials: a catch-all route and a streaming httpx client."""
    app, client = FastAPI(), httpx.AsyncClient(base_url=upstream)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def forward(path: str, request: Request) -> Response:
        kept = [(name, value) for name, value in request.headers.raw if name != b"host"]
        sent = client.build_request(request.method, f"/{path}", headers=kept, content=request.stream())
        answer = await client.send(sent, stream=True)

        async def body() -> AsyncIterator[bytes]:
            async for chunk in answer.aiter_raw():
                yield chunk
            await answer.aclose()

        return StreamingResponse(body(), answer.status_code, dict(answer.headers))

    return app


def application(kind: str, size: int, upstream: str) -> ASGIApp:
    """The server of one kind."""
    from gateway.app import build
    from gateway.settings import Settings
    from kernel.logs import configure

    configure("bench", "WARNING")
    documents: Any = {"targets": {"paths": {"/api/v1/plans/{code}": {"get": {}}}}}
    if kind == "ours":
        settings = Settings(auth_url=upstream, targets_url=upstream, progress_url=upstream)
        return build(settings, documents=documents)
    if kind == "in process":
        return build(apps={"targets": service(size)}, documents=documents)
    return service(size) if kind == "direct" else usual(upstream)


def serve(kind: str, size: int, port: int, upstream: str) -> None:
    """Run one server until it is stopped."""
    config = uvicorn.Config(
        application(kind, size, upstream), port=port, log_config=None, access_log=False, http="httptools"
    )
    config.log_level = "warning"
    uvicorn.Server(config).run()


@contextmanager
def running(kind: str, size: int, upstream: str) -> Iterator[str]:
    """The address of a server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "bench.gateway", "--serve", kind, str(size), str(port), upstream]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        until_listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def until_listening(port: int) -> None:
    """Wait for a server."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


async def ask(url: str, seconds: float) -> tuple[float, float]:
    """Requests per second over all connections, and the median time of one in milliseconds."""
    host, port = url.removeprefix("http://").split(":")
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    until, times = time.perf_counter() + seconds, list[float]()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
        while (began := time.perf_counter()) < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            await body(reader, head)
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return len(times) / seconds, statistics.median(times) * 1000


async def body(reader: asyncio.StreamReader, head: bytes) -> None:
    """Read what follows a head, of known length or in chunks."""
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if lengths:
        await reader.readexactly(int(lengths[0].split(b":")[1]))
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


def measure(size: int, rounds: int, seconds: float) -> dict[str, tuple[float, float]]:
    """The median over the rounds for each kind."""
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    with running("direct", size, "-") as upstream:
        for _ in range(rounds):
            for kind in KINDS:
                with running(kind, size, upstream) as url:
                    asyncio.run(ask(url, 0.5))
                    found[kind].append(asyncio.run(ask(url, seconds)))
    return {
        kind: (statistics.median(rate for rate, _ in runs), statistics.median(middle for _, middle in runs))
        for kind, runs in found.items()
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench gateway")
    parser.add_argument("--serve", nargs=4, metavar=("KIND", "SIZE", "PORT", "UPSTREAM"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    if given.serve:
        kind, size, port, upstream = given.serve
        serve(kind, int(size), int(port), upstream)
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {CONNECTIONS} connections")
    print("| through | " + " | ".join(f"{size}: req/s | ratio | median ms" for size in SIZES) + " |")
    print("| --- |" + " --- |" * (3 * len(SIZES)))
    results = {name: measure(size, given.rounds, given.seconds) for name, size in SIZES.items()}
    for kind in KINDS:
        cells = [
            f"{rate:,.0f} | {rate / results[name]['direct'][0]:.2f} | {middle:.1f}"
            for name in SIZES
            for rate, middle in [results[name][kind]]
        ]
        print(f"| {kind} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
