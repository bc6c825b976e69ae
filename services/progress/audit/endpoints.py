"""Who changed what: for auditors, within their subtree."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response
from sqlalchemy import select

from contracts.access import AuditEvent
from contracts.base import Page
from contracts.vocabularies import Role
from kernel import paging
from kernel.app import errors, router
from kernel.auth import Caller, require
from kernel.paging import PageQuery, page_query
from services.progress.desk import AtDesk
from services.progress.directory.models import membership
from services.progress.schema import audit_events

routes = router("/api/v1/audit/progress", tags=["Audit"])
Auditor = Annotated[Caller, require(Role.AUDITOR)]


@routes.get(
    "/events",
    summary="Audit records · 审计记录",
    responses=errors(403),
    operation_id="audit_list_progress_events",
)
async def list_progress_events(
    desk: AtDesk,
    response: Response,
    caller: Auditor,
    page: Annotated[PageQuery, Depends(page_query)],
    entity: Annotated[str | None, Query(max_length=64)] = None,
    entity_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[AuditEvent]:
    """One record per change, the newest first; records about units outside your subtree are not shown."""
    roots = caller.roots(Role.AUDITOR)
    below = select(membership.c.organisation).where(
        membership.c.line == "management", membership.c.ancestor.in_(roots)
    )
    query = select(audit_events).where(audit_events.c.organisation.in_(below))
    if entity is not None:
        query = query.where(audit_events.c.entity == entity)
    if entity_id is not None:
        query = query.where(audit_events.c.entity_id == entity_id)
    async with desk.database.reading() as conn:
        found = await paging.paged(conn, query.order_by(audit_events.c.id.desc()), page, _event)
    paging.link_header(response, found)
    return found


def _event(row: Any) -> AuditEvent:
    return AuditEvent(**{name: row._mapping[name] for name in AuditEvent.model_fields})
