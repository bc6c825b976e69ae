"""The auth service put together: the only place where real things are chosen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from kernel.app import create_app
from kernel.auth import Access, Verifier
from kernel.clock import now, today
from kernel.db import Database
from services.auth.audit import endpoints as audit
from services.auth.clients import endpoints as clients
from services.auth.imports import endpoints as imports
from services.auth.me import endpoints as me
from services.auth.organisations import endpoints as organisations
from services.auth.organisations import neighbours
from services.auth.people import endpoints as people
from services.auth.people.passwords import Passwords
from services.auth.rights import endpoints as rights
from services.auth.rights.service import AlwaysCertain, find
from services.auth.settings import Settings
from services.auth.tokens import endpoints as tokens
from services.auth.tokens.sealing import Sealer
from services.auth.tokens.service import Issuer

ROUTED = (tokens, me, people, clients, organisations, imports, audit, neighbours, rights)


def build(settings: Settings | None = None) -> FastAPI:
    """The service, from the environment unless settings are given; raises BadSettings."""
    chosen = settings or Settings.read()
    database = Database(chosen.database_url, pool=chosen.pool, name="zhibiao-auth")
    issuer = Issuer(
        database,
        Sealer(chosen.secret),
        name=chosen.issuer,
        minutes=chosen.token_minutes,
        days=chosen.refresh_days,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await issuer.prepare()
        yield
        await database.close()

    app = create_app(
        "Zhibiao auth",
        routers=[module.routes for module in ROUTED],
        lifespan=lifespan,
        ready={"database": database.alive, "keys": issuer.ready},
        uploads=("/api/v1/imports",),
    )
    app.state.database, app.state.issuer = database, issuer
    app.state.passwords = Passwords(chosen.hashing)
    app.state.neighbour_keys = (chosen.targets_key, chosen.progress_key)
    verifier = Verifier(issuer, issuer=chosen.issuer, now=now)
    app.state.access = Access(verifier, AlwaysCertain(), today, find=partial(find, database))
    return app
