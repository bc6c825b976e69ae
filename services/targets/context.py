"""What a route of this service can ask for: the database, the copy of organisations, roles."""

from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response

from contracts.base import Page
from contracts.vocabularies import Role
from kernel import etags
from kernel.auth import Caller, require
from kernel.db import Database
from kernel.paging import PageQuery, link_header, page_query
from services.targets.clients import Organisations


def _database(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


def _organisations(request: Request) -> Organisations:
    found: Organisations = request.app.state.organisations
    return found


Db = Annotated[Database, Depends(_database)]
Directory = Annotated[Organisations, Depends(_organisations)]
Planner = Annotated[Caller, require(Role.PLANNER)]
Auditor = Annotated[Caller, require(Role.AUDITOR)]
Paging = Annotated[PageQuery, Depends(page_query)]

Item = TypeVar("Item")


def listed(response: Response, if_none_match: str | None, page: Page[Item]) -> Page[Item] | Response:
    """A page with its links as headers, or 304 for a reader who has it."""
    link_header(response, page)
    return etags.conditional(response, if_none_match, etags.of_content(page), page)
