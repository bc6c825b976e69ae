"""The statement that lists units with what they last had confirmed."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import Json

_UNITS = text("""
    SELECT DISTINCT ON (o.code, m.subject) o.id, o.code, o.name, m.subject, v.answer, v.judgement
    FROM progress.scope_member m
    JOIN progress.membership a ON a.organisation = m.organisation AND a.line = 'territory'
         AND a.ancestor = :area AND a.valid_from <= :on AND a.valid_to > :on
    JOIN progress.organisation o ON o.id = m.organisation
    LEFT JOIN progress.submission s ON s.organisation = m.organisation AND s.subject = m.subject
         AND s.indicator = :indicator AND s.in_force_version IS NOT NULL AND s.ends_on BETWEEN :since AND :on
    LEFT JOIN progress.submission_version v ON v.submission = s.id AND v.version = s.in_force_version
    WHERE m.scope = :scope AND m.certain AND m.valid_from <= :on AND m.valid_to > :on
    ORDER BY o.code, m.subject, s.ends_on DESC NULLS LAST
""").columns(answer=Json)


async def units_with_answers(
    conn: AsyncConnection, area: UUID, indicator: str, scope: str, since: date, on: date
) -> Sequence[Row[Any]]:
    """Every unit in scope in an area with its newest confirmed answer, or none."""
    params = {"area": area, "indicator": indicator, "scope": scope, "since": since, "on": on}
    return (await conn.execute(_UNITS, params)).all()
