"""People and their grants."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from contracts.access import GrantIn, GrantOut, User, UserCreate, UserPatch
from contracts.base import Code, Page, Prose
from kernel import etags
from kernel.app import errors, router
from kernel.auth import Caller, require
from kernel.idempotency import key_header
from kernel.paging import PageQuery, link_header, page_query
from services.auth.context import Db, Hashing
from services.auth.people import service
from services.auth.rights.rules import ADMINISTRATORS

routes = router("/api/v1/users", tags=["Access"])

Administrator = Annotated[Caller, require(*ADMINISTRATORS)]
Key = Annotated[str | None, Depends(key_header)]


@routes.get("", response_model=Page[User], responses=errors(403))
async def list_users(
    database: Db,
    caller: Administrator,
    page: Annotated[PageQuery, Depends(page_query)],
    response: Response,
    q: Annotated[Prose | None, Query(max_length=100, description="Part of the login or the name")] = None,
    organisation: Annotated[Code | None, Query(description="Only people of this organisation")] = None,
    disabled: Annotated[bool | None, Query(description="Only disabled, or only active people")] = None,
    if_none_match: etags.IfNoneMatch = None,
) -> Page[User] | Response:
    """People in your area, in the order of their login names."""
    found = await service.listing(database, caller, page, q=q, organisation=organisation, disabled=disabled)
    link_header(response, found)
    return etags.conditional(response, if_none_match, etags.of_content(found), found)


@routes.post("", status_code=201, responses=errors(403, 409))
async def create_user(
    database: Db,
    caller: Administrator,
    passwords: Hashing,
    wanted: UserCreate,
    response: Response,
    key: Key = None,
) -> User:
    """Register a person in your area, with grants inside your own."""
    made = await service.create(database, caller, wanted, passwords, key)
    response.headers.update({"Location": f"{routes.prefix}/{made.id}", "ETag": made.etag})
    return made


@routes.get("/{id}", response_model=User, responses=errors(403, 404))
async def read_user(
    database: Db, caller: Administrator, id: UUID, response: Response, if_none_match: etags.IfNoneMatch = None
) -> User | Response:
    """One person in your area."""
    found = await service.find(database, caller, id)
    return etags.conditional(response, if_none_match, found.etag, found)


@routes.patch("/{id}", responses=errors(403, 404, 409, 412, 428))
async def update_user(
    database: Db,
    caller: Administrator,
    id: UUID,
    wanted: UserPatch,
    response: Response,
    if_match: etags.IfMatch = None,
) -> User:
    """Correct a name, disable or enable. When it answers, a disabled person is out of every service."""
    changed = await service.change(database, caller, id, wanted, if_match)
    response.headers["ETag"] = changed.etag
    return changed


@routes.post("/{id}/grants", status_code=201, responses=errors(403, 404, 409))
async def create_grant(
    database: Db, caller: Administrator, id: UUID, wanted: GrantIn, response: Response, key: Key = None
) -> GrantOut:
    """Give a person a role in a subtree, within your own role and subtree."""
    made = await service.grant(database, caller, id, wanted, key)
    response.headers["Location"] = f"{routes.prefix}/{id}/grants/{made.id}"
    return made


@routes.delete("/{id}/grants/{grant_id}", status_code=204, responses=errors(403, 404, 409))
async def delete_grant(database: Db, caller: Administrator, id: UUID, grant_id: UUID) -> None:
    """Take a role away. When it answers, no service acts on it any more."""
    await service.revoke(database, caller, id, grant_id)
