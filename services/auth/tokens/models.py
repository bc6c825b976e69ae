"""Tables: signing keys (private part sealed), sessions, their refresh tokens (hashes only), guesses at passwords."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text, func

from kernel.db import Id, Instant, Json
from services.auth.rights.models import principal
from services.auth.schema import METADATA

signing_key = Table(
    "signing_key",
    METADATA,
    Column("kid", Text, primary_key=True),
    Column("public", Json, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.clock_timestamp()),
    Column("retired_at", Instant),
)

session = Table(
    "session",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("principal", Id, ForeignKey(principal.c.id), nullable=False, index=True),
    Column("started_at", Instant, nullable=False, server_default=func.now()),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_why", Text),
)

refresh_token = Table(
    "refresh_token",
    METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("session", Id, ForeignKey(session.c.id), nullable=False, index=True),
    Column("issued_at", Instant, nullable=False, server_default=func.now()),
    Column("used_at", Instant),
)

password_guess = Table(
    "password_guess",
    METADATA,
    Column("login_key", Text(collation="C"), primary_key=True),
    Column("guesses", Integer, nullable=False),
    Column("since", Instant, nullable=False, server_default=func.now(), index=True),
)
