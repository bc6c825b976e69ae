"""The system as a whole, in one process, through the gateway."""

import httpx
import pytest

from stack.system import inside
from tests.fixtures.system import KEYS, Running


async def test_the_administrator_finds_the_province_and_the_plan(system: Running) -> None:
    admin = await system.sign_in()
    me = (await admin.get("/api/v1/me")).json()
    assert {grant["role"] for grant in me["grants"]} >= {"system_admin", "security_admin"}
    province = await admin.get("/api/v1/organisations/360000")
    assert province.json()["name"] == "江西省"
    plans = (await admin.get("/api/v1/plans")).json()["items"]
    assert [plan["code"] for plan in plans] == ["jx-2023-2025"]
    assert [plan["status"] for plan in plans] == ["published"]
    targets = await admin.get("/api/v1/targets?limit=200&plan=jx-2023-2025")
    assert len(targets.json()["items"]) > 100


async def test_every_service_is_ready(system: Running) -> None:
    answer = await system.http.get("/readyz")
    assert answer.json() == {"status": "ok", "checks": {"auth": True, "targets": True, "progress": True}}


async def test_nobody_gets_in_without_a_token(system: Running) -> None:
    document = (await system.http.get("/openapi.json")).json()
    public = {"/api/v1/oauth/token", "/api/v1/oauth/revoke", "/api/v1/vocabularies"}
    for path, operations in document["paths"].items():
        if path in public or path.startswith("/.well-known/"):
            continue
        for method in operations:
            answer = await system.http.request(method, path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, (method, path, answer.status_code)


@pytest.mark.parametrize("path", ["/internal/v1/rights", "/internal/v1/snapshot", "/internal/v1/changes"])
async def test_what_neighbours_tell_each_other_is_not_for_callers(system: Running, path: str) -> None:
    admin = await system.sign_in()
    assert (await admin.get(path, headers={"X-Zhibiao-Service-Key": KEYS.progress})).status_code == 404
    direct = httpx.AsyncClient(transport=inside(system.apps.auth), base_url="http://auth")
    async with direct as neighbour:
        assert (await neighbour.get(path)).status_code == 404


async def test_the_trace_of_a_request_is_the_same_everywhere(system: Running) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await system.http.get("/api/v1/plans", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.status_code == 401
    assert answer.json()["trace_id"] == answer.headers["x-request-id"] == trace


async def test_a_new_person_works_in_the_other_services_at_once(system: Running) -> None:
    reporter = await system.person("reporter-360100", "360100", "reporter")
    periods = await reporter.get("/api/v1/periods")
    assert periods.status_code == 200 and periods.json()["items"]
    assert (await reporter.get("/api/v1/targets")).status_code == 200
