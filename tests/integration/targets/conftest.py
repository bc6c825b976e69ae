"""The targets service in process, on a database of its own, with a stand-in for auth next door."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.vocabularies import Role
from kernel.db import Database
from kernel.embedded_postgres import Server
from kernel.upstream import KEY_HEADER
from services.targets import app as composition
from services.targets.settings import Settings
from services.targets.tables import METADATA
from tests.fixtures.database import create_database, drop_database, template
from tests.integration.targets.auth import FakeAuth

SERVICE_KEY = "targets-0123456789abcdefghijklmnop-key"
PROGRESS_KEY = "progress-0123456789abcdefghijklmnop-key"
NEIGHBOUR = {KEY_HEADER: PROGRESS_KEY}


def settings(url: str) -> Settings:
    """Settings of a test service."""
    return Settings(
        database_url=url,
        auth_url="http://auth",
        service_key=SERVICE_KEY,
        progress_key=PROGRESS_KEY,
        pool=8,
    )


async def make_tables(url: str) -> None:
    """The schema of the service in an empty database."""
    engine = create_async_engine(url)
    async with engine.begin() as conn:
        await conn.execute(text("CREATE SCHEMA targets"))
        await conn.run_sync(METADATA.create_all)
    await engine.dispose()


@dataclass
class Service:
    """A running service, the auth it asks, and a client that speaks to it."""

    app: FastAPI
    auth: FakeAuth
    http: httpx.AsyncClient

    @property
    def database(self) -> Database:
        """The service's database."""
        found: Database = self.app.state.database
        return found

    async def as_(self, name: str) -> "Actor":
        """Somebody with a token in hand, known to the service."""
        await self.app.state.access.book.refresh()
        return Actor(self, {"Authorization": f"Bearer {self.auth.token(name)}"})

    async def rows(self, query: str, **values: object) -> list[Any]:
        """What a query finds."""
        async with self.database.reading() as conn:
            return list((await conn.execute(text(query), values)).all())


@dataclass
class Actor:
    """A person at the keyboard."""

    service: Service
    headers: Mapping[str, str] = field(repr=False)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """Read."""
        return await self.service.http.get(path, params=params or None, headers=self.headers)

    async def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """The items of the first page of a list."""
        answer = await self.get(path, **params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def load(
        self, content: bytes, name: str = "pack.yaml", *, key: str | None = None, **form: str
    ) -> httpx.Response:
        """Load a pack."""
        headers = {**self.headers, "Idempotency-Key": key or str(uuid4())}
        files = {"file": (name, content)}
        return await self.service.http.post("/api/v1/imports/plans", files=files, data=form, headers=headers)

    async def publish(self, plan: str, etag: str | None) -> httpx.Response:
        """Publish a plan."""
        headers = {**self.headers, **({"If-Match": etag} if etag else {})}
        return await self.service.http.post(f"/api/v1/plans/{plan}/publish", headers=headers)


@asynccontextmanager
async def running(url: str, auth: FakeAuth) -> AsyncIterator[Service]:
    """The service with its copies of organisations and rights filled."""
    app = composition.build(settings(url), auth_transport=httpx.ASGITransport(auth))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://targets")
    async with app.router.lifespan_context(app), http:
        await app.state.organisations.catch_up()
        yield Service(app, auth, http)


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    """The address of a database with the service's tables."""
    made = await create_database(server, await template(server, "targets", make_tables))
    yield made
    await drop_database(server, made)


@pytest.fixture
def auth() -> FakeAuth:
    """A small province: a planner of it, one of a city, an auditor, and somebody who only looks."""
    made = FakeAuth()
    made.person("planner", Role.PLANNER, "360000")
    made.person("city-planner", Role.PLANNER, "360700")
    made.person("viewer", Role.VIEWER, "360721")
    made.person("auditor", Role.AUDITOR, "360000")
    made.person("city-auditor", Role.AUDITOR, "360700")
    return made


@pytest.fixture
async def service(url: str, auth: FakeAuth) -> AsyncIterator[Service]:
    """The running service."""
    async with running(url, auth) as made:
        yield made


@pytest.fixture
async def planner(service: Service) -> Actor:
    """The planner of the province."""
    return await service.as_("planner")


@pytest.fixture
async def viewer(service: Service) -> Actor:
    """Somebody signed in who is no planner."""
    return await service.as_("viewer")
