"""Use cases of submissions: write, submit, withdraw, correct, discard; one transaction each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.reports import Answer, Submission, SubmissionCreate
from contracts.vocabularies import Role
from contracts.vocabularies import SubmissionState as State
from kernel import idempotency
from kernel.auth import Caller
from kernel.errors import (
    Duplicate,
    Forbidden,
    NotFound,
    PeriodClosed,
    StaleVersion,
    StateConflict,
    UnknownReference,
)
from services.progress.calendar import repository as calendar_repository
from services.progress.calendar import service as calendar
from services.progress.desk import Desk
from services.progress.directory import repository as directory_repository
from services.progress.directory import service as directory_service
from services.progress.directory.repository import Named
from services.progress.figures import repository as figures_repository
from services.progress.figures.repository import SeriesKey
from services.progress.figures.settling import settle
from services.progress.reports import repository, rules, writing
from services.progress.reports.moment import Moment, begin_change
from services.progress.reports.writing import Fact
from services.progress.schema import idempotency_keys


async def with_catch_up(desk: Desk, act: Callable[[], Awaitable[Any]]) -> Any:
    """Run a use case; when it meets an unknown reference, copy what is new and run it once more."""
    try:
        return await act()
    except UnknownReference:
        await desk.directory.catch_up()
        return await act()


async def create(
    desk: Desk, caller: Caller, wanted: SubmissionCreate, key: idempotency.Key
) -> tuple[int, dict[str, Any]]:
    """Write one fact of a unit and period, and submit it if asked; 201 for a new one, 200 otherwise.

    Raises UnknownReference, Forbidden, PeriodClosed, Invalid, Duplicate (submitted already with other content).
    """
    async with desk.database.transaction(caller.id) as conn:
        moment = await begin_change(conn, desk, caller)
        items = moment.catalogue.items_of(wanted.indicator)
        unit = await directory_service.referred(conn, caller, wanted.organisation, moment.today, "/organisation", items)
        await may_report(moment, unit, wanted.indicator)
        replay = await idempotency.claim(conn, idempotency_keys, caller.id, key)
        if replay is not None:
            return replay.status, replay.body
        fact = await writing.fact_of(moment, unit, wanted, wanted.period)
        row, is_new = await put(moment, fact, writing.answer_of(wanted), submit=wanted.submit)
        shown = (await moment.show(row)).model_dump(mode="json")
        status = 201 if is_new else 200
        await idempotency.remember(conn, idempotency_keys, caller.id, key, status, shown)
    return status, shown


async def may_report(moment: Moment, unit: Named, indicator: str) -> None:
    """Forbidden unless the caller reports this indicator for the unit."""
    roots = moment.caller.roots(Role.REPORTER, items=moment.catalogue.items_of(indicator))
    if not roots or not await directory_repository.under(moment.conn, unit.id, roots, moment.today):
        raise Forbidden()


async def put(moment: Moment, fact: Fact, answer: Answer, *, submit: bool) -> tuple[Any, bool]:
    """Write a draft of a fact, and submit it if asked; the row and whether it is new."""
    await figures_repository.lock(moment.conn, fact.key)
    row = await repository.natural(moment.conn, fact.unit.id, fact.subject, fact.indicator.code, fact.period.code)
    if row is not None and State(row.state) not in rules.WRITABLE:
        if Answer.model_validate(row.answer) == answer:
            return row, False
        raise Duplicate()
    writing.must_be_open(fact.period, row, moment.now)
    writing.must_be_sound(fact.indicator, answer, complete=submit)
    if row is None:
        row = await writing.add(moment, fact, answer)
        is_new = True
    else:
        is_new = False
        if Answer.model_validate(row.answer) != answer:
            row = await writing.rewrite(moment, row, answer)
    if submit:
        row = await submit_row(moment, fact.key, await writing.as_new_version(moment, row, answer))
    return row, is_new


async def submit_row(moment: Moment, key: SeriesKey, row: Any) -> Any:
    """Send a draft up the chain: one conditional statement, then figures, then the audit record."""
    offices = await writing.chain_of(moment, row.organisation)
    changes: dict[str, Any] = {
        "state": State.SUBMITTED.value,
        "chain": offices,
        "step": 0,
        "round": row.round + 1,
        "waiting_at": offices[0],
        "authors": writing.authors_with(moment, row),
        "author_name": moment.caller.name,
        "submitted_at": moment.now,
        "submitted_first_at": row.submitted_first_at or moment.now,
    }
    row = await step(moment, row, "submit", **changes)
    await repository.stamp_submitted(moment.conn, row.id, row.version)
    await settle(moment.conn, moment.catalogue, key, cause=row.id, revision=row.revision)
    await moment.note(row, "submission.submitted")
    return row


async def step(moment: Moment, row: Any, action: str, *, seen: int | None = None, **changes: Any) -> Any:
    """Take one step of the state machine in one conditional statement.

    Raises StateConflict when the state has no such step, StaleVersion when it was changed since it was seen.
    """
    states = [state for state, name in rules.NEXT if name == action]
    if State(row.state) not in states:
        raise StateConflict()
    if seen is not None and seen != row.revision:
        raise StaleVersion()
    if await repository.move(moment.conn, row.id, seen=row.revision, states=states, **changes) is None:
        raise StaleVersion()
    found = await repository.find(moment.conn, row.id)
    assert found is not None  # the statement above has just changed it
    return found


async def loaded(moment: Moment, submission: UUID) -> Any:
    """A submission the caller may see, or NotFound: its unit is his now, or was his in the period it is about."""
    row = await repository.find(moment.conn, submission)
    if row is None:
        raise NotFound()
    items = moment.catalogue.items_of(row.indicator)
    roots = moment.caller.roots(*directory_service.SEES_FIGURES, items=items)
    for on in (moment.today, row.ends_on):
        if await directory_repository.under(moment.conn, row.organisation, roots, on):
            return row
    raise NotFound()


async def held(moment: Moment, submission: UUID) -> tuple[Any, SeriesKey]:
    """The same with its series held until the commit, read again under the lock."""
    seen = await loaded(moment, submission)
    key = SeriesKey(seen.organisation, seen.subject, seen.indicator)
    await figures_repository.lock(moment.conn, key)
    row = await repository.find(moment.conn, submission)
    assert row is not None  # heads are never removed
    return row, key


async def change(
    desk: Desk,
    caller: Caller,
    submission: UUID,
    seen: int,
    action: str,
    *,
    reason: str | None = None,
    answer: Answer | None = None,
) -> Submission:
    """A reporter's step on his own submission: edit, submit, withdraw, correct or discard."""
    async with desk.database.transaction(caller.id) as conn:
        moment = await begin_change(conn, desk, caller)
        row, key = await held(moment, submission)
        unit = (await directory_repository.by_id(conn, [row.organisation]))[row.organisation]
        await may_report(moment, unit, row.indicator)
        if seen != row.revision:
            raise StaleVersion() if action_possible(row, action) else StateConflict()
        period = await calendar.window(conn, row.period, unit.id, moment.today, hold=True)
        row = await _STEPS[action](moment, row, key, Change(period, reason, answer))
        return await moment.show(row)


def action_possible(row: Any, action: str) -> bool:
    """Whether the state has such a step at all, leaving versions aside."""
    state = State(row.state)
    if (action == "withdraw" and row.step > 0) or (action == "discard" and row.in_force_version is None):
        return False
    return state in rules.WRITABLE if action == "edit" else (state, action) in rules.NEXT


@dataclass(frozen=True)
class Change:
    """What a reporter's step brings with it."""

    period: calendar_repository.Standing
    reason: str | None
    answer: Answer | None


async def _edit(moment: Moment, row: Any, _key: SeriesKey, change: Change) -> Any:
    if State(row.state) not in rules.WRITABLE or change.answer is None:
        raise StateConflict()
    writing.must_be_open(change.period, row, moment.now)
    writing.must_be_sound(moment.catalogue.indicators[row.indicator], change.answer, complete=False)
    return await writing.rewrite(moment, row, change.answer)


async def _submit(moment: Moment, row: Any, key: SeriesKey, change: Change) -> Any:
    if (State(row.state), "submit") not in rules.NEXT:
        raise StateConflict()
    writing.must_be_open(change.period, row, moment.now)
    answer = Answer.model_validate(row.answer)
    writing.must_be_sound(moment.catalogue.indicators[row.indicator], answer, complete=True)
    row = await writing.as_new_version(moment, row, answer)
    return await submit_row(moment, key, row)


async def _withdraw(moment: Moment, row: Any, key: SeriesKey, change: Change) -> Any:
    if State(row.state) is State.SUBMITTED and row.step > 0:
        raise StateConflict()
    row = await step(moment, row, "withdraw", state=State.WITHDRAWN.value, waiting_at=None)
    await settle(moment.conn, moment.catalogue, key, cause=row.id, revision=row.revision)
    await moment.note(row, "submission.withdrawn", change.reason)
    return row


async def _correct(moment: Moment, row: Any, _key: SeriesKey, change: Change) -> Any:
    if (State(row.state), "correct") not in rules.NEXT:
        raise StateConflict()
    if not calendar.takes_submissions(change.period):
        raise PeriodClosed()
    version, authors = row.version + 1, writing.authors_with(moment, row)
    # the version first: a head is read together with the version it names
    await writing.add_version(moment, row.id, version, Answer.model_validate(row.answer))
    row = await step(moment, row, "correct", state=State.DRAFT.value, version=version, authors=authors)
    await moment.note(row, "submission.correction-begun", change.reason)
    return row


async def _discard(moment: Moment, row: Any, _key: SeriesKey, change: Change) -> Any:
    if row.in_force_version is None:
        raise StateConflict()
    dropped = row.version
    row = await step(moment, row, "discard", state=State.APPROVED.value, version=row.in_force_version)
    await repository.remove_version(moment.conn, row.id, dropped)
    await moment.note(row, "submission.correction-discarded", change.reason)
    return row


_STEPS: dict[str, Callable[[Moment, Any, SeriesKey, Change], Awaitable[Any]]] = {
    "edit": _edit,
    "submit": _submit,
    "withdraw": _withdraw,
    "correct": _correct,
    "discard": _discard,
}
