"""The audit records of organisations, people, grants, clients and sessions."""

from typing import Annotated

from fastapi import Depends, Query, Response

from contracts.access import AuditEvent
from contracts.base import Code, Page
from contracts.vocabularies import Role
from kernel.app import errors, router
from kernel.auth import Caller, require
from kernel.paging import PageQuery, link_header, page_query
from services.auth.audit import service
from services.auth.context import Db

routes = router("/api/v1/audit/auth", tags=["Audit"])


@routes.get("/events", responses=errors(403))
async def list_auth_events(
    database: Db,
    caller: Annotated[Caller, require(Role.AUDITOR)],
    page: Annotated[PageQuery, Depends(page_query)],
    response: Response,
    entity: Annotated[Code | None, Query(description="organisation, user, client, session")] = None,
    entity_id: Annotated[Code | None, Query()] = None,
) -> Page[AuditEvent]:
    """Who changed what in your area, the newest first."""
    found = await service.listing(database, caller, page, entity, entity_id)
    link_header(response, found)
    return found
