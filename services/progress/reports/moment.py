"""A transaction under way: who acts, when by the database's clock, and what is published."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.reports import Submission
from kernel import audit
from kernel.auth import Caller
from services.progress.calendar import repository as calendar_repository
from services.progress.calendar.rules import today
from services.progress.desk import Desk
from services.progress.directory import repository as directory_repository
from services.progress.directory.catalogue import Catalogue
from services.progress.reports import views
from services.progress.schema import audit_events


@dataclass(frozen=True)
class Moment:
    """What every step of a use case needs to know."""

    conn: AsyncConnection
    desk: Desk
    caller: Caller
    now: datetime
    catalogue: Catalogue

    @property
    def today(self) -> date:
        """The calendar day in Shanghai."""
        return today(self.now)

    async def show(self, row: Any) -> Submission:
        """One submission for the caller."""
        found = await views.present(self.conn, self.desk, self.catalogue, self.caller, [row], self.today)
        return found[0]

    async def note(self, row: Any, action: str, reason: str | None = None) -> None:
        """The audit record of one revision of a submission."""
        await audit.record(
            self.conn,
            audit_events,
            caller=self.caller,
            action=action,
            entity="submission",
            entity_id=row.id,
            entity_version=row.revision,
            organisation=row.organisation,
            reason=reason,
            detail={"version": row.version, "state": row.state, "answer": row.answer},
        )


async def begin_change(conn: AsyncConnection, desk: Desk, caller: Caller) -> Moment:
    """Fix the moment of a transaction that writes: the directory stays as it is until the commit."""
    await directory_repository.hold(conn)
    return await begin(conn, desk, caller)


async def begin(conn: AsyncConnection, desk: Desk, caller: Caller) -> Moment:
    """Fix the moment of a transaction."""
    return Moment(conn, desk, caller, await calendar_repository.now(conn), await desk.directory.catalogue(conn))
