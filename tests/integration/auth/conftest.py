"""The auth service in process, on a database of its own with a small province in it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from kernel import audit
from kernel.db import Database
from kernel.embedded_postgres import Server
from services.auth import app as composition
from services.auth.organisations import service as organisations
from services.auth.people import service as people
from services.auth.people.passwords import Passwords
from services.auth.settings import Settings
from services.auth.tables import METADATA
from tests.fixtures.database import create_database, drop_database, template

TARGETS_KEY = "targets-0123456789abcdefghijklmnop-key"
PROGRESS_KEY = "progress-0123456789abcdefghijklmnop-key"
SECRET = "auth-0123456789abcdefghijklmnopqrstuv"
ADMIN = ("admin", "first-password")
DATA = Path(__file__).with_name("province.csv")


def settings(url: str, **other: object) -> Settings:
    """Settings of a test service."""
    given = {"secret": SECRET, "targets_key": TARGETS_KEY, "progress_key": PROGRESS_KEY, "hashing": "light", "pool": 8}
    return Settings(database_url=url, **{**given, **other})  # type: ignore[arg-type]


async def make_tables(url: str) -> None:
    """The schema of the service in an empty database."""
    engine = create_async_engine(url)
    async with engine.begin() as conn:
        await conn.execute(text("CREATE SCHEMA auth"))
        await conn.run_sync(METADATA.create_all)
    await engine.dispose()


async def _fill(url: str) -> None:
    await make_tables(url)
    database = Database(url)
    job = await organisations.load(database, audit.SYSTEM, "organisations", DATA.read_text(), "atomic")
    assert job.state == "done", job.conflicts
    assert await people.ensure_first_administrator(
        database, login=ADMIN[0], password=ADMIN[1], passwords=Passwords("light")
    )
    await database.close()


@dataclass
class Service:
    """A running service, and a client that speaks to it."""

    app: FastAPI
    http: httpx.AsyncClient

    @property
    def database(self) -> Database:
        """The service's database."""
        found: Database = self.app.state.database
        return found

    async def token(self, login: str, password: str) -> str:
        """The access token of a person."""
        form = {"grant_type": "password", "username": login, "password": password}
        answer = await self.http.post("/api/v1/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def signed_in(self, login: str, password: str) -> "Actor":
        """A person with his token in hand."""
        return Actor(self, {"Authorization": f"Bearer {await self.token(login, password)}"})

    async def person(self, admin: "Actor", login: str, organisation: str, *grants: tuple[str, str]) -> "Actor":
        """A new person with roles, signed in."""
        body = {
            "login": login,
            "name": f"某{login}",
            "organisation": organisation,
            "password": f"{login}-password",
            "keep_password": True,
            "grants": [{"role": role, "organisation": code} for role, code in grants],
        }
        answer = await admin.post("/api/v1/users", json=body)
        assert answer.status_code == 201, answer.text
        found = await self.signed_in(login, f"{login}-password")
        found.id = answer.json()["id"]
        return found

    async def neighbour(self, path: str, **params: object) -> httpx.Response:
        """What a neighbour service is told."""
        return await self.knocked(path, TARGETS_KEY, params)

    async def knocked(self, path: str, key: str, params: Mapping[str, object]) -> httpx.Response:
        """What somebody with a service key is told."""
        wanted = {name: str(value) for name, value in params.items()}
        return await self.http.get(path, params=wanted, headers={"X-Zhibiao-Service-Key": key})


@dataclass
class Actor:
    """Somebody signed in."""

    service: Service
    headers: dict[str, str]
    id: str = ""

    async def call(self, method: str, path: str, **rest: object) -> httpx.Response:
        """A request with the actor's token."""
        headers = {**self.headers, **rest.pop("headers", {})}  # type: ignore[dict-item]
        return await self.service.http.request(method, path, headers=headers, **rest)  # type: ignore[arg-type]

    async def get(self, path: str, **rest: object) -> httpx.Response:
        """GET."""
        return await self.call("GET", path, **rest)

    async def post(self, path: str, **rest: object) -> httpx.Response:
        """POST."""
        return await self.call("POST", path, **rest)

    async def patch(self, path: str, **rest: object) -> httpx.Response:
        """PATCH."""
        return await self.call("PATCH", path, **rest)

    async def delete(self, path: str, **rest: object) -> httpx.Response:
        """DELETE."""
        return await self.call("DELETE", path, **rest)


@asynccontextmanager
async def running(url: str, **other: object) -> AsyncIterator[Service]:
    """A service on a database, started and stopped as uvicorn would."""
    app = composition.build(settings(url, **other))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://auth") as http:
        yield Service(app, http)


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    """A database with the small province and the first administrator."""
    found = await create_database(server, await template(server, "auth", _fill))
    yield found
    await drop_database(server, found)


@pytest.fixture
async def service(url: str) -> AsyncIterator[Service]:
    """The running service."""
    async with running(url) as started:
        yield started


@pytest.fixture
async def admin(service: Service) -> Actor:
    """The first administrator."""
    return await service.signed_in(*ADMIN)


@pytest.fixture(scope="module")
async def calm(server: Server) -> AsyncIterator[Service]:
    """One service for all tests of a module that change nothing: a database for each would take most of the time."""
    found = await create_database(server, await template(server, "auth", _fill))
    async with running(found) as started:
        yield started
    await drop_database(server, found)


@pytest.fixture(scope="module")
async def calm_admin(calm: Service) -> Actor:
    """The first administrator, where nothing changes."""
    return await calm.signed_in(*ADMIN)


@pytest.fixture(scope="module")
async def calm_reader(calm: Service, calm_admin: Actor) -> Actor:
    """Somebody without any role, where nothing changes."""
    return await calm.person(calm_admin, "reader", "360702")


@pytest.fixture(scope="module")
async def calm_planner(calm: Service, calm_admin: Actor) -> Actor:
    """The planner of one city, where nothing changes."""
    return await calm.person(calm_admin, "planner", "360100", ("planner", "360100"))


@pytest.fixture(scope="module")
async def calm_city(calm: Service, calm_admin: Actor) -> Actor:
    """The administrator of one city, where nothing changes."""
    return await calm.person(calm_admin, "city", "360100", ("system_admin", "360100"))
