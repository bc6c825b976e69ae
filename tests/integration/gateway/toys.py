"""A toy service that shows what reached it, and the gateway in front of it by either door."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app import build
from gateway.settings import Settings

PATIENCE = 0.5

_ANY = {method: {"operationId": f"plans_{method}"} for method in ("get", "put", "post", "delete", "patch")}
DOCUMENTS: dict[Any, dict[str, Any]] = {
    "auth": {"paths": {}},
    "targets": {"paths": {"/api/v1/plans/{code}": _ANY, "/api/v1/imports/plans": {"post": {}}}},
    "progress": {"paths": {}},
}


@dataclass
class Toy:
    """A service whose behaviour is chosen by the last word of the address."""

    seen: list[Scope] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: asyncio.Event = field(default_factory=asyncio.Event)
    ready: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] == "/readyz":
            await _answer(send, 200 if self.ready else 503, b"{}", (b"content-type", b"application/json"))
            return
        self.seen.append(scope)
        self.arrived.set()
        behave: Callable[[Scope, Receive, Send], Any] = getattr(self, scope["path"].rsplit("/", 1)[1], self.echo)
        await behave(scope, receive, send)

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell what arrived."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        said = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in scope["headers"]],
            "size": len(body),
        }
        await _answer(send, 200, json.dumps(said).encode(), (b"content-type", b"application/json"))

    async def parrot(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Say each piece of the body as soon as it arrives."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})

    async def repeated(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer with a header twice."""
        await _answer(send, 200, b"", (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"))

    async def packed(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer compressed."""
        await _answer(send, 200, gzip.compress(b"packed"), (b"content-encoding", b"gzip"))

    async def nothing(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer without a body."""
        await _answer(send, 204, b"")

    async def silent(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Never answer; note when nobody waits any longer."""
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.dropped.set()

    async def html(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Fail in words of its own."""
        await _answer(send, 500, b"<h1>Traceback</h1>", (b"content-type", b"text/html"))

    async def broken(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Begin an answer and fall over."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ConnectionResetError("the toy fell over")


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    start: Message = {"type": "http.response.start", "status": status, "headers": list(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    """Says when it listens, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The app on a free port of this machine."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, http="httptools", timeout_graceful_shutdown=1)
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def fronted(toy: Toy, door: str) -> AsyncIterator[str]:
    """The address of a gateway in front of the toy, which it reaches by a socket or within the process."""
    if door == "process":
        async with served(build(apps={"targets": toy}, documents=DOCUMENTS, patience=PATIENCE)) as url:
            yield url
        return
    async with served(toy) as upstream, served(over(upstream)) as url:
        yield url


def over(upstream: str) -> ASGIApp:
    """A gateway to services that all listen at one address."""
    settings = Settings(auth_url=upstream, targets_url=upstream, progress_url=upstream)
    return build(settings, documents=DOCUMENTS, patience=PATIENCE)
