"""The composition root of the targets service: the only place where real things are chosen."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from kernel.app import create_app
from kernel.auth import Access, Verifier
from kernel.clock import today
from kernel.db import Database
from services.targets.audit.endpoints import audit
from services.targets.choices.endpoints import settings as choices
from services.targets.clients import Auth
from services.targets.directory import service as directory
from services.targets.feed_endpoints import feed
from services.targets.indicators.endpoints import indicators, scopes
from services.targets.plans.endpoints import imports, plans
from services.targets.settings import Settings
from services.targets.targets.endpoints import targets
from services.targets.vocabularies.endpoints import vocabularies
from services.targets.work import running

ROUTERS = (plans, imports, indicators, scopes, targets, choices, vocabularies, audit, feed)


def build(settings: Settings | None = None, *, auth_transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; `auth_transport` reaches auth in the same process instead of over a socket."""
    chosen = settings or Settings.read()
    database = Database(chosen.database_url, pool=chosen.pool, name="zhibiao-targets")
    auth = Auth(chosen, auth_transport)
    organisations = directory.follower(auth.organisations, database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running([auth.rights.run, organisations.run], closing=[auth.close, database.close]):
            yield

    async def caught_up() -> bool:
        return organisations.caught_up

    app = create_app(
        "Zhibiao targets",
        description="Plans, indicators and targets as data, and the settings where documents are silent.",
        routers=ROUTERS,
        lifespan=lifespan,
        ready={"database": database.alive, "rights": auth.rights.ready, "directory": caught_up},
        uploads=("/api/v1/imports",),
    )
    app.state.access = Access(Verifier(auth.keys, issuer=chosen.issuer, now=time.time), book=auth.rights, today=today)
    app.state.database = database
    app.state.organisations = organisations
    app.state.neighbour_keys = (chosen.progress_key,)
    return app
