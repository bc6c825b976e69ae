"""The stream of rights: who may do what, told to every follower, and when a revocation has reached them all."""

import asyncio
import time
from uuid import UUID

from contracts.rights import Principal, Rights
from kernel.db import Database
from kernel.errors import Said, Unavailable
from kernel.logs import log
from services.auth.rights import repository

PATIENCE = 15.0
"""Seconds that a revocation waits for the followers; longer than the longest lease."""
_LOOK = 0.05  # seconds between looks while a revocation waits
_POLL = 0.2  # seconds between looks while a follower waits

NOT_CONFIRMED = Said(
    "更改已生效，但尚有服务未确认；请稍后查看。",
    "the change is made, but a service has not confirmed it yet; look again shortly",
)


async def find(database: Database, who: UUID) -> Principal | None:
    """A principal as it stands now."""
    async with database.transaction() as conn:
        return await repository.principal_by_id(conn, who)


async def news(database: Database, *, consumer: str, feed: UUID, confirmed: int, lease_ms: int, wait: float) -> Rights:
    """What changed since the follower's confirmed epoch, waiting up to `wait` seconds for something to change.

    Registers the follower first: from then on revocations wait for it until its lease runs out.
    """
    async with database.transaction() as conn:
        head = await repository.head(conn)
        if head is None:
            await repository.ensure_head(conn)
            head = await repository.head(conn)
        known = confirmed if head and head.feed == feed and 0 <= confirmed <= head.epoch else -1
        await repository.register(conn, consumer, known, lease_ms)
    if known >= 0:
        await _change_after(database, known, wait)
    return await _since(database, known)


async def _change_after(database: Database, epoch: int, wait: float) -> None:
    until = time.monotonic() + wait
    while time.monotonic() < until:
        async with database.transaction() as conn:
            head = await repository.head(conn)
        if head is None or head.epoch != epoch:
            return
        await asyncio.sleep(min(_POLL, max(0.0, until - time.monotonic())))


async def _since(database: Database, epoch: int) -> Rights:
    async with database.reading() as conn:
        head = await repository.head(conn)
        principals = await repository.changed_since(conn, epoch)
    if head is None:
        raise Unavailable()
    return Rights(feed=head.feed, epoch=head.epoch, complete=epoch < 0, principals=principals)


async def acknowledged(database: Database, epoch: int, *, patience: float = PATIENCE) -> None:
    """Wait until every follower has confirmed an epoch or may no longer act on what it knew.

    The change is committed already and no transaction is held; raises Unavailable after `patience` seconds.
    """
    until = time.monotonic() + patience
    while True:
        async with database.transaction() as conn:
            late = await repository.unconfirmed(conn, epoch)
        if not late:
            return
        if time.monotonic() > until:
            log().error("rights.not-confirmed", epoch=epoch, consumers=list(late))
            raise Unavailable(NOT_CONFIRMED, seconds=5)
        await asyncio.sleep(_LOOK)


class AlwaysCertain:
    """The book of rights in auth itself: it asks its own database each time, so there is no copy and no lease."""

    def find(self, principal: UUID) -> Principal | None:
        """Nothing is kept; `find` above asks the database."""
        return None

    def certain(self) -> bool:
        """Always."""
        return True
