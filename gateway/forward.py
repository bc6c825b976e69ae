"""The way to a service: what every door does alike, and the door within the process (`sockets` has the other)."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import headers
from gateway.inbound import Inbound
from kernel.errors import UpstreamTimeout
from kernel.trace import current_trace

PATIENCE = 10.0
"""Seconds a service may take to begin its answer once it has the whole request, and between two pieces."""
READY = 1.0
"""Seconds a service may take to say whether it is ready."""


class Door(Protocol):
    """A way to one service."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and its answer back, both piece by piece."""
        ...

    async def ready(self) -> bool:
        """Whether the service says that it can take traffic."""
        ...


def request_headers(scope: Scope, service: str) -> headers.Headers:
    """The headers of a request as a service gets to see them, with the trace of the request at work."""
    trace = current_trace()
    return headers.inbound(scope["headers"], service=service, traceparent=trace.header() if trace else "")


class AppDoor:
    """A service in this process: the ASGI message is handed over as it is, so answers stream."""

    def __init__(self, service: str, app: ASGIApp, *, patience: float = PATIENCE) -> None:
        self._service, self._app, self._patience = service, app, patience

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and its answer back; raises UpstreamTimeout, BadUpstream."""
        inbound = Inbound(scope, receive)
        await inbound.while_present(self._call(scope, inbound, send))

    async def _call(self, scope: Scope, inbound: Inbound, send: Send) -> None:
        inner = {**scope, "headers": request_headers(scope, self._service)}
        loop = asyncio.get_running_loop()
        begun = False

        async def take() -> Message:
            message = await inbound.receive()
            if inbound.complete and not begun:
                limit.reschedule(loop.time() + self._patience)
            return message

        async def give(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                message = headers.outbound(message["status"], message.get("headers", []))
                begun = True
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._patience if inbound.empty else None) as limit:
                await self._app(inner, take, give)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            raise UpstreamTimeout() from None

    async def ready(self) -> bool:
        """Whether the service says that it can take traffic."""
        status = 0

        async def give(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        async def take() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        try:
            async with asyncio.timeout(READY):
                await self._app(_readiness(), take, give)
        except TimeoutError:
            return False
        return status == 200


def _readiness() -> MutableMapping[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/readyz",
        "raw_path": b"/readyz",
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }
