"""Every statement on periods and extensions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.progress.calendar.models import extension, period
from services.progress.calendar.rules import Interval
from services.progress.directory.models import membership

_DUE = text("""
    SELECT DISTINCT o.id, o.code, o.name, e.key AS indicator, m.subject, s.state, s.submitted_first_at
    FROM progress.scope_member m
    JOIN unnest(CAST(:indicators AS text[]), CAST(:scopes AS text[])) AS e(key, scope) ON e.scope = m.scope
    JOIN progress.membership a ON a.organisation = m.organisation AND a.line = 'management'
         AND a.ancestor = :area AND a.valid_from <= :on AND a.valid_to > :on
    JOIN progress.organisation o ON o.id = m.organisation
    LEFT JOIN progress.submission s ON s.organisation = m.organisation AND s.indicator = e.key
         AND s.subject = m.subject AND s.period = :period
    WHERE m.certain AND m.valid_from <= :on AND m.valid_to > :on
    ORDER BY o.code, e.key, m.subject LIMIT :most
""")


class Standing(NamedTuple):
    """A period's window as the database's clock sees it for one unit."""

    code: str
    kind: str
    starts_on: date
    ends_on: date
    opens_at: datetime
    closes_at: datetime
    extended_until: datetime | None
    now: datetime


async def now(conn: AsyncConnection) -> datetime:
    """The database's clock, the only one that decides deadlines."""
    found: datetime = (await conn.execute(select(func.clock_timestamp()))).scalar_one()
    return found


async def ensure(conn: AsyncConnection, rows: Sequence[tuple[Interval, datetime, datetime]]) -> None:
    """Add periods that are not there yet; existing windows stay."""
    values = [
        {
            "code": one.code,
            "kind": one.kind.value,
            "starts_on": one.starts_on,
            "ends_on": one.ends_on,
            "opens_at": opens_at,
            "closes_at": closes_at,
        }
        for one, opens_at, closes_at in rows
    ]
    await conn.execute(insert(period).on_conflict_do_nothing(), values)


def listing() -> Select[Any]:
    """All periods in the order of their last day."""
    return select(period, func.clock_timestamp().label("now")).order_by(period.c.ends_on, period.c.code)


async def find(conn: AsyncConnection, code: str) -> Any:
    """One period."""
    query = select(period, func.clock_timestamp().label("now")).where(period.c.code == code)
    return (await conn.execute(query)).first()


async def window(conn: AsyncConnection, code: str, unit: UUID, on: date, *, hold: bool) -> Standing | None:
    """A period as it stands for a unit; with `hold` the row stays locked against closing until the commit."""
    covered = (
        select(func.max(extension.c.until))
        .join(membership, membership.c.ancestor == extension.c.organisation)
        .where(
            extension.c.period == code,
            membership.c.line == "management",
            membership.c.organisation == unit,
            membership.c.valid_from <= on,
            membership.c.valid_to > on,
        )
        .scalar_subquery()
    )
    columns = [period.c[name] for name in ("code", "kind", "starts_on", "ends_on", "opens_at", "closes_at")]
    query = select(*columns, covered, func.clock_timestamp()).where(period.c.code == code)
    row = (await conn.execute(query.with_for_update(read=True, of=period) if hold else query)).first()
    return Standing._make(row) if row else None


async def hold(conn: AsyncConnection, code: str) -> Any:
    """One period, locked against submissions until the commit."""
    return (await conn.execute(select(period).where(period.c.code == code).with_for_update())).first()


async def touch(conn: AsyncConnection, code: str) -> int:
    """Count a change of a period; its new version."""
    changed = update(period).where(period.c.code == code).values(version=period.c.version + 1)
    return int((await conn.execute(changed.returning(period.c.version))).scalar_one())


async def add_extension(conn: AsyncConnection, row: dict[str, Any]) -> Any:
    """Keep an extension."""
    return (
        await conn.execute(insert(extension).values(granted_at=func.now(), **row).returning(extension))
    ).one()


async def due(
    conn: AsyncConnection, area: UUID, period_code: str, on: date, asked: Sequence[tuple[str, str]], most: int
) -> list[Row[Any]]:
    """Who under an organisation owes which indicator for a period, with what came."""
    return list(
        await conn.execute(
            _DUE,
            {
                "area": area,
                "period": period_code,
                "on": on,
                "indicators": [indicator for indicator, _ in asked],
                "scopes": [scope for _, scope in asked],
                "most": most,
            },
        )
    )
