"""Routes of the audit."""

from fastapi import Response

from contracts.access import AuditEvent
from contracts.base import Page
from kernel import etags
from kernel.app import errors, router
from services.targets.audit import service
from services.targets.context import Auditor, Db, Paging, listed

audit = router("/api/v1/audit/targets", tags=["Audit"])


@audit.get(
    "/events",
    summary="List audit records of plans and settings",
    responses=errors(403),
    response_model=Page[AuditEvent],
)
async def list_events(
    caller: Auditor, db: Db, page: Paging, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Page[AuditEvent] | Response:
    """Who changed which plan or setting, when and why, under the auditor's organisations; the newest first."""
    found = await service.list_events(db, caller, page)
    return listed(response, if_none_match, found)
