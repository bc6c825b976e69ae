"""Over which organisations a caller may decide."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.clock import today
from services.auth.organisations import repository

TREE = (Role.SYSTEM_ADMIN, Role.PLANNER)
"""Roles that may change organisations and their facts."""


def roots(caller: Caller, *roles: Role) -> list[UUID]:
    """The tops of the subtrees in which the caller holds one of the roles for everything, not for some items."""
    return sorted({g.organisation for g in caller.grants if g.role in roles and g.items is None}, key=str)


async def covered(conn: AsyncConnection, caller: Caller, organisations: Collection[UUID], *roles: Role) -> set[UUID]:
    """Those of the organisations over which the caller may decide today; the system decides over all."""
    if caller.kind == "system":
        return set(organisations)
    return await repository.covered(conn, organisations, roots(caller, *roles), today())
