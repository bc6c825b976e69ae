"""Writing versions: what is asked, whether the window is open, and the rows themselves."""

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.plans import Indicator
from contracts.reports import Answer, EntryKey
from contracts.vocabularies import Rhythm
from contracts.vocabularies import SubmissionState as State
from kernel.errors import FieldError, Invalid, PeriodClosed, Said, StaleVersion
from kernel.ids import new_id
from services.progress.calendar import repository as calendar_repository
from services.progress.calendar import service as calendar
from services.progress.calendar.repository import Standing
from services.progress.directory import repository as directory_repository
from services.progress.directory.repository import Named
from services.progress.directory.service import unknown
from services.progress.figures.repository import SeriesKey
from services.progress.reports import repository, rules
from services.progress.reports.moment import Moment


@dataclass(frozen=True)
class Fact:
    """Which fact is being written: unit, subject, indicator, and the period as it stands."""

    unit: Named
    subject: str
    indicator: Indicator
    period: Standing

    @property
    def key(self) -> SeriesKey:
        """The series the fact belongs to."""
        return SeriesKey(self.unit.id, self.subject, self.indicator.code)


def answer_of(entry: Answer) -> Answer:
    """Only the answer of an entry, without what it is about."""
    return Answer(**{name: getattr(entry, name) for name in Answer.model_fields})


async def fact_of(moment: Moment, unit: Named, wanted: EntryKey, period: str, prefix: str = "") -> Fact:
    """The fact that is meant, checked: it exists and is asked of this unit in such a period."""
    indicator = moment.catalogue.indicators.get(wanted.indicator)
    if indicator is None:
        near = difflib.get_close_matches(wanted.indicator, moment.catalogue.indicators, 1)
        raise unknown(f"{prefix}/indicator", near[0] if near else None)
    if await _no_such_period(moment, period):
        raise unknown(f"{prefix}/period")
    standing = await calendar.window(moment.conn, period, unit.id, moment.today, hold=True)
    asked = await repository.asked(moment.conn, unit.id, standing.ends_on)
    scopes = moment.catalogue.asked().get(indicator.code, [])
    subject = wanted.subject or ""
    if not any((scope, subject) in asked for scope in scopes):
        raise _not_asked(prefix)
    _fits_rhythm(moment.catalogue.rhythm(indicator), standing, prefix)
    return Fact(unit, subject, indicator, standing)


async def _no_such_period(moment: Moment, period: str) -> bool:
    return await calendar_repository.find(moment.conn, period) is None


def _not_asked(prefix: str) -> Invalid:
    said = Said("该指标不向本单位（或此对象）采集。", "this indicator is not asked of this unit (or subject)")
    return Invalid(errors=[FieldError(f"{prefix}/indicator", "not-asked", said)])


def _fits_rhythm(rhythm: Rhythm, standing: Standing, prefix: str) -> None:
    if standing.kind != rhythm.value:
        said = Said(f"该指标为{rhythm.zh}。", f"this indicator is reported {rhythm.en}")
        raise Invalid(errors=[FieldError(f"{prefix}/period", "other-rhythm", said)])


def must_be_open(period: Standing, row: Any | None, now: datetime) -> None:
    """PeriodClosed unless the window is open; a returned submission has a window of its own."""
    if calendar.takes_submissions(period):
        return
    if row is not None and row.resubmit_until is not None and now < row.resubmit_until:
        return
    raise PeriodClosed()


def must_be_sound(indicator: Indicator, answer: Answer, *, complete: bool, prefix: str = "") -> None:
    """Invalid with every fault of the answer."""
    faults = rules.check(indicator, answer, complete=complete, prefix=prefix)
    if faults:
        raise Invalid(errors=faults)


def _json(answer: Answer) -> dict[str, Any]:
    return answer.model_dump(mode="json", exclude_defaults=True)


async def add(moment: Moment, fact: Fact, answer: Answer) -> Any:
    """A new submission, a draft."""
    fresh = new_id()
    head = {
        "id": fresh,
        "organisation": fact.unit.id,
        "subject": fact.subject,
        "indicator": fact.indicator.code,
        "period": fact.period.code,
        "ends_on": fact.period.ends_on,
        "state": State.DRAFT.value,
        "version": 1,
        "revision": 1,
        "authors": [moment.caller.id],
        "author_name": moment.caller.name,
    }
    await repository.add(moment.conn, head, _json(answer), moment.caller.id, moment.caller.name)
    return await _saved(moment, fresh)


async def _saved(moment: Moment, submission: UUID) -> Any:
    row = await repository.find(moment.conn, submission)
    await moment.note(row, "submission.saved")
    return row


async def add_version(moment: Moment, submission: UUID, version: int, answer: Answer) -> None:
    """A further version, not submitted yet."""
    caller = moment.caller
    await repository.add_version(moment.conn, submission, version, _json(answer), caller.id, caller.name)


async def rewrite(moment: Moment, row: Any, answer: Answer) -> Any:
    """Change a draft in place; a version that was submitted stays, and a new one begins."""
    submitted_before = row.state in (State.RETURNED.value, State.WITHDRAWN.value)
    version = row.version
    if submitted_before and await _was_submitted(moment, row):
        version += 1
        await add_version(moment, row.id, version, answer)
    else:
        await repository.rewrite_draft(
            moment.conn, row.id, version, _json(answer), moment.caller.id, moment.caller.name
        )
    moved = await repository.move(
        moment.conn,
        row.id,
        seen=row.revision,
        states=rules.WRITABLE,
        version=version,
        authors=authors_with(moment, row),
        author_name=moment.caller.name,
    )
    if moved is None:
        raise StaleVersion()
    return await _saved(moment, row.id)


def authors_with(moment: Moment, row: Any) -> list[UUID]:
    """Everybody who has written a version, the caller among them; none of them may review it."""
    return list(dict.fromkeys([*row.authors, moment.caller.id]))


async def _was_submitted(moment: Moment, row: Any) -> bool:
    versions = await repository.versions(moment.conn, row.id)
    return any(v.version == row.version and v.submitted_at is not None for v in versions)


async def as_new_version(moment: Moment, row: Any, answer: Answer) -> Any:
    """Resubmitting unchanged what was returned or withdrawn makes a version of its own."""
    if await _was_submitted(moment, row):
        return await rewrite(moment, row, answer)
    return row


async def chain_of(moment: Moment, unit: UUID) -> list[UUID]:
    """The offices that review a unit, the nearest first; the top's own figures are reviewed at the top."""
    above = await directory_repository.chain(moment.conn, unit, moment.today)
    return [office.id for office in above] or [unit]
