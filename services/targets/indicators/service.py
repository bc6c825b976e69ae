"""Use cases of indicators and scopes: reading them."""

from typing import Any

from sqlalchemy import Row

from contracts.base import Page
from contracts.catalogue import IndicatorView, ScopeView
from kernel import etags
from kernel.auth import Caller
from kernel.db import Database
from kernel.errors import NotFound
from kernel.paging import PageQuery, paged
from services.targets.indicators import repository
from services.targets.plans import visibility


async def list_indicators(database: Database, caller: Caller, page: PageQuery) -> Page[IndicatorView]:
    """The indicators the caller may see, in order of code."""
    async with database.reading() as conn:
        drafts = await visibility.drafts(conn, caller)
        return await paged(conn, repository.indicators(drafts), page, _indicator)


async def read_indicator(database: Database, caller: Caller, code: str) -> IndicatorView:
    """An indicator; raises NotFound."""
    async with database.reading() as conn:
        drafts = await visibility.drafts(conn, caller)
        row = await repository.one(conn, repository.indicators(drafts), code)
    if row is None:
        raise NotFound()
    return _indicator(row)


async def list_scopes(database: Database, caller: Caller, page: PageQuery) -> Page[ScopeView]:
    """The scopes the caller may see, in order of code."""
    async with database.reading() as conn:
        drafts = await visibility.drafts(conn, caller)
        return await paged(conn, repository.scopes(drafts), page, _scope)


async def read_scope(database: Database, caller: Caller, code: str) -> ScopeView:
    """A scope; raises NotFound."""
    async with database.reading() as conn:
        drafts = await visibility.drafts(conn, caller)
        row = await repository.one(conn, repository.scopes(drafts), code)
    if row is None:
        raise NotFound()
    return _scope(row)


def _indicator(row: Row[Any]) -> IndicatorView:
    targets = row.targets or []
    shown = {"version": row.version, "targets": targets, "etag": etags.of(row.version, targets)}
    return IndicatorView.model_validate({**row.body, **shown})


def _scope(row: Row[Any]) -> ScopeView:
    return ScopeView.model_validate({**row.body, "version": row.version})
