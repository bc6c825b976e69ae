"""A repeat of a request is answered as the first time: key, fingerprint and answer live in the effect's transaction."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header
from sqlalchemy import Column, Integer, MetaData, Table, Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import Id, Instant, Json
from kernel.errors import (
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    MalformedRequest,
)

KEPT = timedelta(days=7)
_LOCK_NOT_AVAILABLE = "55P03"


def table(metadata: MetaData) -> Table:
    """The keys of one service, kept for seven days."""
    return Table(
        "idempotency_key",
        metadata,
        Column("principal", Id, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False),
        Column("status", Integer, nullable=True),
        Column("body", Json, nullable=True),
        Column("created_at", Instant, nullable=False, server_default=func.now(), index=True),
    )


@dataclass(frozen=True)
class Key:
    """The key of one request and what it asks for."""

    value: str
    fingerprint: str


@dataclass(frozen=True)
class Replay:
    """The answer given the first time."""

    status: int
    body: Any


def key_header(
    idempotency_key: Annotated[
        str | None, Header(description="A new random value per intended effect; repeat it when retrying")
    ] = None,
) -> str | None:
    """The Idempotency-Key header, quoted or not."""
    if idempotency_key is None:
        return None
    value = idempotency_key.strip().strip('"')
    if not 8 <= len(value) <= 200 or not value.isascii() or not value.isprintable():
        raise MalformedRequest()
    return value


def required(key: str | None, route: str, payload: object) -> Key:
    """The key of this request; raises IdempotencyKeyRequired without one."""
    if key is None:
        raise IdempotencyKeyRequired()
    text = json.dumps([route, payload], sort_keys=True, ensure_ascii=False, default=str)
    return Key(key, hashlib.sha256(text.encode()).hexdigest())


async def claim(conn: AsyncConnection, keys: Table, principal: UUID, key: Key) -> Replay | None:
    """Reserve the key in this transaction; the stored answer if it was used before.

    A second request with the same key waits on the unique index until the first one commits.
    Raises IdempotencyKeyReused for another payload, IdempotencyInProgress when the wait is too long.
    """
    wanted = insert(keys).values(principal=principal, key=key.value, fingerprint=key.fingerprint)
    try:
        taken = await conn.execute(wanted.on_conflict_do_nothing().returning(keys.c.key))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress() from None
        raise
    if taken.first() is not None:
        return None
    stored = (
        await conn.execute(
            select(keys.c.fingerprint, keys.c.status, keys.c.body).where(
                keys.c.principal == principal, keys.c.key == key.value
            )
        )
    ).one()
    if stored.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused()
    if stored.status is None:
        raise IdempotencyInProgress()
    return Replay(stored.status, stored.body)


async def remember(
    conn: AsyncConnection, keys: Table, principal: UUID, key: Key, status: int, body: Any
) -> None:
    """Keep the answer beside its effect."""
    await conn.execute(
        update(keys)
        .where(keys.c.principal == principal, keys.c.key == key.value)
        .values(status=status, body=body)
    )


async def forget_old(conn: AsyncConnection, keys: Table) -> int:
    """Remove keys past their time; the number removed."""
    return (await conn.execute(delete(keys).where(keys.c.created_at < func.now() - KEPT))).rowcount
