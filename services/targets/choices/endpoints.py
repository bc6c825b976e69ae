"""Routes of settings."""

from fastapi import Response

from contracts.base import Code, Page
from contracts.settings import Setting
from kernel import etags
from kernel.app import errors, router
from kernel.auth import SignedIn
from services.targets.choices import service
from services.targets.context import Db, Paging, listed

settings = router("/api/v1/settings", tags=["Settings"])


@settings.get("", summary="List settings", responses=errors(), response_model=Page[Setting])
async def list_settings(
    _caller: SignedIn, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[Setting] | Response:
    """Where the documents are silent: the choices made, each with owner, date and ground; in order of code."""
    found = await service.list_settings(db, page)
    return listed(response, if_none_match, found)


@settings.get("/{code}", summary="Read a setting", responses=errors(404), response_model=Setting)
async def read_setting(
    code: Code, _caller: SignedIn, db: Db, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Setting | Response:
    """A choice with its owner, date and ground."""
    setting, etag = await service.read_setting(db, code)
    return etags.conditional(response, if_none_match, etag, setting)
