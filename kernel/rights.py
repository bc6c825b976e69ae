"""A service's copy of who may do what, kept by a tiny stream with a lease."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID, uuid4

from joserfc.jwk import KeySet

from contracts.rights import Principal, Rights
from kernel.errors import AppError
from kernel.logs import log
from kernel.upstream import Upstream


class RightsCopy:
    """The copy and its lease: reads always, changes only while the lease holds.

    The lease counts from when the question was sent, not from when the answer came: what auth acknowledges
    after that moment waits for our next question or for the lease to run out.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        service: str,
        lease: float = 5.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstream, self._lease, self._now = upstream, lease, now
        self._consumer = f"{service}-{uuid4()}"
        self._epoch = -1
        self._feed = UUID(int=0)
        self._until = float("-inf")
        self._people: dict[UUID, Principal] = {}

    def find(self, principal: UUID) -> Principal | None:
        """The principal with this id."""
        return self._people.get(principal)

    async def learn(self, principal: UUID) -> Principal | None:
        """The principal, after asking once more: whoever shows a valid token may be newer than the copy."""
        with suppress(AppError):
            await self.refresh()
        return self.find(principal)

    def everyone(self) -> list[Principal]:
        """All principals known here."""
        return list(self._people.values())

    @property
    def epoch(self) -> int:
        """Which state of rights the copy holds; it grows with every change."""
        return self._epoch

    def certain(self) -> bool:
        """Whether the lease holds."""
        return self._now() < self._until

    async def ready(self) -> bool:
        """Whether the copy was ever filled."""
        return self._epoch >= 0

    async def run(self) -> None:
        """Keep the copy fresh until cancelled."""
        while True:
            try:
                await self.refresh(wait=1)
            except asyncio.CancelledError:
                raise
            except AppError as error:
                log().warning("rights.waiting", code=error.code)
                await asyncio.sleep(0.5)
            except Exception as error:
                log().error("rights.failed", exc_info=error)
                await asyncio.sleep(0.5)

    async def refresh(self, *, wait: int = 0) -> None:
        """Ask once: confirm what is known, take what is new, renew the lease."""
        asked = self._now()
        raw = await self._upstream.get(
            "/internal/v1/rights",
            consumer=self._consumer,
            feed=str(self._feed),
            confirmed=self._epoch,
            lease=int(self._lease * 1000),
            wait=wait,
        )
        news = Rights.model_validate_json(raw)
        if news.feed == self._feed and news.epoch < self._epoch:
            return  # asked before, answered after somebody else's question
        changed = {p.id: p for p in news.principals}
        self._people = changed if news.complete else {**self._people, **changed}
        self._epoch, self._feed, self._until = news.epoch, news.feed, asked + self._lease


class PublishedKeys:
    """The issuer's public keys, fetched once and again when an unknown key turns up, at most every two seconds."""

    def __init__(self, upstream: Upstream, *, now: Callable[[], float] = time.monotonic) -> None:
        self._upstream, self._now = upstream, now
        self._keys = KeySet([])
        self._asked = float("-inf")

    async def key_set(self, *, refresh: bool = False) -> KeySet:
        """The published keys."""
        due = self._now() - self._asked > 2
        if due and (refresh or not self._keys.keys):
            self._asked = self._now()
            raw = await self._upstream.get("/.well-known/jwks.json")
            self._keys = KeySet.import_key_set(json.loads(raw))
        return self._keys
