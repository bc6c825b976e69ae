"""Every statement on submissions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, insert, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabularies import SubmissionState as State
from services.progress.directory.models import membership, organisation
from services.progress.reports.models import submission, submission_version

_ASKED = text("""
    SELECT m.scope, m.subject FROM progress.scope_member m
    WHERE m.organisation = :organisation AND m.certain AND m.valid_from <= :on AND m.valid_to > :on
""")

_LAST = text("""
    SELECT DISTINCT ON (s.indicator, s.subject) s.indicator, s.subject, s.period, v.answer
    FROM progress.submission s JOIN progress.submission_version v
      ON v.submission = s.id AND v.version = coalesce(s.in_force_version, s.version)
    WHERE s.organisation = :organisation AND s.ends_on < :on
      AND (s.in_force_version IS NOT NULL OR s.state = 'submitted')
    ORDER BY s.indicator, s.subject, s.ends_on DESC
""")


_WINDOWS = text("""
    SELECT s.id, s.resubmit_until > statement_timestamp() IS TRUE AS resubmits,
           (p.opens_at <= statement_timestamp() AND statement_timestamp() < p.closes_at) OR EXISTS (
               SELECT 1 FROM progress.extension x JOIN progress.membership m
                 ON m.line = 'management' AND m.ancestor = x.organisation AND m.organisation = s.organisation
                AND m.valid_from <= :on AND m.valid_to > :on
               WHERE x.period = s.period AND x.until > statement_timestamp()) AS open
    FROM progress.submission s JOIN progress.period p ON p.code = s.period
    WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")


def heads() -> Select[Any]:
    """Submissions with the answer of their current version and the unit's names."""
    return (
        select(
            submission,
            submission_version.c.answer,
            organisation.c.code.label("organisation_code"),
            organisation.c.name.label("organisation_name"),
            organisation.c.synthetic,
        )
        .join(
            submission_version,
            (submission_version.c.submission == submission.c.id)
            & (submission_version.c.version == submission.c.version),
        )
        .join(organisation, organisation.c.id == submission.c.organisation)
    )


def within(roots: Sequence[UUID], on: date) -> Any:
    """A condition: the unit is managed by one of the organisations on a day, or was in the submission's own period."""
    above = membership.alias("above")
    managed = (above.c.line == "management") & above.c.ancestor.in_(roots)
    then_or_now = or_(
        *((above.c.valid_from <= day) & (above.c.valid_to > day) for day in (literal(on), submission.c.ends_on))
    )
    ever = select(above.c.organisation).where(managed)
    at_a_time = exists().where(managed, above.c.organisation == submission.c.organisation, then_or_now)
    return submission.c.organisation.in_(ever) & at_a_time


async def find(conn: AsyncConnection, submission_id: UUID) -> Any:
    """One submission."""
    return (await conn.execute(heads().where(submission.c.id == submission_id))).first()


async def series(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, str, str]]:
    """The series (organisation, subject, indicator) of submissions; series are held in this order, never in another."""
    columns = submission.c.id, submission.c.organisation, submission.c.subject, submission.c.indicator
    found = await conn.execute(select(*columns).where(submission.c.id.in_(ids)))
    return {row.id: (row.organisation, row.subject, row.indicator) for row in found}


async def windows(conn: AsyncConnection, ids: Sequence[UUID], on: date) -> dict[UUID, tuple[bool, bool]]:
    """For each submission: whether its unit may submit for the period now, and whether a return lets it resubmit."""
    rows = await conn.execute(_WINDOWS, {"ids": list(ids), "on": on})
    return {row.id: (row.open, row.resubmits) for row in rows}


async def of_report(conn: AsyncConnection, unit: UUID, period: str) -> list[Row[Any]]:
    """All submissions of a unit and period."""
    query = heads().where(submission.c.organisation == unit, submission.c.period == period)
    return list(await conn.execute(query.order_by(submission.c.indicator, submission.c.subject)))


async def natural(conn: AsyncConnection, unit: UUID, subject: str, indicator: str, period: str) -> Any:
    """The submission of one fact, if there is one."""
    query = heads().where(
        submission.c.organisation == unit,
        submission.c.subject == subject,
        submission.c.indicator == indicator,
        submission.c.period == period,
    )
    return (await conn.execute(query)).first()


async def asked(conn: AsyncConnection, unit: UUID, on: date) -> set[tuple[str, str]]:
    """Scopes (and subjects) that a unit belongs to on a day."""
    rows = await conn.execute(_ASKED, {"organisation": unit, "on": on})
    return {(row.scope, row.subject) for row in rows}


async def last_answers(conn: AsyncConnection, unit: UUID, on: date) -> dict[tuple[str, str], Row[Any]]:
    """The newest earlier answer to each question of a unit."""
    rows = await conn.execute(_LAST.columns(answer=submission_version.c.answer.type), {"organisation": unit, "on": on})
    return {(row.indicator, row.subject): row for row in rows}


async def add(conn: AsyncConnection, head: dict[str, Any], answer: dict[str, Any], author: UUID, name: str) -> None:
    """A new submission with its first version, a draft."""
    await conn.execute(insert(submission), head)
    await add_version(conn, head["id"], 1, answer, author, name)


async def add_version(
    conn: AsyncConnection, submission_id: UUID, version: int, answer: dict[str, Any], author: UUID, name: str
) -> None:
    """A new version, not submitted yet."""
    await conn.execute(
        insert(submission_version),
        {
            "submission": submission_id,
            "version": version,
            "answer": answer,
            "author": author,
            "author_name": name,
        },
    )


async def rewrite_draft(
    conn: AsyncConnection, submission_id: UUID, version: int, answer: dict[str, Any], author: UUID, name: str
) -> None:
    """Change a version that was never submitted."""
    await conn.execute(
        update(submission_version)
        .where(
            submission_version.c.submission == submission_id,
            submission_version.c.version == version,
            submission_version.c.submitted_at.is_(None),
        )
        .values(answer=answer, author=author, author_name=name)
    )


async def remove_version(conn: AsyncConnection, submission_id: UUID, version: int) -> None:
    """Drop a correction that was never submitted."""
    await conn.execute(
        submission_version.delete().where(
            submission_version.c.submission == submission_id,
            submission_version.c.version == version,
            submission_version.c.submitted_at.is_(None),
        )
    )


async def move(
    conn: AsyncConnection, submission_id: UUID, *, seen: int, states: Sequence[State], **changes: Any
) -> int | None:
    """Change a head if it is still as it was seen and in one of the states; the new revision, or None."""
    statement = (
        update(submission)
        .where(
            submission.c.id == submission_id,
            submission.c.revision == seen,
            submission.c.state.in_([state.value for state in states]),
        )
        .values(revision=submission.c.revision + 1, updated_at=func.clock_timestamp(), **changes)
        .returning(submission.c.revision)
    )
    revision: int | None = (await conn.execute(statement)).scalar_one_or_none()
    return revision


async def stamp_submitted(conn: AsyncConnection, submission_id: UUID, version: int) -> None:
    """Mark a version as submitted; from then on it stays as it is."""
    await conn.execute(
        update(submission_version)
        .where(submission_version.c.submission == submission_id, submission_version.c.version == version)
        .values(submitted_at=func.clock_timestamp())
    )


async def judge(conn: AsyncConnection, submission_id: UUID, version: int, judgement: str) -> None:
    """Keep the reviewer's judgement with the version it was made on."""
    await conn.execute(
        update(submission_version)
        .where(submission_version.c.submission == submission_id, submission_version.c.version == version)
        .values(judgement=judgement)
    )


async def versions(conn: AsyncConnection, submission_id: UUID) -> list[Row[Any]]:
    """Every version, the first one first."""
    query = select(submission_version).where(submission_version.c.submission == submission_id)
    return list(await conn.execute(query.order_by(submission_version.c.version)))


async def under_any(conn: AsyncConnection, units: Sequence[UUID], roots: Sequence[UUID], on: date) -> set[UUID]:
    """Which of the units are managed by one of the organisations on a day."""
    if not units or not roots:
        return set()
    query = select(membership.c.organisation).where(
        membership.c.line == "management",
        membership.c.organisation.in_(units),
        membership.c.ancestor.in_(roots),
        membership.c.valid_from <= on,
        membership.c.valid_to > on,
    )
    return {row.organisation for row in await conn.execute(query)}
