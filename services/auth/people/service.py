"""People and what they may do; whatever takes a right away returns only when every service knows of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import GrantIn, GrantOut, User, UserCreate, UserPatch
from contracts.base import Page
from kernel import audit, etags, idempotency
from kernel.auth import Caller
from kernel.clock import today
from kernel.db import Database
from kernel.errors import (
    Duplicate,
    Invalid,
    NotFound,
    Said,
    SeparationOfDuty,
    StateConflict,
)
from kernel.ids import new_id
from kernel.paging import PageQuery, paged
from services.auth.organisations import repository as organisations
from services.auth.organisations.authority import covered, roots
from services.auth.people import repository, rules
from services.auth.people.passwords import Passwords
from services.auth.rights import granting
from services.auth.rights import repository as rights
from services.auth.rights.repository import GrantRow
from services.auth.rights.rules import ADMINISTRATORS, FIRST
from services.auth.rights.service import acknowledged
from services.auth.schema import AUDIT, KEYS
from services.auth.tokens import repository as sessions

ENTITY = "user"
_TAKEN = Said("该登录名已被使用。", "this login name is taken")
_OWN = Said("不能给自己授权或撤销自己的授权；请由其他管理员办理。", "nobody grants or revokes his own rights")
_NO_TREE = Said("请先载入组织机构，再建立管理员。", "load the organisations before the first administrator is made")


async def ensure_first_administrator(
    database: Database, *, login: str, password: str, passwords: Passwords | None = None
) -> bool:
    """Make the first administrator, who also plans, at the top of the tree; False if there ever was one.

    Raises Invalid for a weak password, StateConflict before any organisation is loaded.
    """
    roles = [role.value for role in ADMINISTRATORS]
    async with database.transaction() as conn:
        if await repository.any_holder(conn, roles):
            return False
    if faults := rules.password_faults(password, login, "/password"):
        raise Invalid(errors=faults)
    hashed = await (passwords or Passwords()).hash(password)
    async with database.transaction() as conn:
        # Held until commit: of two processes that start at once, the second finds what the first has made.
        epoch = await rights.next_epoch(conn)
        if await repository.any_holder(conn, roles):
            return False
        tops = await organisations.roots(conn)
        if not tops:
            raise StateConflict(_NO_TREE)
        await _store_first(conn, login, hashed, tops, epoch)
    return True


async def _store_first(conn: AsyncConnection, login: str, hashed: str, tops: Sequence[UUID], epoch: int) -> None:
    who = new_id()
    row = {"id": who, "kind": "person", "name": login, "organisation": tops[0], "rights_epoch": epoch}
    await rights.add_principal(conn, row)
    await repository.add(conn, who, login, rules.login_key(login), hashed)
    grants = [
        {"id": new_id(), "principal": who, "role": role.value, "organisation": top, "items": None}
        for top in tops
        for role in FIRST
    ]
    await rights.add_grants(conn, grants)
    await _record(conn, audit.SYSTEM, "user.created", who, 1, tops[0], {"login": login})


async def listing(
    database: Database,
    caller: Caller,
    page: PageQuery,
    *,
    q: str | None,
    organisation: str | None,
    disabled: bool | None,
) -> Page[User]:
    """People in the caller's subtrees, in the order of their login names."""
    async with database.transaction(caller.id) as conn:
        tops = roots(caller, *ADMINISTRATORS)
        query = repository.listed(tops, today(), q, organisation, disabled)
        rows = await paged(conn, query, page, lambda row: row)
        grants = await rights.grants_of(conn, [row.id for row in rows.items])
    items = [_view(row, grants.get(row.id, [])) for row in rows.items]
    return Page(items=items, next=rows.next, prev=rows.prev)


async def find(database: Database, caller: Caller, who: UUID) -> User:
    """A person in the caller's subtrees. Raises NotFound, alike for absent and out of scope."""
    async with database.transaction(caller.id) as conn:
        return await _shown(conn, await _in_scope(conn, caller, who))


async def create(database: Database, caller: Caller, wanted: UserCreate, passwords: Passwords, key: str | None) -> User:
    """A new person in the caller's subtrees.

    Raises Invalid, UnknownReference, Forbidden (a grant beyond the caller's own), or Duplicate (login name).
    """
    if faults := rules.password_faults(wanted.password, wanted.login, "/password"):
        raise Invalid(errors=faults)
    # The key's fingerprint is no place for a password.
    asked = wanted.model_dump(mode="json", exclude={"password"})
    claimed = idempotency.required(key, "users", asked) if key else None
    hashed = await passwords.hash(wanted.password)
    async with database.transaction(caller.id) as conn:
        if claimed and (replay := await idempotency.claim(conn, KEYS, caller.id, claimed)):
            return User.model_validate(replay.body)
        epoch = await rights.next_epoch(conn)
        made = await _store(conn, caller, wanted, hashed, epoch)
        if claimed:
            await idempotency.remember(conn, KEYS, caller.id, claimed, 201, made.model_dump(mode="json"))
    return made


async def change(database: Database, caller: Caller, who: UUID, wanted: UserPatch, if_match: str | None) -> User:
    """Correct a name, disable or enable; a disabled person is out everywhere when this returns.

    Raises NotFound, Forbidden, StateConflict (the last administrator), PreconditionRequired or StaleVersion.
    """
    async with database.transaction(caller.id) as conn:
        epoch = await rights.next_epoch(conn)
        row = await _in_scope(conn, caller, who)
        await _require_power_over(conn, caller, who)
        etags.require_match(if_match, etags.of(row.version))
        changes = {
            name: value for name, value in wanted.model_dump(exclude_none=True).items() if row._mapping[name] != value
        }
        if not changes:
            return await _shown(conn, row)
        before = await granting.administrators(conn)
        version = await rights.touch(conn, who, epoch, **changes)
        if changes.get("disabled"):
            await sessions.end_sessions(conn, who, "disabled")
            await granting.require_administrators(conn, before)
        await _record(conn, caller, "user.changed", who, version, row.organisation, changes)
        changed = await _shown(conn, await _in_scope(conn, caller, who))
    if changes.get("disabled"):
        await acknowledged(database, epoch)
    return changed


async def grant(database: Database, caller: Caller, who: UUID, wanted: GrantIn, key: str | None) -> GrantOut:
    """Give a person a role in a subtree.

    Raises NotFound, SeparationOfDuty (oneself), Forbidden (beyond one's own), UnknownReference or Invalid.
    """
    claimed = idempotency.required(key, f"users/{who}/grants", wanted.model_dump(mode="json")) if key else None
    async with database.transaction(caller.id) as conn:
        if claimed and (replay := await idempotency.claim(conn, KEYS, caller.id, claimed)):
            return GrantOut.model_validate(replay.body)
        epoch = await rights.next_epoch(conn)
        person = await _other_in_scope(conn, caller, who)
        held = [row.role for row in (await rights.grants_of(conn, [who])).get(who, [])]
        rows = await granting.rows(conn, caller, who, [wanted], held=held, pointer="")
        await rights.add_grants(conn, rows)
        version = await rights.touch(conn, who, epoch)
        detail = wanted.model_dump(mode="json", exclude_none=True)
        await _record(conn, caller, "user.granted", who, version, person.organisation, detail)
        made = (await rights.grants_of(conn, [who]))[who][-1].shown()
        if claimed:
            await idempotency.remember(conn, KEYS, caller.id, claimed, 201, made.model_dump(mode="json"))
    return made


async def revoke(database: Database, caller: Caller, who: UUID, grant_id: UUID) -> None:
    """Take a role away; when this returns no service acts on it any more.

    Raises NotFound, SeparationOfDuty (oneself), Forbidden, or StateConflict (the last administrator).
    """
    async with database.transaction(caller.id) as conn:
        epoch = await rights.next_epoch(conn)
        person = await _other_in_scope(conn, caller, who)
        held = (await rights.grants_of(conn, [who])).get(who, [])
        wanted = next((row for row in held if row.id == grant_id), None)
        if wanted is None:
            raise NotFound()
        await granting.require_authority(conn, caller, wanted.role, wanted.organisation)
        before = await granting.administrators(conn)
        await rights.revoke(conn, grant_id, caller.id)
        await granting.require_administrators(conn, before)
        version = await rights.touch(conn, who, epoch)
        detail = wanted.shown().model_dump(mode="json", exclude_none=True)
        await _record(conn, caller, "user.revoked", who, version, person.organisation, detail)
    await acknowledged(database, epoch)


async def _store(conn: AsyncConnection, caller: Caller, wanted: UserCreate, hashed: str, epoch: int) -> User:
    organisation = await granting.organisation_id(conn, caller, wanted.organisation, "/organisation")
    login_key = rules.login_key(wanted.login)
    if await repository.login_taken(conn, login_key):
        raise Duplicate(_TAKEN)
    who = new_id()
    grants = await granting.rows(conn, caller, who, wanted.grants)
    row = {
        "id": who,
        "kind": "person",
        "name": wanted.name,
        "organisation": organisation,
        "rights_epoch": epoch,
    }
    await rights.add_principal(conn, {**row, "must_change_password": not wanted.keep_password})
    await repository.add(conn, who, wanted.login, login_key, hashed)
    await rights.add_grants(conn, grants)
    detail = wanted.model_dump(mode="json", exclude={"password"}, exclude_none=True)
    await _record(conn, caller, "user.created", who, 1, organisation, detail)
    return await _shown(conn, await _in_scope(conn, caller, who))


async def _in_scope(conn: AsyncConnection, caller: Caller, who: UUID) -> Row[Any]:
    row = await repository.by_id(conn, who)
    if row is None or not await covered(conn, caller, [row.organisation], *ADMINISTRATORS):
        raise NotFound()
    return row


async def _other_in_scope(conn: AsyncConnection, caller: Caller, who: UUID) -> Row[Any]:
    row = await _in_scope(conn, caller, who)
    if who == caller.id:
        raise SeparationOfDuty(_OWN)
    return row


async def _require_power_over(conn: AsyncConnection, caller: Caller, who: UUID) -> None:
    """Nobody disables or renames a person who may do what he himself could not grant."""
    for held in (await rights.grants_of(conn, [who])).get(who, []):
        await granting.require_authority(conn, caller, held.role, held.organisation)


async def _shown(conn: AsyncConnection, row: Row[Any]) -> User:
    return _view(row, (await rights.grants_of(conn, [row.id])).get(row.id, []))


def _view(row: Row[Any], grants: list[GrantRow]) -> User:
    return User(
        id=row.id,
        login=row.login,
        name=row.name,
        organisation=row.code,
        organisation_name=row.organisation_name,
        disabled=row.disabled,
        must_change_password=row.must_change_password,
        grants=[grant.shown() for grant in grants],
        created_at=row.created_at,
        etag=etags.of(row.version, row.organisation_name, *(grant.name for grant in grants)),
        actions=["update", "grant", "enable" if row.disabled else "disable"],
    )


async def _record(
    conn: AsyncConnection,
    caller: Caller,
    action: str,
    who: UUID,
    version: int,
    organisation: UUID | None,
    detail: dict[str, Any],
) -> None:
    await audit.record(
        conn, AUDIT, caller=caller, action=action, entity=ENTITY, entity_id=who, entity_version=version,
        organisation=organisation, detail=detail,
    )  # fmt: skip
