"""Submissions as the API shows them: names beside codes, and the caller's possible steps."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.reports import Answer, Returned, ReviewState, Submission
from contracts.vocabularies import Role, SubmissionState
from kernel.auth import Caller
from services.progress.desk import Desk
from services.progress.directory import repository as directory_repository
from services.progress.directory.catalogue import Catalogue
from services.progress.directory.repository import Named
from services.progress.reports import repository, rules
from services.progress.reviews.rules import acting_for


def etag(revision: int) -> str:
    """The strong ETag of a submission."""
    return f'"{revision}"'


async def present(
    conn: AsyncConnection,
    desk: Desk,
    catalogue: Catalogue,
    caller: Caller,
    rows: Sequence[Any],
    today: date,
) -> list[Submission]:
    """Submissions for a caller: three look-ups for a whole page, whatever its length."""
    offices = await directory_repository.by_id(conn, {r.waiting_at for r in rows if r.waiting_at})
    reporting = await _reporting(conn, catalogue, caller, rows, today)
    windows = await repository.windows(conn, [row.id for row in rows], today)
    return [_submission(desk, catalogue, caller, row, offices, row.id in reporting, windows[row.id]) for row in rows]


async def _reporting(
    conn: AsyncConnection, catalogue: Catalogue, caller: Caller, rows: Sequence[Any], today: date
) -> set[UUID]:
    """Which of the submissions the caller reports."""
    units = [row.organisation for row in rows]
    whole = await repository.under_any(conn, units, caller.roots(Role.REPORTER), today)
    found = {row.id for row in rows if row.organisation in whole}
    for grant in caller.limited(Role.REPORTER):
        under = await repository.under_any(conn, units, [grant.organisation], today)
        serving = set(catalogue.indicators_of(grant.items or ()))
        found |= {row.id for row in rows if row.organisation in under and row.indicator in serving}
    return found


def _submission(
    desk: Desk,
    catalogue: Catalogue,
    caller: Caller,
    row: Any,
    offices: dict[UUID, Named],
    reports: bool,
    window: tuple[bool, bool],
) -> Submission:
    indicator, subject = catalogue.indicators.get(row.indicator), catalogue.subjects.get(row.subject)
    items = catalogue.items_of(row.indicator)
    staffed = desk.reviewers.offices(items)
    may_act = row.waiting_at is not None and caller.id not in row.authors
    reviews = may_act and acting_for(caller, row.chain, row.step, items, staffed) is not None
    may = rules.Possible(reports, reviews, *window)
    state = SubmissionState(row.state)
    return Submission(
        id=row.id,
        indicator=row.indicator,
        indicator_name=indicator.name if indicator else row.indicator,
        organisation=row.organisation_code,
        organisation_name=row.organisation_name,
        synthetic=row.synthetic,
        subject=row.subject or None,
        subject_name=subject.name if subject else None,
        period=row.period,
        state=state,
        version=row.version,
        in_force_version=row.in_force_version,
        answer=Answer.model_validate(row.answer),
        review=_review(row, offices, staffed),
        returned=Returned.model_validate(row.returned) if row.returned and state is SubmissionState.RETURNED else None,
        author=row.author_name,
        submitted_at=row.submitted_at,
        updated_at=row.updated_at,
        etag=etag(row.revision),
        actions=rules.actions(state, row.step, row.in_force_version, may),
    )


def _review(row: Any, offices: dict[UUID, Named], staffed: frozenset[UUID]) -> ReviewState | None:
    office = offices.get(row.waiting_at) if row.waiting_at else None
    if office is None:
        return None
    return ReviewState(
        step=row.step + 1,
        of=len(row.chain),
        waiting_at=office.code,
        waiting_at_name=office.name,
        no_reviewer=office.id not in staffed,
    )
