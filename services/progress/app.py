"""The composition root of the progress service: the only place where real things are chosen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
from fastapi import FastAPI

from kernel import clock
from kernel.app import create_app
from kernel.auth import Access, Verifier
from kernel.db import Database
from services.progress import work
from services.progress.audit.endpoints import routes as audit_routes
from services.progress.calendar.endpoints import routes as calendar_routes
from services.progress.clients import connect
from services.progress.desk import Desk, Reviewers
from services.progress.directory.service import Directory
from services.progress.figures.endpoints import routes as figure_routes
from services.progress.reports.endpoints import routes as report_routes
from services.progress.reviews.endpoints import routes as review_routes
from services.progress.settings import Settings
from services.progress.standing.endpoints import routes as standing_routes


def build(
    settings: Settings | None = None,
    *,
    auth_transport: httpx.AsyncBaseTransport | None = None,
    targets_transport: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """The progress service; the transports stand in for sockets when all services share one process."""
    settings = settings or Settings.read()
    database = Database(settings.database_url, pool=settings.pool, name="zhibiao-progress")
    neighbours = connect(settings, auth_transport, targets_transport)
    directory = Directory()
    work.follow(directory, neighbours, database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [neighbours.rights.run, *(f.run for f in directory.followers)]
        async with work.running([*tasks, partial(work.compact, database, settings.fold_seconds)]):
            yield
        for upstream in neighbours.upstreams:
            await upstream.close()
        await database.close()

    app = create_app(
        "Zhibiao progress · 指标填报与进展",
        description="Reports, review, figures and standing.",
        routers=[calendar_routes, report_routes, review_routes, figure_routes, standing_routes, audit_routes],
        lifespan=lifespan,
        ready={"database": database.alive, "rights": neighbours.rights.ready, "directory": directory.ready},
    )
    verifier = Verifier(neighbours.keys, issuer=settings.issuer, now=clock.now)
    app.state.access = Access(verifier, neighbours.rights, clock.today)
    app.state.database, app.state.directory = database, directory
    app.state.desk = Desk(database, directory, Reviewers(neighbours.rights, clock.today))
    app.state.neighbour_keys = []
    return app
