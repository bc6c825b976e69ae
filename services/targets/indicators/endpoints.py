"""Routes of indicators and scopes."""

from fastapi import Response

from contracts.base import Code, Page
from contracts.catalogue import IndicatorView, ScopeView
from kernel import etags
from kernel.app import errors, router
from kernel.auth import SignedIn
from services.targets.context import Db, Paging, listed
from services.targets.indicators import service

indicators = router("/api/v1/indicators", tags=["Indicators"])
scopes = router("/api/v1/scopes", tags=["Scopes"])


@indicators.get("", summary="List indicators", responses=errors(), response_model=Page[IndicatorView])
async def list_indicators(
    caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[IndicatorView] | Response:
    """What units are asked, each with the targets that stand on it; in order of code."""
    found = await service.list_indicators(db, caller, page)
    return listed(response, if_none_match, found)


@indicators.get("/{code}", summary="Read an indicator", responses=errors(404), response_model=IndicatorView)
async def read_indicator(
    code: Code, caller: SignedIn, db: Db, response: Response, if_none_match: etags.IfNoneMatch = None
) -> IndicatorView | Response:
    """An indicator with its definition and the targets that stand on it."""
    indicator = await service.read_indicator(db, caller, code)
    return etags.conditional(response, if_none_match, indicator.etag, indicator)


@scopes.get("", summary="List scopes", responses=errors(), response_model=Page[ScopeView])
async def list_scopes(
    caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[ScopeView] | Response:
    """Named filters that say who counts; in order of code."""
    found = await service.list_scopes(db, caller, page)
    return listed(response, if_none_match, found)


@scopes.get("/{code}", summary="Read a scope", responses=errors(404), response_model=ScopeView)
async def read_scope(
    code: Code, caller: SignedIn, db: Db, response: Response, if_none_match: etags.IfNoneMatch = None
) -> ScopeView | Response:
    """A scope: the filter, or the list of subjects."""
    scope = await service.read_scope(db, caller, code)
    return etags.conditional(response, if_none_match, etags.of(scope.version), scope)
