"""docker-compose.yml really runs: its commands, environment, secrets, health checks and order, as processes here."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kernel.embedded_postgres import start
from tests.system.compose import Compose, document

PERIOD = "2023-11"
CITY, COUNTY = "360100", "360102"
INDICATOR = "childcare-places"
PASSWORD = "Chosen-for-a-test-1"


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Compose]:
    """Everything in the file, started and at the end stopped."""
    folder = Path(tempfile.mkdtemp(prefix="zhibiao-compose-"))
    folder.chmod(0o711)
    server = start(folder / "postgres", durable=False)
    compose = Compose(folder, server)
    try:
        await compose.up()
        yield compose
    finally:
        ended = await compose.down()
        server.stop()
        logs = {name: compose.log(name) for name in compose.processes}
        shutil.rmtree(folder)
    assert set(ended.values()) <= {0, -15}, ended
    assert not [name for name, log in logs.items() if "Traceback" in log]


def test_only_the_gateway_can_be_reached_from_outside() -> None:
    said = document()
    published = {name: each.get("ports") for name, each in said["services"].items() if each.get("ports")}
    assert published == {"gateway": ["8000:8000"]}
    assert said["networks"]["inside"] == {"internal": True}
    assert [name for name, each in said["services"].items() if each["networks"] != ["inside"]] == ["gateway"]


def test_no_secret_is_written_in_the_file() -> None:
    for name, each in document()["services"].items():
        for variable, value in each.get("environment", {}).items():
            assert not variable.endswith(("_KEY", "_SECRET", "_PASSWORD", "_DATABASE_URL")), (name, variable, value)


def test_every_secret_is_made_and_used() -> None:
    said = document()
    used = {
        secret if isinstance(secret, str) else secret["source"]
        for each in said["services"].values()
        for secret in each.get("secrets", [])
    }
    assert used == set(said["secrets"])


async def test_sign_in_plans_and_one_submission_through_the_gateway(running: Compose) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.ports['gateway']}", timeout=20) as http:
        admin = await signed_in(http, "admin", (running.made / "admin_password").read_text())
        plans = await http.get("/api/v1/plans", headers=admin)
        assert [plan["code"] for plan in plans.json()["items"]] == ["jx-2023-2025"]
        planner = await person(http, admin, "planner", "360000", "planner")
        reporter = await person(http, admin, "reporter", COUNTY, "reporter")
        extension = {
            "organisation": CITY,
            "until": "2099-01-01T00:00:00Z",
            "reason": "补报 2023 年 11 月的数据",
            "ground": {"title": "关于补报数据的通知"},
        }
        opened = await http.post(
            f"/api/v1/periods/{PERIOD}/extensions", json=extension, headers=planner | key("extension")
        )
        assert opened.status_code == 201, opened.text
        form = (await http.get(f"/api/v1/reports/{COUNTY}/{PERIOD}", headers=reporter)).json()
        asked = {entry["indicator"] for entry in form["entries"]}
        assert INDICATOR in asked, asked
        body = {"organisation": COUNTY, "period": PERIOD, "indicator": INDICATOR, "value": "3", "submit": True}
        sent = await http.post("/api/v1/submissions", json=body, headers=reporter | key("submission"))
        assert sent.status_code == 201, sent.text
        assert (sent.json()["state"], sent.json()["review"]["waiting_at"]) == ("submitted", CITY)
        again = await http.post("/api/v1/submissions", json=body, headers=reporter | key("submission"))
        assert (again.status_code, again.json()["id"]) == (201, sent.json()["id"])


def key(name: str) -> dict[str, str]:
    """An Idempotency-Key."""
    return {"Idempotency-Key": f"compose-{name}"}


async def signed_in(http: httpx.AsyncClient, login: str, password: str) -> dict[str, str]:
    """The header of somebody signed in."""
    form = {"grant_type": "password", "username": login, "password": password}
    answer = await http.post("/api/v1/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def person(
    http: httpx.AsyncClient, admin: dict[str, str], login: str, organisation: str, role: str
) -> dict[str, str]:
    """The header of somebody new."""
    body: dict[str, Any] = {
        "login": login,
        "name": login,
        "organisation": organisation,
        "password": PASSWORD,
        "keep_password": True,
        "grants": [{"role": role, "organisation": organisation}],
    }
    answer = await http.post("/api/v1/users", json=body, headers=admin)
    assert answer.status_code == 201, answer.text
    return await signed_in(http, login, PASSWORD)
