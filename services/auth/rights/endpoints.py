"""The stream of rights, for neighbour services only."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from contracts.rights import Rights
from kernel.app import router
from kernel.internal import neighbours_only
from services.auth.context import Db
from services.auth.rights import service

routes = router("/internal/v1")


@routes.get("/rights", include_in_schema=False, dependencies=[neighbours_only])
async def rights(
    database: Db,
    consumer: Annotated[str, Query(min_length=1, max_length=100)],
    feed: UUID,
    confirmed: Annotated[int, Query(ge=-1)],
    lease: Annotated[int, Query(ge=0, le=10_000, description="milliseconds")] = 5000,
    wait: Annotated[float, Query(ge=0, le=20, description="seconds")] = 0,
) -> Rights:
    """What changed since the confirmed epoch; asking renews the lease."""
    return await service.news(database, consumer=consumer, feed=feed, confirmed=confirmed, lease_ms=lease, wait=wait)
