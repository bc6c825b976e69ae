"""The request on its way in: its body piece by piece, and whether the caller is still there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from starlette.types import Message, Receive, Scope

from kernel.errors import MalformedRequest, Said

SLOWEST = 30.0
"""Seconds a caller may take over the next piece of a body."""
_NOTICE = 0.05


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
        watch = _Watch(self._departure)
        try:
            await work
        except CallerGone:
            pass
        except asyncio.CancelledError:
            if not watch.left:
                raise
        finally:
            watch.end()


class _Watch:
    """Cancels the task that made it once the caller has gone.

    Most requests are answered before anybody could have left, so looking begins a moment later.
    """

    def __init__(self, departure: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._departure, self._over, self.left = departure, False, False
        self._worker = asyncio.current_task()
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_NOTICE, self._begin)

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._departure())
        self._task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._over or self._worker is None:
            return
        task.exception()  # whatever it was, nothing more will come from there
        self.left = True
        self._worker.cancel()

    def end(self) -> None:
        """Stop looking; a cancellation of ours does not outlive the work."""
        self._over = True
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self.left and self._worker is not None:
            self._worker.uncancel()
