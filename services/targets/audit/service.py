"""Use case of the audit: reading it."""

from typing import Any

from sqlalchemy import Row

from contracts.access import AuditEvent
from contracts.base import Page
from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.clock import today
from kernel.db import Database
from kernel.paging import PageQuery, paged
from services.targets.audit import repository
from services.targets.directory import repository as directory


async def list_events(database: Database, caller: Caller, page: PageQuery) -> Page[AuditEvent]:
    """The records of the organisations under the auditor, the newest first."""
    async with database.reading() as conn:
        units = await repository.organisations(conn)
        mine = await directory.under(conn, units, caller.roots(Role.AUDITOR), today())
        return await paged(conn, repository.events(mine), page, _event)


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent.model_validate({name: row._mapping[name] for name in AuditEvent.model_fields})
