"""Use cases of review: approve up the chain, or return with a reason."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.base import Page
from contracts.reports import Answer, Decision, DecisionResult, ReviewBatch, ReviewBatchResult, Submission
from contracts.vocabularies import SubmissionState as State
from contracts.vocabularies import Value
from kernel import idempotency, paging
from kernel.auth import Caller
from kernel.errors import AppError, FieldError, Invalid, Said, StaleVersion, StateConflict
from kernel.paging import PageQuery
from services.progress.calendar.rules import midnight, working_days_later
from services.progress.desk import Desk
from services.progress.directory.models import organisation
from services.progress.figures.repository import SeriesKey
from services.progress.figures.settling import settle
from services.progress.reports import repository as reports_repository
from services.progress.reports import views
from services.progress.reports.models import submission as heads_table
from services.progress.reports.moment import Moment, begin, begin_change
from services.progress.reports.service.submissions import held, step
from services.progress.reports.writing import must_be_sound
from services.progress.reviews import repository, rules
from services.progress.schema import idempotency_keys


@dataclass(frozen=True)
class Verdict:
    """What a reviewer says; what he read is pinned by `revision` (ETag) or by `version`."""

    decision: str
    revision: int | None = None
    version: int | None = None
    reason: str | None = None
    suggested: Answer | None = None
    note: str | None = None
    judgement: str | None = None


async def decide(desk: Desk, caller: Caller, submission: UUID, verdict: Verdict) -> Submission:
    """Approve or return one submission at the step whose turn it is.

    Raises NotFound, Forbidden, SeparationOfDuty, StateConflict, StaleVersion, Invalid.
    """
    async with desk.database.transaction(caller.id) as conn:
        moment = await begin_change(conn, desk, caller)
        return await moment.show(await _decide(moment, submission, verdict))


async def _decide(moment: Moment, submission: UUID, verdict: Verdict) -> Any:
    row, key = await held(moment, submission)
    office = await _admitted(moment, row, verdict)
    await _keep(moment, row, office, verdict)
    if verdict.decision == "approve":
        return await _approve(moment, row, key, office, verdict)
    return await _return(moment, row, key, verdict)


async def _admitted(moment: Moment, row: Any, verdict: Verdict) -> UUID:
    if State(row.state) is not State.SUBMITTED:
        raise StateConflict()
    stale = verdict.revision not in (None, row.revision) or verdict.version not in (None, row.version)
    items = moment.catalogue.items_of(row.indicator)
    office = rules.acting_for(moment.caller, row.chain, row.step, items, moment.desk.reviewers.offices(items))
    if office is None and stale:
        raise StaleVersion()  # somebody else was faster: the turn he has read about is over
    office = rules.must_act(office)
    rules.separate(moment.caller, row.authors, await repository.reviewers(moment.conn, row.id, row.round))
    if stale:
        raise StaleVersion()
    return office


async def _keep(moment: Moment, row: Any, office: UUID, verdict: Verdict) -> None:
    suggested = verdict.suggested
    await repository.add(
        moment.conn,
        submission=row.id,
        version=row.version,
        round=row.round,
        step=row.step,
        organisation=office,
        decision=verdict.decision,
        reason=verdict.reason,
        suggested=suggested.model_dump(mode="json", exclude_defaults=True) if suggested else None,
        note=verdict.note,
        reviewer=moment.caller.id,
        reviewer_name=moment.caller.name,
    )


async def _approve(moment: Moment, row: Any, key: SeriesKey, office: UUID, verdict: Verdict) -> Any:
    outcome = rules.after_approval(row.chain, row.step, office)
    if not outcome.final:
        row = await step(moment, row, "approve", step=outcome.step, waiting_at=outcome.waiting_at)
        await moment.note(row, "submission.passed", verdict.note)
        return row
    await _judge(moment, row, verdict)
    row = await step(
        moment,
        row,
        "approve",
        state=State.APPROVED.value,
        step=outcome.step,
        waiting_at=None,
        in_force_version=row.version,
    )
    await settle(moment.conn, moment.catalogue, key, cause=row.id, revision=row.revision)
    await moment.note(row, "submission.approved", verdict.note)
    return row


async def _judge(moment: Moment, row: Any, verdict: Verdict) -> None:
    judged = moment.catalogue.indicators[row.indicator].value is Value.JUDGED
    if judged and verdict.judgement is None:
        said = Said("评定类指标须给出评定结论。", "a judged indicator needs the judgement")
        raise Invalid(errors=[FieldError("/judgement", "missing", said)])
    if judged and verdict.judgement is not None:
        await reports_repository.judge(moment.conn, row.id, row.version, verdict.judgement)


async def _return(moment: Moment, row: Any, key: SeriesKey, verdict: Verdict) -> Any:
    if verdict.suggested is not None:
        indicator = moment.catalogue.indicators[row.indicator]
        must_be_sound(indicator, verdict.suggested, complete=True, prefix="/suggested")
    days = int(moment.catalogue.settings.get("return-working-days", 5))
    last = working_days_later(moment.today, days)
    returned = {
        "reason": verdict.reason,
        "suggested": verdict.suggested.model_dump(mode="json") if verdict.suggested else None,
        "by": moment.caller.name,
        "at": moment.now.isoformat(),
    }
    row = await step(
        moment,
        row,
        "return",
        state=State.RETURNED.value,
        waiting_at=None,
        step=0,
        returned=returned,
        resubmit_until=midnight(last + timedelta(days=1)),
    )
    await settle(moment.conn, moment.catalogue, key, cause=row.id, revision=row.revision)
    await moment.note(row, "submission.returned", verdict.reason)
    return row


async def decide_many(
    desk: Desk, caller: Caller, batch: ReviewBatch, key: idempotency.Key
) -> tuple[int, Any]:
    """Decide several submissions, each on its own; one that fails leaves the others as decided.

    Taken in the order of their series, so that two batches never wait for each other in a circle.
    """
    async with desk.database.transaction(caller.id) as conn:
        moment = await begin_change(conn, desk, caller)
        stored = await idempotency.claim(conn, idempotency_keys, caller.id, key)
        if stored is not None:
            return stored.status, stored.body
        series = await reports_repository.series(conn, [d.submission for d in batch.decisions])
        order = sorted(enumerate(batch.decisions), key=lambda pair: (series.get(pair[1].submission, ()), pair[0]))
        done = {place: await _one(moment, decision) for place, decision in order}
        results = [done[place] for place in range(len(batch.decisions))]
        summary = dict(Counter(result.outcome for result in results))
        body = ReviewBatchResult(summary=summary, results=results).model_dump(mode="json")
        await idempotency.remember(conn, idempotency_keys, caller.id, key, 200, body)
    return 200, body


async def _one(moment: Moment, decision: Decision) -> DecisionResult:
    verdict = Verdict(decision.decision, version=decision.version, reason=decision.reason)
    try:
        async with moment.conn.begin_nested():
            row = await _decide(moment, decision.submission, verdict)
    except AppError as error:
        return DecisionResult(submission=decision.submission, outcome=error.code, message=error.title().zh)
    return DecisionResult(submission=decision.submission, outcome="done", state=State(row.state))


@dataclass(frozen=True)
class Selection:
    """Which of the waiting submissions; empty lists mean all."""

    organisations: list[str]
    indicators: list[str]
    periods: list[str]


async def waiting(desk: Desk, caller: Caller, chosen: Selection, page: PageQuery) -> Page[Submission]:
    """What a caller may decide now, the oldest first; what he has written or decided in this round is left out."""
    table = heads_table
    query = reports_repository.heads()
    if chosen.organisations:
        query = query.where(organisation.c.code.in_(chosen.organisations))
    if chosen.indicators:
        query = query.where(table.c.indicator.in_(chosen.indicators))
    if chosen.periods:
        query = query.where(table.c.period.in_(chosen.periods))
    async with desk.database.reading() as conn:
        moment = await begin(conn, desk, caller)
        query = repository.open_to(query, caller.id, _turns(moment), moment.today)
        found: Page[Any] = await paging.paged(conn, query, page, lambda row: row)
        items = await views.present(conn, desk, moment.catalogue, caller, found.items, moment.today)
    return Page(items=items, next=found.next, prev=found.prev)


def _turns(moment: Moment) -> list[repository.Turn]:
    """For which offices the caller decides on which indicators; those that are staffed alike are taken together."""
    found: dict[tuple[frozenset[UUID], frozenset[UUID]], list[str]] = {}
    for code in moment.catalogue.indicators:
        items = moment.catalogue.items_of(code)
        mine = rules.offices_of(moment.caller, items)
        if mine:
            found.setdefault((mine, moment.desk.reviewers.offices(items)), []).append(code)
    return [repository.Turn(indicators, *offices) for offices, indicators in found.items()]
