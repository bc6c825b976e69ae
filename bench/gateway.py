"""What a hop through the gateway costs: a service asked directly, through our gateway, and through a usual one.

Each server is a process with one worker; the same client asks each in turn, round after round, so that a busy
moment of the machine meets all of them. What counts are the ratios of one run, and the processor time a server
spends on a request, which does not depend on what else the machine does.
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
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp

from gateway.app import build
from gateway.settings import Settings
from kernel.logs import configure

PATH = "/api/v1/plans/x"
KINDS = ("direct", "ours", "in process", "FastAPI + httpx")
SIZES = {"1 KB": 1_000, "100 KB": 100_000}
CONNECTIONS = 16


@dataclass(frozen=True)
class Result:
    """One run against one server."""

    rate: float
    """Requests per second over all connections."""
    median: float
    """Milliseconds from a request to the end of its answer."""
    cpu: float
    """Microseconds of processor time the server spent on a request."""


def service(size: int) -> FastAPI:
    """A service that answers with as many bytes."""
    app, content = FastAPI(), b"x" * size

    @app.get("/api/v1/plans/{code}")
    async def plan(code: str) -> Response:
        return Response(content, media_type="application/json")

    return app


def usual(upstream: str) -> FastAPI:
    """The gateway of most tutorials: a catch-all route and a streaming httpx client."""
    app, client = FastAPI(), httpx.AsyncClient(base_url=upstream)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def forward(path: str, request: Request) -> Response:
        kept = [(name, value) for name, value in request.headers.raw if name != b"host"]
        sent = client.build_request(request.method, f"/{path}", headers=kept, content=request.stream())
        answer = await client.send(sent, stream=True)

        async def pieces() -> AsyncIterator[bytes]:
            async for chunk in answer.aiter_raw():
                yield chunk
            await answer.aclose()

        return StreamingResponse(pieces(), answer.status_code, dict(answer.headers))

    return app


def application(kind: str, size: int, upstream: str) -> ASGIApp:
    """The server of one kind."""
    configure("bench")
    documents: Any = {"targets": {"paths": {"/api/v1/plans/{code}": {"get": {}}}}}
    if kind == "ours":
        settings = Settings(auth_url=upstream, targets_url=upstream, progress_url=upstream)
        return build(settings, documents=documents)
    if kind == "in process":
        return build(apps={"targets": service(size)}, documents=documents)
    return service(size) if kind == "direct" else usual(upstream)


def serve(kind: str, size: int, port: int, upstream: str) -> None:
    """Run one server until it is stopped."""
    app = application(kind, size, upstream)
    uvicorn.run(app, port=port, log_config=None, access_log=False, http="httptools")


@contextmanager
def running(kind: str, size: int, upstream: str) -> Iterator[tuple[str, int]]:
    """The address and the process number of a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = [sys.executable, "-m", "bench.gateway", "--serve", kind, str(size), str(port), upstream]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        until_listening(port)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def until_listening(port: int) -> None:
    """Wait for a server."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


async def ask(url: str, pid: int, seconds: float) -> Result:
    """Ask a server over all connections for some seconds."""
    host, port = url.removeprefix("http://").split(":")
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    until, times, before = time.perf_counter() + seconds, list[float](), spent(pid)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
        while (began := time.perf_counter()) < until:
            writer.write(request)
            await read_answer(reader)
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    cpu = (spent(pid) - before) / len(times) * 1_000_000
    return Result(len(times) / seconds, statistics.median(times) * 1000, cpu)


async def read_answer(reader: asyncio.StreamReader) -> None:
    """Read one answer to its end, of known length or in chunks."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if lengths:
        await reader.readexactly(int(lengths[0].split(b":")[1]))
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


def spent(pid: int) -> float:
    """Seconds of processor time a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(size: int, rounds: int, seconds: float) -> dict[str, Result]:
    """The median over the rounds for each kind."""
    found: dict[str, list[Result]] = {kind: [] for kind in KINDS}
    with running("direct", size, "-") as (upstream, _):
        for _ in range(rounds):
            for kind in KINDS:
                with running(kind, size, upstream) as (url, pid):
                    asyncio.run(ask(url, pid, 0.5))
                    found[kind].append(asyncio.run(ask(url, pid, seconds)))
    return {kind: middle(runs) for kind, runs in found.items()}


def middle(runs: list[Result]) -> Result:
    """The median of each figure."""
    return Result(*(statistics.median(each) for each in zip(*map(astuple, runs), strict=True)))


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
    print("| through |" + "".join(f" {size}: req/s | ratio | median ms | CPU µs |" for size in SIZES))
    print("| --- |" + " --- |" * (4 * len(SIZES)))
    results = {name: measure(size, given.rounds, given.seconds) for name, size in SIZES.items()}
    for kind in KINDS:
        line = f"| {kind} |"
        for name in SIZES:
            one, base = results[name][kind], results[name]["direct"]
            line += f" {one.rate:,.0f} | {one.rate / base.rate:.2f} | {one.median:.1f} | {one.cpu:,.0f} |"
        print(line)


if __name__ == "__main__":
    main()
