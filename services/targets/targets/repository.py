"""Every statement on targets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from services.targets.directory.models import organisation
from services.targets.indicators.models import indicator, scope
from services.targets.plans.models import plan
from services.targets.plans.repository import visible
from services.targets.schema import among, entry_version
from services.targets.targets.models import target


def targets(drafts_of: Iterable[str]) -> Select[Any]:
    """The targets to be seen with the names of what they name, in the order of plans and packs."""
    holder = select(organisation.c.name).where(organisation.c.code == target.c.holder).limit(1)
    return (
        select(
            target,
            indicator.c.body["name"].astext.label("indicator_name"),
            indicator.c.body["name_en"].astext.label("indicator_name_en"),
            scope.c.body["name"].astext.label("scope_name"),
            scope.c.body["name_en"].astext.label("scope_name_en"),
            holder.scalar_subquery().label("holder_name"),
        )
        .join(plan, plan.c.code == target.c.plan)
        .join(indicator, indicator.c.code == target.c.indicator)
        .join(scope, scope.c.code == target.c.scope)
        .where(visible(drafts_of))
        .order_by(target.c.plan, target.c.position, target.c.code)
    )


def filtered(query: Select[Any], wanted: Mapping[str, Sequence[str]]) -> Select[Any]:
    """Only targets with one of the values wanted in each column; of `item`, one of the items."""
    for name, values in wanted.items():
        if name == "item" and values:
            query = query.where(target.c.body["items"].has_any(literal(list(values), ARRAY(Text))))
        elif values:
            query = query.where(among(target.c[name], values))
    return query


async def one(conn: AsyncConnection, code: str, drafts_of: Iterable[str]) -> Row[Any] | None:
    """A target, if it is to be seen."""
    row: Row[Any] | None = (await conn.execute(targets(drafts_of).where(target.c.code == code))).first()
    return row


def versions(code: str) -> Select[Any]:
    """Every version of a target, the newest first."""
    wanted = (entry_version.c.kind == "target") & (entry_version.c.code == code)
    return (
        select(entry_version).where(wanted, entry_version.c.body.is_not(None)).order_by(entry_version.c.version.desc())
    )
