"""Routes of targets."""

from typing import Annotated

from fastapi import Depends, Query, Response

from contracts.base import Code, Page
from contracts.catalogue import TargetEntity, TargetView
from contracts.vocabularies import Strength
from kernel import etags
from kernel.app import errors, router
from kernel.auth import SignedIn
from services.targets.context import Db, Paging, listed
from services.targets.targets import service

targets = router("/api/v1/targets", tags=["Targets"])

Codes = Annotated[list[Code] | None, Query(max_length=100)]


def _filters(
    plan: Codes = None,
    indicator: Codes = None,
    holder: Codes = None,
    strength: Annotated[list[Strength] | None, Query()] = None,
    item: Codes = None,
) -> service.Filters:
    """Which targets; several values of one filter are OR."""
    firm = [one.value for one in strength or []]
    return service.Filters(plan or [], indicator or [], holder or [], firm, item or [])


@targets.get("", summary="List targets", responses=errors(), response_model=Page[TargetView])
async def list_targets(
    caller: SignedIn,
    db: Db,
    page: Paging,
    response: Response,
    filters: Annotated[service.Filters, Depends(_filters)],
    if_none_match: etags.IfNoneMatch = None,
) -> Page[TargetView] | Response:
    """Targets of published plans, and of drafts for planners of their issuer; plan by plan in the plan's order."""
    found = await service.list_targets(db, caller, page, filters)
    return listed(response, if_none_match, found)


@targets.get("/{code}", summary="Read a target", responses=errors(404), response_model=TargetView)
async def read_target(
    code: Code, caller: SignedIn, db: Db, response: Response, if_none_match: etags.IfNoneMatch = None
) -> TargetView | Response:
    """A target with the names of what it names."""
    target = await service.read_target(db, caller, code)
    return etags.conditional(response, if_none_match, target.etag, target)


@targets.get(
    "/{code}/versions",
    summary="List the versions of a target",
    responses=errors(404),
    response_model=Page[TargetEntity],
)
async def list_versions(
    code: Code, caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[TargetEntity] | Response:
    """Every version of a target, the newest first."""
    found = await service.list_versions(db, caller, code, page)
    return listed(response, if_none_match, found)
