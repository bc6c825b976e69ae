"""Organisations: the tree of any day, and dated facts. Everyone signed in sees them; few may change them."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from contracts.base import Code, Day, Page, Prose
from contracts.organisations import (
    Fact,
    FactList,
    FactsAdded,
    Organisation,
    OrganisationCreate,
    OrganisationPatch,
)
from contracts.vocabularies import Kind, Level
from kernel import etags
from kernel.app import errors, router
from kernel.auth import Caller, SignedIn, require
from kernel.idempotency import key_header
from kernel.paging import PageQuery, link_header, page_query
from services.auth.context import Db
from services.auth.organisations import service
from services.auth.organisations.authority import TREE
from services.auth.organisations.repository import Filters

routes = router("/api/v1/organisations", tags=["Organisations"])

Editor = Annotated[Caller, require(*TREE)]
Key = Annotated[str | None, Depends(key_header)]
Paging = Annotated[PageQuery, Depends(page_query)]
Named = Annotated[Code, Path(description="The organisation's code; an earlier one resolves too")]
On = Annotated[Day | None, Query(description="The day whose tree is shown; today unless given")]
Words = Annotated[Prose | None, Query(max_length=100, description="Part of the name, or how code or pinyin begin")]
Codes = Annotated[list[Code] | None, Query(max_length=50)]


def _sorts(
    level: Annotated[list[Level] | None, Query(description="Only these levels")] = None,
    kind: Annotated[list[Kind] | None, Query(description="Only these kinds")] = None,
    q: Words = None,
) -> Filters:
    return Filters(level=level or (), kind=kind or (), q=q)


def _filters(sorts: Annotated[Filters, Depends(_sorts)], parent: Codes = None, division: Codes = None) -> Filters:
    return sorts._replace(parent=parent or (), division=division or ())


Sorts = Annotated[Filters, Depends(_sorts)]


@routes.get("", response_model=Page[Organisation], responses=errors())
async def list_organisations(
    database: Db,
    caller: SignedIn,
    page: Paging,
    response: Response,
    filters: Annotated[Filters, Depends(_filters)],
    on: On = None,
    if_none_match: etags.IfNoneMatch = None,
) -> Page[Organisation] | Response:
    """Organisations in the order of their names."""
    found = await service.listing(database, caller, page, filters, on)
    return _listed(response, if_none_match, found)


@routes.post("", status_code=201, responses=errors(403, 409))
async def create_organisation(
    database: Db, caller: Editor, wanted: OrganisationCreate, response: Response, key: Key = None
) -> Organisation:
    """Register an organisation under a parent in your area."""
    made = await service.create(database, caller, wanted, key)
    response.headers.update({"Location": f"{routes.prefix}/{made.code}", "ETag": made.etag})
    return made


@routes.get("/{code}", response_model=Organisation, responses=errors(404))
async def read_organisation(
    database: Db,
    caller: SignedIn,
    code: Named,
    response: Response,
    on: On = None,
    if_none_match: etags.IfNoneMatch = None,
) -> Organisation | Response:
    """One organisation; `superseded_code` says that the code asked for is an earlier one."""
    found = await service.find(database, caller, code, on)
    return etags.conditional(response, if_none_match, found.etag, found)


@routes.patch("/{code}", responses=errors(403, 404, 412, 428))
async def update_organisation(
    database: Db,
    caller: Editor,
    code: Named,
    wanted: OrganisationPatch,
    response: Response,
    if_match: etags.IfMatch = None,
) -> Organisation:
    """Correct a name. Renames with a date and a ground are events of their own."""
    changed = await service.rename(database, caller, code, wanted, if_match)
    response.headers["ETag"] = changed.etag
    return changed


@routes.get("/{code}/children", response_model=Page[Organisation], responses=errors(404))
async def list_children(
    database: Db,
    caller: SignedIn,
    code: Named,
    page: Paging,
    response: Response,
    sorts: Sorts,
    on: On = None,
    if_none_match: etags.IfNoneMatch = None,
) -> Page[Organisation] | Response:
    """The organisations that it manages directly."""
    found = await service.children(database, caller, code, page, sorts, on)
    return _listed(response, if_none_match, found)


@routes.get("/{code}/ancestors", response_model=Page[Organisation], responses=errors(404))
async def list_ancestors(
    database: Db,
    caller: SignedIn,
    code: Named,
    response: Response,
    on: On = None,
    if_none_match: etags.IfNoneMatch = None,
) -> Page[Organisation] | Response:
    """Who manages and reviews it, from the nearest to the top."""
    return _listed(response, if_none_match, await service.ancestors(database, caller, code, on))


@routes.get("/{code}/descendants", response_model=Page[Organisation], responses=errors(404))
async def list_descendants(
    database: Db,
    caller: SignedIn,
    code: Named,
    page: Paging,
    response: Response,
    sorts: Sorts,
    on: On = None,
    if_none_match: etags.IfNoneMatch = None,
) -> Page[Organisation] | Response:
    """Everything that it manages, at any depth."""
    found = await service.descendants(database, caller, code, page, sorts, on)
    return _listed(response, if_none_match, found)


@routes.get("/{code}/facts", response_model=FactList, responses=errors(404))
async def list_facts(
    database: Db,
    caller: SignedIn,
    code: Named,
    response: Response,
    on: Annotated[Day | None, Query(description="Only facts up to this day")] = None,
    if_none_match: etags.IfNoneMatch = None,
) -> FactList | Response:
    """Population, tier, ownership, tags and the like, newest first."""
    found = await service.list_facts(database, caller, code, on)
    return etags.conditional(response, if_none_match, etags.of_content(found), found)


@routes.post("/{code}/facts", status_code=201, responses=errors(403, 404, 409))
async def add_fact(database: Db, caller: Editor, code: Named, fact: Fact) -> FactsAdded:
    """Record a dated fact with its source."""
    return await service.add_fact(database, caller, code, fact)


def _listed(response: Response, if_none_match: str | None, found: Page[Organisation]) -> Page[Organisation] | Response:
    link_header(response, found)
    return etags.conditional(response, if_none_match, etags.of_content(found), found)
