"""One record per change, for auditors of the area."""

from sqlalchemy import func, select

from services.auth.schema import AUDIT
from tests.integration.auth.conftest import Actor, Service

EVENTS = "/api/v1/audit/auth/events"


async def test_auditors_read_what_happened_in_their_area(service: Service, admin: Actor) -> None:
    everywhere = await service.person(admin, "auditor", "360000", ("auditor", "360000"))
    county = await service.person(admin, "inspector", "360121", ("auditor", "360121"))
    near = await service.person(admin, "near", "360121")
    far = await service.person(admin, "far", "360702")
    seen = (await everywhere.get(f"{EVENTS}?limit=200")).json()["items"]
    assert {near.id, far.id} <= {event["entity_id"] for event in seen}
    assert [event["id"] for event in seen] == sorted((event["id"] for event in seen), reverse=True)
    own = (await county.get(f"{EVENTS}?limit=200&entity=user")).json()["items"]
    assert {event["entity_id"] for event in own} == {near.id, county.id}
    created = next(event for event in own if event["entity_id"] == near.id)
    assert (created["action"], created["actor_name"], created["entity_version"]) == ("user.created", "admin", 1)
    assert (await county.get(f"{EVENTS}?entity_id={far.id}")).json()["items"] == []


async def test_administrators_do_not_audit(admin: Actor) -> None:
    assert (await admin.get(EVENTS)).status_code == 403


async def test_a_record_carries_the_trace_of_its_request(service: Service, admin: Actor) -> None:
    body = {"name": "x", "organisation": "360100", "grants": [{"role": "viewer", "organisation": "360100"}]}
    answer = await admin.post("/api/v1/clients", json=body)
    async with service.database.transaction() as conn:
        event = (await conn.execute(select(AUDIT).where(AUDIT.c.entity == "client"))).one()
    assert event.trace_id == answer.headers["x-request-id"]
    assert answer.json()["secret"] not in str(event.detail)


async def test_what_is_refused_leaves_no_record(service: Service, admin: Actor) -> None:
    async def count() -> int:
        async with service.database.transaction() as conn:
            return int((await conn.execute(select(func.count()).select_from(AUDIT))).scalar_one())

    before = await count()
    await admin.post("/api/v1/organisations", json={"code": "X"})
    await admin.patch("/api/v1/organisations/360121", json={"name": "x"}, headers={"If-Match": '"9"'})
    await admin.delete(f"/api/v1/users/{NOBODY}/grants/{NOBODY}")
    assert await count() == before


NOBODY = "00000000-0000-7000-8000-000000000000"
