"""The report of a unit: everything asked of it in a period, saved with one PUT and submitted with one POST."""

from collections.abc import Sequence
from typing import Any

from contracts.catalogue import TargetEntity
from contracts.plans import Indicator
from contracts.reports import Answer, FormEntry, ReportForm, ReportResult, ReportSave, ReportWindow, Submission
from contracts.vocabularies import Rhythm, Role
from contracts.vocabularies import SubmissionState as State
from kernel import idempotency
from kernel.auth import Caller
from kernel.errors import FieldError, Forbidden, Invalid, NotFound, Said
from services.progress.calendar import repository as calendar_repository
from services.progress.calendar import service as calendar
from services.progress.calendar.repository import Standing
from services.progress.desk import Desk
from services.progress.directory import service as directory_service
from services.progress.directory.catalogue import Catalogue
from services.progress.directory.repository import Named
from services.progress.figures import repository as figures_repository
from services.progress.figures.repository import SeriesKey
from services.progress.reports import repository, rules, views, writing
from services.progress.reports.moment import Moment, begin, begin_change
from services.progress.reports.service import submissions
from services.progress.reports.writing import must_be_open, must_be_sound
from services.progress.schema import idempotency_keys
from services.progress.standing.asking import threshold_sentence

Question = tuple[str, str]


async def form(desk: Desk, caller: Caller, code: str, period: str) -> ReportForm:
    """The report of an organisation and period, complete enough to draw it."""
    async with desk.database.reading() as conn:
        moment = await begin(conn, desk, caller)
        unit, standing = await _about(moment, code, period)
        sees = directory_service.SEES_FIGURES
        seen = await directory_service.limits(conn, caller, unit.id, moment.today, *sees)
        questions = [q for q in await _questions(moment, unit, standing) if _within(moment, q, seen)]
        rows = await repository.of_report(conn, unit.id, period)
        open_now = calendar.takes_submissions(standing)
        shown = await views.present(conn, desk, moment.catalogue, caller, rows, moment.today)
        last = await repository.last_answers(conn, unit.id, standing.ends_on)
        reports = await directory_service.limits(conn, caller, unit.id, moment.today, Role.REPORTER)
    found = {(s.indicator, s.subject or ""): s for s in shown}
    entries = [
        _entry(
            moment.catalogue,
            question,
            found.get(question),
            last.get(question),
            open_now and _within(moment, question, reports),
        )
        for question in questions
    ]
    return ReportForm(
        organisation=unit.code,
        organisation_name=unit.name,
        synthetic=unit.synthetic,
        period=period,
        window=ReportWindow(
            opens_at=standing.opens_at,
            closes_at=standing.closes_at,
            extended_until=standing.extended_until,
            open=open_now,
        ),
        entries=entries,
        counts=_counts(entries),
    )


async def _about(moment: Moment, code: str, period: str) -> tuple[Named, Standing]:
    items = directory_service.any_item(moment.caller)
    unit = await directory_service.visible(moment.conn, moment.caller, code, moment.today, items)
    if await calendar_repository.find(moment.conn, period) is None:
        raise NotFound()
    return unit, await calendar.window(moment.conn, period, unit.id, moment.today)


def _within(moment: Moment, question: Question, items: frozenset[str] | None) -> bool:
    return moment.catalogue.within(question[0], items)


async def _reported(moment: Moment, unit: Named) -> frozenset[str] | None:
    """The items the caller reports for the unit, None for all; Forbidden when he reports nothing for it."""
    items = await directory_service.limits(moment.conn, moment.caller, unit.id, moment.today, Role.REPORTER)
    if items is not None and not items:
        raise Forbidden()
    return items


async def _questions(moment: Moment, unit: Named, standing: Standing) -> list[Question]:
    belongs = await repository.asked(moment.conn, unit.id, standing.ends_on)
    asked = calendar.asked_in(moment.catalogue, Rhythm(standing.kind))
    subjects = {scope: [s for where, s in belongs if where == scope] for scope, _ in belongs}
    return sorted({(indicator, subject) for indicator, scope in asked for subject in subjects.get(scope, [])})


def _entry(
    catalogue: Catalogue, question: Question, submission: Submission | None, last: Any, may_write: bool
) -> FormEntry:
    code, subject = question
    indicator = catalogue.indicators[code]
    targets = _targets(catalogue, code, subject)
    known = catalogue.subjects.get(subject)
    return FormEntry(
        indicator=code,
        name=indicator.name,
        name_en=indicator.name_en,
        definition=indicator.definition,
        value=indicator.value,
        unit=indicator.unit,
        numerator=indicator.numerator,
        denominator=indicator.denominator,
        decimals=indicator.decimals,
        components=indicator.components,
        options=indicator.options,
        stages=indicator.stages,
        levels=indicator.levels,
        subject=subject or None,
        subject_name=known.name if known else None,
        targets=[target.code for target in targets],
        thresholds=[threshold_sentence(target).zh for target in targets],
        rules=_rules(indicator),
        last=Answer.model_validate(last.answer) if last else None,
        last_period=last.period if last else None,
        submission=submission,
        actions=submission.actions if submission else ["edit", "submit"] if may_write else [],
    )


def _targets(catalogue: Catalogue, indicator: str, subject: str) -> list[TargetEntity]:
    return [
        target
        for target in catalogue.by_indicator.get(indicator, [])
        if not subject or subject in catalogue.scopes[target.scope].subjects
    ]


def _rules(indicator: Indicator) -> list[str]:
    found = (
        ["not-negative", f"at-most-{indicator.decimals}-decimals"] if rules.FIELDS[indicator.value] == {"value"} else []
    )
    if "numerator" in rules.FIELDS[indicator.value]:
        found += ["numerator-within-denominator", "denominator-above-zero"]
    return found


def _counts(entries: Sequence[FormEntry]) -> dict[str, int]:
    states = [entry.submission.state.value if entry.submission else "empty" for entry in entries]
    return {"asked": len(entries), **{state: states.count(state) for state in sorted(set(states))}}


async def save(desk: Desk, caller: Caller, code: str, period: str, wanted: ReportSave) -> ReportResult:
    """Save answers as drafts: all of them, or none if one has a fault."""
    async with desk.database.transaction(caller.id) as conn:
        moment = await begin_change(conn, desk, caller)
        unit, _ = await _about(moment, code, period)
        reported = await _reported(moment, unit)
        _distinct(wanted)
        if not all(moment.catalogue.within(entry.indicator, reported) for entry in wanted.entries):
            raise Forbidden()
        rows = []
        order = sorted(enumerate(wanted.entries), key=lambda pair: (pair[1].subject or "", pair[1].indicator))
        for at, entry in order:
            fact = await writing.fact_of(moment, unit, entry, period, f"/entries/{at}")
            answer = writing.answer_of(entry)
            must_be_sound(fact.indicator, answer, complete=False, prefix=f"/entries/{at}")
            row, _new = await submissions.put(moment, fact, answer, submit=False)
            rows.append(row)
        items = await views.present(conn, desk, moment.catalogue, caller, rows, moment.today)
    return ReportResult(organisation=unit.code, period=period, items=items)


def _distinct(wanted: ReportSave) -> None:
    seen: set[Question] = set()
    for at, entry in enumerate(wanted.entries):
        question = (entry.indicator, entry.subject or "")
        if question in seen:
            said = Said("同一指标出现两次。", "the same question is answered twice")
            raise Invalid(errors=[FieldError(f"/entries/{at}/indicator", "duplicate", said)])
        seen.add(question)


async def submit(desk: Desk, caller: Caller, code: str, period: str, key: idempotency.Key) -> tuple[int, Any]:
    """Submit every draft of the report: all of them, or none if one is not complete."""
    async with desk.database.transaction(caller.id) as conn:
        moment = await begin_change(conn, desk, caller)
        unit, _ = await _about(moment, code, period)
        reported = await _reported(moment, unit)
        stored = await idempotency.claim(conn, idempotency_keys, caller.id, key)
        if stored is not None:
            return stored.status, stored.body
        standing = await calendar.window(conn, period, unit.id, moment.today, hold=True)
        sent = [await _submit_one(moment, row, standing) for row in await _drafts(moment, unit, period, reported)]
        rows = [row for row in sent if row is not None]
        items = await views.present(conn, desk, moment.catalogue, caller, rows, moment.today)
        result = ReportResult(organisation=unit.code, period=period, items=items)
        body = result.model_dump(mode="json")
        await idempotency.remember(conn, idempotency_keys, caller.id, key, 200, body)
    return 200, body


async def _drafts(moment: Moment, unit: Named, period: str, reported: frozenset[str] | None) -> list[Any]:
    rows = await repository.of_report(moment.conn, unit.id, period)
    rows.sort(key=lambda row: (row.subject, row.indicator))
    mine = [row for row in rows if moment.catalogue.within(row.indicator, reported)]
    return [row for row in mine if State(row.state) in rules.WRITABLE]


async def _submit_one(moment: Moment, seen: Any, standing: Standing) -> Any:
    key = SeriesKey(seen.organisation, seen.subject, seen.indicator)
    await figures_repository.lock(moment.conn, key)
    row = await repository.find(moment.conn, seen.id)
    assert row is not None  # heads are never removed
    if State(row.state) not in rules.WRITABLE:
        return None  # a colleague has sent it in the meantime
    must_be_open(standing, row, moment.now)
    answer = Answer.model_validate(row.answer)
    must_be_sound(moment.catalogue.indicators[row.indicator], answer, complete=True, prefix=f"/{row.indicator}")
    return await submissions.submit_row(moment, key, await writing.as_new_version(moment, row, answer))
