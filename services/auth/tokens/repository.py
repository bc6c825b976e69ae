"""Every statement about signing keys, sessions and refresh tokens."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, case, delete, exists, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from kernel.db import Id
from services.auth.clients.models import client
from services.auth.people.models import person
from services.auth.rights.models import principal
from services.auth.tokens.models import password_guess, refresh_token, session, signing_key
from services.auth.tokens.rules import GUESS_WINDOW, Used


class Renewed(NamedTuple):
    """The session a refresh token belongs to, and whose it is."""

    session: UUID
    principal: UUID
    kind: str
    name: str
    organisation: UUID
    must_change_password: bool
    tokens_valid_after: datetime | None


_SHOWN = (
    session.c.id.label("session"),
    principal.c.id.label("principal"),
    principal.c.kind,
    principal.c.name,
    principal.c.organisation,
    principal.c.must_change_password,
    principal.c.tokens_valid_after,
)


class Password(NamedTuple):
    """A person who signs in, and the hash of his password."""

    id: UUID
    disabled: bool
    password_hash: str


class ClientSecret(NamedTuple):
    """An API client, the hash of its secret, and the day from which it is refused."""

    id: UUID
    disabled: bool
    secret_hash: bytes
    expires_on: date | None


async def keys(conn: AsyncConnection) -> list[Row[Any]]:
    """The signing keys in use, the newest first."""
    query = select(signing_key).where(signing_key.c.retired_at.is_(None))
    return list((await conn.execute(query.order_by(signing_key.c.created_at.desc()))).all())


async def lock_keys(conn: AsyncConnection) -> None:
    """Let one process at a time look for a signing key and make one."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('auth.signing_key', 0))"))


async def add_key(conn: AsyncConnection, kid: str, public: dict[str, Any], sealed: bytes) -> None:
    """Store a signing key."""
    await conn.execute(insert(signing_key).values(kid=kid, public=public, sealed=sealed))


async def person_by_login(conn: AsyncConnection, login_key: str) -> Password | None:
    """How a person proves himself."""
    query = (
        select(principal.c.id, principal.c.disabled, person.c.password_hash)
        .join_from(principal, person, person.c.id == principal.c.id)
        .where(person.c.login_key == login_key)
    )
    row = (await conn.execute(query)).first()
    return Password(*row) if row else None


async def client_by_id(conn: AsyncConnection, client_id: UUID) -> ClientSecret | None:
    """How an API client proves itself."""
    query = (
        select(principal.c.id, principal.c.disabled, client.c.secret_hash, client.c.expires_on)
        .join_from(principal, client, client.c.id == principal.c.id)
        .where(principal.c.id == client_id)
    )
    row = (await conn.execute(query)).first()
    return ClientSecret(*row) if row else None


async def start_session(conn: AsyncConnection, new: UUID, who: Password, token: bytes, days: int) -> Renewed | None:
    """Begin a session with its first refresh token; None if the person was disabled or got another password meanwhile.

    Both rows are held, principal first, as whoever changes them does.
    """
    unchanged = (
        select(literal(new, Id), principal.c.id, func.now() + func.make_interval(0, 0, 0, days))
        .join_from(principal, person, person.c.id == principal.c.id)
        .where(principal.c.id == who.id, ~principal.c.disabled, person.c.password_hash == who.password_hash)
        .with_for_update(read=True, of=[principal, person])
    )
    await conn.execute(insert(session).from_select(["id", "principal", "expires_at"], unchanged))
    row = (await conn.execute(_sessions().where(session.c.id == new))).first()
    if row is None:
        return None
    await conn.execute(insert(refresh_token).values(hash=token, session=new))
    return Renewed(*row)


def _sessions() -> Select[Any]:
    return select(*_SHOWN).join_from(session, principal, principal.c.id == session.c.principal)


def _alive() -> ColumnElement[bool]:
    return session.c.ended_at.is_(None) & (session.c.expires_at > func.now()) & ~principal.c.disabled


async def rotate(conn: AsyncConnection, old: bytes, new: bytes) -> Renewed | None:
    """Exchange a refresh token for its successor in one statement; None if it cannot be exchanged (any more).

    The session is held, so that nobody ends it while it is renewed.
    """
    mine = select(refresh_token.c.session).where(refresh_token.c.hash == old).scalar_subquery()
    held = _sessions().where(session.c.id == mine, _alive()).with_for_update(read=True, of=session).cte("held")
    spent = (
        update(refresh_token)
        .where(refresh_token.c.hash == old, refresh_token.c.used_at.is_(None))
        .where(refresh_token.c.session == held.c.session)
        .values(used_at=func.now())
        .returning(*held.c)
        .cte("spent")
    )
    following = select(literal(new, refresh_token.c.hash.type), spent.c.session)
    fresh = insert(refresh_token).from_select(["hash", "session"], following).cte("fresh")
    row = (await conn.execute(select(spent).add_cte(fresh))).first()
    return Renewed(*row) if row else None


async def past(conn: AsyncConnection, old: bytes, new: bytes) -> tuple[Renewed, Used] | None:
    """How a refresh token stands that was not exchanged; None if there never was one."""
    later = refresh_token.alias("later")
    query = (
        _sessions()
        .add_columns(_alive().label("alive"))
        .add_columns(refresh_token.c.used_at.is_not(None).label("used"))
        .add_columns(func.extract("epoch", func.now() - refresh_token.c.used_at).label("seconds"))
        .add_columns(exists().where(later.c.hash == new, later.c.used_at.is_not(None)).label("successor_used"))
        .join(refresh_token, refresh_token.c.session == session.c.id)
        .where(refresh_token.c.hash == old)
    )
    row = (await conn.execute(query)).first()
    if row is None:
        return None
    used = Used(row.alive, row.used, float(row.seconds or 0), row.successor_used)
    return Renewed(*row[: len(_SHOWN)]), used


async def end_session(conn: AsyncConnection, session_id: UUID, why: str) -> bool:
    """End one session with all its refresh tokens; False if it had ended before."""
    ended = (
        update(session)
        .where(session.c.id == session_id, session.c.ended_at.is_(None))
        .values(ended_at=func.now(), ended_why=why)
    )
    return (await conn.execute(ended)).rowcount == 1


async def end_sessions(conn: AsyncConnection, who: UUID, why: str) -> int:
    """End every session of a principal; how many there were."""
    ended = (
        update(session)
        .where(session.c.principal == who, session.c.ended_at.is_(None))
        .values(ended_at=func.now(), ended_why=why)
    )
    return (await conn.execute(ended)).rowcount


async def count_guess(conn: AsyncConnection, login_key: str) -> tuple[int, float]:
    """Count a try before it is made, so that parallel ones cannot slip through; how many, and seconds to the end."""
    over = password_guess.c.since < func.now() - GUESS_WINDOW
    tried = insert(password_guess).values(login_key=login_key, guesses=1)
    counted = tried.on_conflict_do_update(
        index_elements=["login_key"],
        set_={
            "guesses": case((over, 1), else_=password_guess.c.guesses + 1),
            "since": case((over, func.now()), else_=password_guess.c.since),
        },
    ).returning(password_guess.c.guesses, func.extract("epoch", password_guess.c.since + GUESS_WINDOW - func.now()))
    guesses, seconds = (await conn.execute(counted)).one()
    if guesses == 1:
        await conn.execute(delete(password_guess).where(over))
    return int(guesses), float(seconds)


async def forgive_guess(conn: AsyncConnection, login_key: str) -> None:
    """Take back the count of a try that was right; the wrong ones beside it stay counted."""
    await conn.execute(
        update(password_guess)
        .where(password_guess.c.login_key == login_key, password_guess.c.guesses > 0)
        .values(guesses=password_guess.c.guesses - 1)
    )
