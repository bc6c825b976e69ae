"""What was changed in this service, for auditors."""

from typing import Any

from sqlalchemy import Row

from contracts.access import AuditEvent
from contracts.base import Page
from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.clock import today
from kernel.db import Database
from kernel.paging import PageQuery, paged
from services.auth.audit import repository
from services.auth.organisations.authority import roots


async def listing(
    database: Database, caller: Caller, page: PageQuery, entity: str | None, entity_id: str | None
) -> Page[AuditEvent]:
    """Audit records about the auditor's subtrees, the newest first."""
    async with database.transaction(caller.id) as conn:
        query = repository.listed(roots(caller, Role.AUDITOR), today(), entity, entity_id)
        return await paged(conn, query, page, _event)


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(**{name: row._mapping[name] for name in AuditEvent.model_fields})
