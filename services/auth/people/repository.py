"""Every statement about people."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth.organisations.models import organisation
from services.auth.organisations.repository import below
from services.auth.people.models import person
from services.auth.rights.models import principal, role_grant


class Credentials(NamedTuple):
    """Login name, password hash, and where the person belongs."""

    login: str
    password_hash: str
    organisation: UUID


def shown() -> Select[Any]:
    """People with code and name of their organisation."""
    return (
        select(principal, person.c.login, person.c.login_key)
        .add_columns(organisation.c.code, organisation.c.name.label("organisation_name"))
        .join_from(principal, person, person.c.id == principal.c.id)
        .join(organisation, organisation.c.id == principal.c.organisation)
    )


def listed(roots: Collection[UUID], on: date, q: str | None, code: str | None, disabled: bool | None) -> Select[Any]:
    """People of the subtrees, in the order of their login names."""
    query = shown().where(principal.c.organisation.in_(select(below(roots, on).c.id)))
    if q:
        query = query.where(
            or_(person.c.login.icontains(q, autoescape=True), principal.c.name.icontains(q, autoescape=True))
        )
    if code is not None:
        query = query.where(organisation.c.code == code)
    if disabled is not None:
        query = query.where(principal.c.disabled == disabled)
    return query.order_by(person.c.login_key)


async def by_id(conn: AsyncConnection, who: UUID) -> Row[Any] | None:
    """A person, wherever he belongs."""
    row: Row[Any] | None = (await conn.execute(shown().where(principal.c.id == who))).first()
    return row


async def login_taken(conn: AsyncConnection, login_key: str) -> bool:
    """Whether somebody has this login name."""
    return (await conn.execute(select(person.c.id).where(person.c.login_key == login_key))).first() is not None


async def add(conn: AsyncConnection, who: UUID, login: str, login_key: str, password_hash: str) -> None:
    """Store how a principal signs in."""
    await conn.execute(insert(person).values(id=who, login=login, login_key=login_key, password_hash=password_hash))


async def credentials(conn: AsyncConnection, who: UUID) -> Credentials | None:
    """How a person proves himself; None for API clients."""
    query = (
        select(person.c.login, person.c.password_hash, principal.c.organisation)
        .join_from(person, principal, principal.c.id == person.c.id)
        .where(person.c.id == who)
    )
    row = (await conn.execute(query)).first()
    return Credentials(*row) if row else None


async def replace_password(conn: AsyncConnection, who: UUID, old_hash: str, new_hash: str) -> bool:
    """Store a new hash; False if the password was changed meanwhile."""
    changed = update(person).where(person.c.id == who, person.c.password_hash == old_hash)
    return (await conn.execute(changed.values(password_hash=new_hash))).rowcount == 1


async def any_holder(conn: AsyncConnection, roles: Collection[str]) -> bool:
    """Whether anybody was ever granted one of the roles."""
    query = select(func.count()).select_from(role_grant).where(role_grant.c.role.in_(roles))
    return bool((await conn.execute(query)).scalar_one())
