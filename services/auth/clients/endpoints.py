"""API clients: programs that sign in with a secret."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from contracts.access import Client, ClientCreate
from contracts.base import Page
from kernel import etags
from kernel.app import errors, router
from kernel.auth import Caller, require
from kernel.idempotency import key_header
from kernel.paging import PageQuery, link_header, page_query
from services.auth.clients import service
from services.auth.context import Db
from services.auth.rights.rules import ADMINISTRATORS

routes = router("/api/v1/clients", tags=["Access"])

Administrator = Annotated[Caller, require(*ADMINISTRATORS)]


@routes.get("", response_model=Page[Client], responses=errors(403))
async def list_clients(
    database: Db,
    caller: Administrator,
    page: Annotated[PageQuery, Depends(page_query)],
    response: Response,
    if_none_match: etags.IfNoneMatch = None,
) -> Page[Client] | Response:
    """API clients in your area, in the order of their names."""
    found = await service.listing(database, caller, page)
    link_header(response, found)
    return etags.conditional(response, if_none_match, etags.of_content(found), found)


@routes.post("", status_code=201, responses=errors(403, 409))
async def create_client(
    database: Db,
    caller: Administrator,
    wanted: ClientCreate,
    response: Response,
    key: Annotated[str | None, Depends(key_header)] = None,
) -> Client:
    """Make an API client; its secret is in this answer and nowhere else."""
    made = await service.create(database, caller, wanted, key)
    response.headers.update({"Location": f"{routes.prefix}/{made.id}", "ETag": made.etag})
    return made


@routes.get("/{id}", response_model=Client, responses=errors(403, 404))
async def read_client(
    database: Db, caller: Administrator, id: UUID, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Client | Response:
    """One API client in your area."""
    found = await service.find(database, caller, id)
    return etags.conditional(response, if_none_match, found.etag, found)
