"""API clients: owned by an organisation, with grants of their own, an end, and a secret that is shown once."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Client, ClientCreate
from contracts.base import Page
from kernel import audit, etags, idempotency
from kernel.auth import Caller
from kernel.clock import today
from kernel.db import Database
from kernel.errors import Forbidden, Invalid, NotFound, Said
from kernel.ids import new_id
from kernel.paging import PageQuery, paged
from services.auth.clients import repository, rules
from services.auth.organisations.authority import covered, roots
from services.auth.rights import granting
from services.auth.rights import repository as rights
from services.auth.rights.repository import GrantRow
from services.auth.rights.rules import ADMINISTRATORS, beyond_clients
from services.auth.schema import AUDIT, KEYS
from services.auth.tokens.sealing import digest, fresh_secret

_NOT_FOR_CLIENTS = Said("接口客户端只能获得业务角色。", "an API client can hold working roles only")


async def listing(database: Database, caller: Caller, page: PageQuery) -> Page[Client]:
    """Clients owned in the caller's subtrees, in the order of their names."""
    async with database.transaction(caller.id) as conn:
        query = repository.listed(roots(caller, *ADMINISTRATORS), today())
        rows = await paged(conn, query, page, lambda row: row)
        grants = await rights.grants_of(conn, [row.id for row in rows.items])
    items = [_view(row, grants.get(row.id, [])) for row in rows.items]
    return Page(items=items, next=rows.next, prev=rows.prev)


async def find(database: Database, caller: Caller, which: UUID) -> Client:
    """A client in the caller's subtrees. Raises NotFound, alike for absent and out of scope."""
    async with database.transaction(caller.id) as conn:
        row = await repository.by_id(conn, which)
        if row is None or not await covered(conn, caller, [row.organisation], *ADMINISTRATORS):
            raise NotFound()
        return await _shown(conn, row)


async def create(database: Database, caller: Caller, wanted: ClientCreate, key: str | None) -> Client:
    """A new client with its secret; a repeat with the same key has no secret, for only its hash is kept.

    Raises Invalid, UnknownReference, or Forbidden for grants beyond the caller's own or not for clients.
    """
    ends = rules.ending(wanted.expires_on, today())
    if faults := rules.faults(ends, today()):
        raise Invalid(errors=faults)
    if beyond_clients(grant.role for grant in wanted.grants):
        raise Forbidden(_NOT_FOR_CLIENTS)
    claimed = idempotency.required(key, "clients", wanted.model_dump(mode="json")) if key else None
    secret, which = fresh_secret(), new_id()
    async with database.transaction(caller.id) as conn:
        if claimed and (replay := await idempotency.claim(conn, KEYS, caller.id, claimed)):
            return Client.model_validate(replay.body)
        epoch = await rights.next_epoch(conn)
        organisation = await granting.organisation_id(conn, caller, wanted.organisation, "/organisation")
        grants = await granting.rows(conn, caller, which, wanted.grants, until=ends)
        row = {"id": which, "kind": "client", "name": wanted.name, "organisation": organisation}
        await rights.add_principal(conn, {**row, "rights_epoch": epoch})
        await repository.add(conn, which, digest(secret), ends)
        await rights.add_grants(conn, grants)
        detail = wanted.model_dump(mode="json", exclude_none=True)
        await _record(conn, caller, which, organisation, detail)
        made = await _shown(conn, await repository.by_id(conn, which))
        if claimed:
            await idempotency.remember(conn, KEYS, caller.id, claimed, 201, made.model_dump(mode="json"))
    return made.model_copy(update={"secret": secret})


async def _shown(conn: AsyncConnection, row: Row[Any] | None) -> Client:
    if row is None:
        raise NotFound()
    return _view(row, (await rights.grants_of(conn, [row.id])).get(row.id, []))


def _view(row: Row[Any], grants: list[GrantRow]) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        organisation=row.code,
        grants=[grant.shown() for grant in grants],
        disabled=row.disabled,
        expires_on=row.expires_on,
        etag=etags.of(row.version, *(grant.name for grant in grants)),
    )


async def _record(
    conn: AsyncConnection, caller: Caller, which: UUID, organisation: UUID, detail: dict[str, Any]
) -> None:
    await audit.record(
        conn,
        AUDIT,
        caller=caller,
        action="client.created",
        entity="client",
        entity_id=which,
        entity_version=1,
        organisation=organisation,
        detail=detail,
    )
