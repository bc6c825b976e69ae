"""Internal routes: the change feed, for the services next door."""

from uuid import UUID

from contracts.feed import Changes, Snapshot
from kernel.app import router
from kernel.internal import neighbours_only
from services.targets.context import Db
from services.targets.schema import outbox

feed = router("/internal/v1", tags=["Internal"])


@feed.get("/snapshot", include_in_schema=False, dependencies=[neighbours_only])
async def snapshot(db: Db) -> Snapshot:
    """Every plan, what it holds, and every setting, as they stand."""
    async with db.reading() as conn:
        return await outbox.snapshot(conn)


@feed.get("/changes", include_in_schema=False, dependencies=[neighbours_only])
async def changes(db: Db, feed: UUID, after: int) -> Changes:
    """What was committed after a position; 410 when the reader must start over."""
    async with db.reading() as conn:
        return await outbox.changes(conn, feed=feed, after=after)
