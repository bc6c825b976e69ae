"""The change feed of organisations, for neighbour services only."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from contracts.feed import Changes
from kernel.app import router
from kernel.internal import neighbours_only
from services.auth.context import Db
from services.auth.organisations import service

routes = router("/internal/v1")


@routes.get("/snapshot", include_in_schema=False, dependencies=[neighbours_only])
async def snapshot(database: Db) -> Response:
    """Every organisation with its whole history, and the position the feed had then."""
    found = await service.snapshot(database)
    return Response(found.model_dump_json(), media_type="application/json")


@routes.get("/changes", include_in_schema=False, dependencies=[neighbours_only])
async def changes(
    database: Db,
    feed: UUID,
    after: Annotated[int, Query(ge=0)],
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> Changes:
    """What was committed after a position, in the order of commits; 410 when the consumer must start over."""
    return await service.changes(database, feed, after, limit)
