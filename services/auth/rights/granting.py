"""Turning grants that are asked for into grants that may be made: known organisations, own roles, own subtree."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import GrantIn
from contracts.vocabularies import Role
from kernel.auth import Caller
from kernel.errors import FieldError, Forbidden, Invalid, Said, StateConflict, UnknownReference
from kernel.ids import new_id
from services.auth.organisations import repository as organisations
from services.auth.organisations.authority import covered
from services.auth.rights import repository, rules

_UNKNOWN = Said("没有此代码的组织，或不在您的范围内。", "there is no such organisation in your area")
_SPAN = Said("失效日期须晚于生效日期。", "valid_until must be later than valid_from")
_BEYOND = Said("只能在自己的辖区内授予自己角色可授的角色。", "grant only what your role may grant, in your own subtree")
_BOTH = Said("同一主体不能既管理又审计。", "nobody both administers and audits")
_LAST = Said("不能停用省级最后一名有效的管理员。", "the last active administrator of the top organisation must stay")


async def organisation_id(conn: AsyncConnection, caller: Caller, code: str, pointer: str) -> UUID:
    """The organisation a new principal belongs to; raises UnknownReference, alike for absent and out of scope."""
    found = (await organisations.ids(conn, [code])).get(code)
    if found is None or not await covered(conn, caller, [found], *rules.ADMINISTRATORS):
        raise UnknownReference(errors=[FieldError(pointer, "unknown-reference", _UNKNOWN)])
    return found


async def rows(
    conn: AsyncConnection,
    caller: Caller,
    principal: UUID,
    wanted: Sequence[GrantIn],
    *,
    held: Sequence[Role] = (),
    pointer: str = "/grants",
    until: date | None = None,
) -> list[dict[str, Any]]:
    """The grants to store; `until` is the day by which all of them end.

    Raises Invalid, UnknownReference, or Forbidden for what the caller may not grant.
    """
    if rules.conflicting([*held, *(grant.role for grant in wanted)]):
        raise Forbidden(_BOTH)
    ids = await organisations.ids(conn, [grant.organisation for grant in wanted])
    made = []
    for at, grant in enumerate(wanted):
        where, ends = ids.get(grant.organisation), min((d for d in (grant.valid_until, until) if d), default=None)
        _require_sound(grant, where, ends, f"{pointer}/{at}" if pointer else "")
        if where is not None:
            await require_authority(conn, caller, grant.role, where)
            made.append(_row(caller, principal, grant, where, ends))
    return made


def _require_sound(grant: GrantIn, organisation: UUID | None, ends: date | None, pointer: str) -> None:
    if organisation is None:
        raise UnknownReference(errors=[FieldError(f"{pointer}/organisation", "unknown-reference", _UNKNOWN)])
    if grant.valid_from and ends and ends <= grant.valid_from:
        raise Invalid(errors=[FieldError(f"{pointer}/valid_until", "date-order", _SPAN)])


def _row(caller: Caller, principal: UUID, grant: GrantIn, organisation: UUID, ends: date | None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "principal": principal,
        "role": grant.role.value,
        "organisation": organisation,
        "items": grant.items,
        "valid_from": grant.valid_from,
        "valid_until": ends,
        "granted_by": caller.id,
    }


async def require_authority(conn: AsyncConnection, caller: Caller, role: Role, organisation: UUID) -> None:
    """Let pass who may grant and revoke this role there; raises Forbidden."""
    if not await covered(conn, caller, [organisation], *rules.granters(role)):
        raise Forbidden(_BEYOND)


async def administrators(conn: AsyncConnection) -> dict[tuple[Role, UUID], int]:
    """How many people hold each administrative role at each top of the tree."""
    return {
        (role, top): await repository.holders(conn, role, top)
        for top in await organisations.roots(conn)
        for role in rules.ADMINISTRATORS
    }


async def require_administrators(conn: AsyncConnection, before: dict[tuple[Role, UUID], int]) -> None:
    """Let a change pass only if it leaves somebody in each role; raises StateConflict.

    Safe against two such changes at once because each holds the epoch's row.
    """
    after = await administrators(conn)
    if any(count and not after.get(post) for post, count in before.items()):
        raise StateConflict(_LAST)
