"""Reading submissions: one, its versions, and lists within the caller's scope."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_

from contracts.base import Page
from contracts.reports import Answer, Submission, SubmissionVersion, Versions
from kernel import paging
from kernel.auth import Caller
from kernel.paging import PageQuery
from services.progress.desk import Desk
from services.progress.directory import service as directory_service
from services.progress.reports import repository, views
from services.progress.reports.models import submission as heads_table
from services.progress.reports.moment import Moment, begin
from services.progress.reports.service.submissions import loaded


@dataclass(frozen=True)
class Selection:
    """Which submissions; empty lists mean all."""

    organisation: str | None
    states: list[str]
    indicators: list[str]
    periods: list[str]


async def get(desk: Desk, caller: Caller, submission: UUID) -> Submission:
    """One submission, or NotFound."""
    async with desk.database.reading() as conn:
        moment = await begin(conn, desk, caller)
        row = await loaded(moment, submission)
        return await moment.show(row)


async def versions(desk: Desk, caller: Caller, submission: UUID) -> Versions:
    """Every version of one submission, or NotFound."""
    async with desk.database.reading() as conn:
        moment = await begin(conn, desk, caller)
        row = await loaded(moment, submission)
        found = await repository.versions(conn, submission)
    return Versions(
        items=[
            SubmissionVersion(
                version=one.version,
                answer=Answer.model_validate(one.answer),
                author=one.author_name,
                submitted_at=one.submitted_at,
                in_force=one.version == row.in_force_version,
            )
            for one in found
        ]
    )


async def listing(desk: Desk, caller: Caller, chosen: Selection, page: PageQuery) -> Page[Submission]:
    """Submissions the caller may see, the newest first."""
    async with desk.database.reading() as conn:
        moment = await begin(conn, desk, caller)
        query = repository.heads().where(_seen(moment))
        if chosen.organisation is not None:
            named = directory_service.any_item(caller)
            unit = await directory_service.visible(conn, caller, chosen.organisation, moment.today, named)
            query = query.where(repository.within([unit.id], moment.today))
        query = _filtered(query, chosen).order_by(heads_table.c.id.desc())
        found: Page[Any] = await paging.paged(conn, query, page, lambda row: row)
        items = await views.present(conn, desk, moment.catalogue, caller, found.items, moment.today)
    return Page(items=items, next=found.next, prev=found.prev)


def _seen(moment: Moment) -> Any:
    """The condition that a submission lies in the caller's subtrees, on his items where a grant names some."""
    roles = directory_service.SEES_FIGURES
    conditions = [repository.within(moment.caller.roots(*roles), moment.today)]
    for grant in moment.caller.limited(*roles):
        serving = moment.catalogue.indicators_of(grant.items or ())
        own = repository.within([grant.organisation], moment.today)
        conditions.append(and_(own, heads_table.c.indicator.in_(serving)))
    return or_(*conditions)


def _filtered(query: Any, chosen: Selection) -> Any:
    for column, values in (
        (heads_table.c.state, chosen.states),
        (heads_table.c.indicator, chosen.indicators),
        (heads_table.c.period, chosen.periods),
    ):
        if values:
            query = query.where(column.in_(values))
    return query
