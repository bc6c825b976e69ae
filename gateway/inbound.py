"""The request on its way in: its body piece by piece, and whether the caller is still there."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

from starlette.types import Message, Receive, Scope

from kernel.errors import MalformedRequest, Said

SLOWEST = 30.0
"""Seconds a caller may take over the next piece of a body."""


class CallerGone(Exception):
    """The caller hung up before the body was complete."""


class Inbound:
    """One request's body, read once by whoever forwards it."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._complete = asyncio.Event()
        self._gone = asyncio.Event()
        self._told = False
        self.fault: Exception | None = None
        self.empty = not any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 "))
            for name, value in scope["headers"]
        )
        if self.empty:
            self._complete.set()

    @property
    def complete(self) -> bool:
        """Whether the whole body was read."""
        return self._complete.is_set()

    async def receive(self) -> Message:
        """The next message as an application expects it; after the body, word that the caller has gone."""
        if self.empty and not self._told:
            self._told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        if self.complete:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        message = await self._next()
        if message["type"] == "http.disconnect":
            self._gone.set()
        if not message.get("more_body", False):
            self._complete.set()
        return message

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body; a fault on the way is kept, for the client that sends it hides what is raised here."""
        try:
            while not self.complete:
                message = await self.receive()
                if message["type"] == "http.disconnect":
                    raise CallerGone
                if message["body"]:
                    yield message["body"]
        except Exception as fault:
            self.fault = fault
            raise

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(SLOWEST):
                return await self._receive()
        except TimeoutError:
            raise MalformedRequest(
                Said("正文未能按时到齐。", "the body did not arrive in time"), headers={"Connection": "close"}
            ) from None

    async def _departure(self) -> None:
        """Return once the caller has gone."""
        await self._complete.wait()
        while not self._gone.is_set():
            if (await self._receive())["type"] == "http.disconnect":
                self._gone.set()

    async def while_present(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work; drop it when the caller goes away, for nobody would read the answer."""
        at_work = asyncio.ensure_future(work)
        leaving = asyncio.ensure_future(self._departure())
        try:
            await asyncio.wait((at_work, leaving), return_when=asyncio.FIRST_COMPLETED)
            if at_work.done():
                with suppress(CallerGone):
                    at_work.result()
        finally:
            at_work.cancel()
            leaving.cancel()
            await asyncio.gather(at_work, leaving, return_exceptions=True)
