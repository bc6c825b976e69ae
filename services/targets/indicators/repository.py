"""Every statement on indicators and scopes."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, Table, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.targets.indicators.models import indicator, scope
from services.targets.plans.models import plan
from services.targets.plans.repository import visible
from services.targets.targets.models import target


def indicators(drafts_of: Iterable[str]) -> Select[Any]:
    """The indicators to be seen with the targets to be seen on them, in order of code."""
    codes = func.array_agg(aggregate_order_by(target.c.code, target.c.plan, target.c.position))
    standing = (
        select(codes)
        .join(plan, plan.c.code == target.c.plan)
        .where(target.c.indicator == indicator.c.code, visible(drafts_of))
        .correlate(indicator)
        .scalar_subquery()
    )
    return _seen(indicator, drafts_of, standing.label("targets"))


def scopes(drafts_of: Iterable[str]) -> Select[Any]:
    """The scopes to be seen, in order of code."""
    return _seen(scope, drafts_of)


def _seen(table: Table, drafts_of: Iterable[str], *more: Any) -> Select[Any]:
    return select(table, *more).join(plan, plan.c.code == table.c.plan).where(visible(drafts_of)).order_by(table.c.code)


async def one(conn: AsyncConnection, query: Select[Any], code: str) -> Row[Any] | None:
    """The one with this code, of those the query finds."""
    found = await conn.execute(query.where(query.selected_columns["code"] == code))
    row: Row[Any] | None = found.first()
    return row
