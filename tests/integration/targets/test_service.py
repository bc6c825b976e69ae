"""The service as a process: ready or not, its document, its tables, its start and stop."""

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from openapi_spec_validator import validate
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from kernel.auth import RightsBook
from kernel.embedded_postgres import Server
from kernel.settings import BadSettings
from migrations import run
from services.targets import app as composition
from services.targets.settings import Settings
from services.targets.tables import METADATA
from tests.fixtures.database import create_database, drop_database
from tests.integration.targets.auth import FakeAuth
from tests.integration.targets.conftest import PROGRESS_KEY, SERVICE_KEY, Service, running, settings


async def test_it_is_ready_once_it_knows_rights_and_organisations(url: str, auth: FakeAuth) -> None:
    """Not before; and alive all the time."""
    auth.down = True
    app = composition.build(settings(url), auth_transport=httpx.ASGITransport(auth))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://targets")
    async with http:
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]) == (
            503,
            {"database": True, "rights": False, "directory": False},
        )
        assert (await http.get("/livez")).status_code == 200
        auth.down = False
        await app.state.access.book.refresh()
        await app.state.organisations.catch_up()
        assert (await http.get("/readyz")).status_code == 200
    await app.state.database.close()


class Lapsed:
    """A book of rights whose lease has run out."""

    def __init__(self, book: RightsBook) -> None:
        self.find = book.find

    def certain(self) -> bool:
        """No longer."""
        return False


async def test_reading_goes_on_while_auth_is_away(service: Service) -> None:
    """Tokens are checked here; a change waits until rights are certain again."""
    planner = await service.as_("planner")
    assert (await planner.get("/api/v1/plans")).status_code == 200
    service.auth.down = True
    service.app.state.access.book = Lapsed(service.app.state.access.book)
    assert (await planner.get("/api/v1/plans")).status_code == 200
    answer = await planner.load(b"plan: 1")
    assert (answer.status_code, answer.json()["code"]) == (503, "rights-unknown")
    assert answer.headers["retry-after"]


async def test_it_starts_and_stops_cleanly_again_and_again(url: str, auth: FakeAuth) -> None:
    """Nothing is left running, no connection open."""
    for _ in range(3):
        async with running(url, auth) as service:
            assert (await service.http.get("/readyz")).status_code in (200, 503)
        assert service.app.state.database.engine.pool.checkedout() == 0


async def test_its_document_is_sound(service: Service) -> None:
    """Valid OpenAPI, no internal route, a summary and a description on every operation."""
    document = (await service.http.get("/openapi.json")).json()
    validate(document)
    assert not [path for path in document["paths"] if path.startswith("/internal")]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"] and operation["description"] and operation["tags"], (method, path)
            assert "Problem" in str(operation["responses"]["401"])


async def test_migrating_gives_the_tables_of_the_models(server: Server) -> None:
    """Not a column, index or default more or less."""
    url = await create_database(server)
    await run.upgrade("targets", url)
    engine = create_async_engine(url)
    async with engine.begin() as conn:
        assert await conn.run_sync(_differences) == []
        checks = await conn.execute(
            text("SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'targets'::regnamespace")
        )
        assert list(checks.scalars()) == ["ck_feed_head_only_row"]
    await engine.dispose()
    await drop_database(server, url)


def _differences(conn: Connection) -> list[object]:
    def ours(name: str | None, kind: str, _: object) -> bool:
        return name == "targets" if kind == "schema" else name != "alembic_version"

    options = {"include_schemas": True, "include_name": ours, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(conn, opts=options), METADATA))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_KEY", "short"),
        ("SERVICE_KEY", "x" * 40),
        ("SERVICE_KEY", "changeme-0123456789abcdefghijklmnop"),
        ("SERVICE_KEY", PROGRESS_KEY),
        ("POOL", "1"),
        ("LEASE_SECONDS", "0"),
        ("AUHT_URL", "http://auth"),
    ],
)
def test_settings_that_cannot_be_right_stop_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The message names the variable and never the value."""
    sound = {
        "DATABASE_URL": "postgresql+asyncpg://u@h/d",
        "AUTH_URL": "http://auth",
        "SERVICE_KEY": SERVICE_KEY,
        "PROGRESS_KEY": PROGRESS_KEY,
    }
    for key, given in sound.items():
        monkeypatch.setenv(f"ZHIBIAO_TARGETS_{key}", given)
    assert Settings.read().service_key == SERVICE_KEY
    assert SERVICE_KEY not in repr(Settings.read())
    monkeypatch.setenv(f"ZHIBIAO_TARGETS_{name}", value)
    with pytest.raises(BadSettings) as refused:
        Settings.read()
    assert "ZHIBIAO_TARGETS_" in str(refused.value) and value not in str(refused.value).replace(name, "")


def test_every_setting_says_what_it_is_for() -> None:
    """For the table of settings in the documentation."""
    assert all(Settings.variables().values())
