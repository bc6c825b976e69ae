"""Who sees which plans: everyone the published ones, drafts the planners of their issuer."""

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.catalogue import PlanView
from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.errors import NotFound
from services.targets.directory import service as organisations
from services.targets.plans import repository, views


async def drafts(conn: AsyncConnection, caller: Caller) -> frozenset[str]:
    """The issuers whose drafts the caller sees."""
    if not caller.holds(Role.PLANNER):
        return frozenset()
    return await organisations.covered(conn, caller, Role.PLANNER, await repository.draft_issuers(conn))


async def plan(conn: AsyncConnection, caller: Caller, code: str) -> PlanView:
    """A plan the caller may see; raises NotFound."""
    mine = await drafts(conn, caller)
    row = await repository.one(conn, code, mine)
    if row is None:
        raise NotFound()
    return views.plan(row, mine)
