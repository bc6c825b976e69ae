"""What runs beside the requests: following the feeds, keeping rights fresh, folding figures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import Database
from kernel.feed import Follower
from kernel.logs import log
from services.progress.calendar.service import ensure_periods
from services.progress.clients import Neighbours
from services.progress.directory.catalogue import Catalogue
from services.progress.directory.service import Directory, apply_entries, apply_organisations
from services.progress.figures import service as figures
from services.progress.figures.settling import settle_all
from services.progress.schema import feed_cursor


async def settle_after_copy(
    conn: AsyncConnection, catalogue: Catalogue, organisations: Sequence[UUID] | None
) -> None:
    """Lay out periods and bring figures into line after the directory changed."""
    await ensure_periods(conn, catalogue)
    await settle_all(conn, catalogue, organisations, cause=uuid4(), revision=catalogue.position)


def follow(directory: Directory, neighbours: Neighbours, database: Database) -> None:
    """Let the directory follow both feeds."""
    directory.followers = [
        Follower(
            "auth", neighbours.organisations, database, feed_cursor, apply_organisations(settle_after_copy)
        ),
        Follower("targets", neighbours.plans, database, feed_cursor, apply_entries(settle_after_copy)),
    ]


async def compact(database: Database, every: float) -> None:
    """Fold pending deltas into the kept sums, turn by turn, until cancelled."""
    while True:
        try:
            while await figures.fold(database) >= figures.FOLD_AT_ONCE:
                pass
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log().error("figures.fold-failed", exc_info=error)
        await asyncio.sleep(every)


@asynccontextmanager
async def running(tasks: Sequence[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Run tasks for as long as the block lasts, and end them cleanly."""
    started = [asyncio.ensure_future(task()) for task in tasks]
    try:
        yield
    finally:
        for task in started:
            task.cancel()
        for task in started:
            with suppress(asyncio.CancelledError):
                await task
