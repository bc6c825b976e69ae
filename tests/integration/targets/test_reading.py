"""Reading plans, targets, indicators and scopes: who sees what, filters, pages, tags."""

import pytest

from contracts.vocabularies import ALL, Role
from kernel.audit import SYSTEM
from services.targets.plans import service as plans
from tests.integration.targets.auth import FakeAuth
from tests.integration.targets.conftest import Actor, Service
from tests.unit.targets.example import example

PATHS = (
    "/api/v1/plans/demo-2024",
    "/api/v1/plans/demo-2024/items",
    "/api/v1/plans/demo-2024/targets",
    "/api/v1/plans/demo-2024/documents",
    "/api/v1/plans/demo-2024/discrepancies",
    "/api/v1/plans/demo-2024/statements",
    "/api/v1/targets/demo-T1-points",
    "/api/v1/targets/demo-T1-points/versions",
    "/api/v1/indicators/demo-points",
    "/api/v1/scopes/demo-counties",
)
LISTS = ("/api/v1/plans", "/api/v1/targets", "/api/v1/indicators", "/api/v1/scopes")
NOWHERE = tuple(path.replace("demo-", "none-") for path in PATHS)


async def load(service: Service, *, publish: bool) -> None:
    """The example of the guide."""
    job = await plans.load_pack(service.database, SYSTEM, {"a.yaml": example().encode()}, publish=publish)
    assert job.state == "done"


async def test_a_draft_is_for_planners_of_its_issuer(service: Service, planner: Actor) -> None:
    """To everybody else it does not exist, not even in a list."""
    await load(service, publish=False)
    for path in PATHS:
        assert (await planner.get(path)).status_code == 200, path
    for path in LISTS:
        assert await planner.items(path) != []
    for name in ("viewer", "city-planner", "auditor"):
        other = await service.as_(name)
        for path in PATHS:
            assert (await other.get(path)).status_code == 404, path
        for path in LISTS:
            assert await other.items(path) == []


async def test_a_planner_of_some_items_sees_no_draft(service: Service, auth: FakeAuth) -> None:
    """A plan is planned as a whole."""
    await load(service, publish=False)
    auth.person("items-planner", Role.PLANNER, "360000", items=["demo-T1"])
    someone = await service.as_("items-planner")
    assert (await someone.get("/api/v1/plans/demo-2024")).status_code == 404


async def test_absent_and_hidden_are_the_same(service: Service, viewer: Actor) -> None:
    """Byte for byte, but for the trace."""
    await load(service, publish=False)
    for hidden, absent in zip(PATHS, NOWHERE, strict=True):
        found = [(await viewer.get(path)).json() for path in (hidden, absent)]
        assert {**found[0], "trace_id": ""} == {**found[1], "trace_id": ""}


async def test_a_published_plan_is_for_everyone_signed_in(service: Service, viewer: Actor) -> None:
    """And for nobody else."""
    await load(service, publish=True)
    for path in (*PATHS, *LISTS, "/api/v1/settings", "/api/v1/vocabularies"):
        assert (await viewer.get(path)).status_code == 200, path
        assert (await service.http.get(path)).status_code == 401, path


async def test_publishing_takes_the_version_that_was_read(service: Service, planner: Actor, viewer: Actor) -> None:
    """Without it 428, with an old one 412; done once, and then 409."""
    await load(service, publish=False)
    etag = (await planner.get("/api/v1/plans/demo-2024")).headers["etag"]
    assert (await planner.publish("demo-2024", None)).status_code == 428
    assert (await planner.publish("demo-2024", '"7"')).status_code == 412
    answer = await planner.publish("demo-2024", etag)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["version"], answer.json()["actions"]) == ("published", 2, [])
    assert answer.headers["etag"] == answer.json()["etag"] != etag
    again = await planner.publish("demo-2024", answer.headers["etag"])
    assert (again.status_code, again.json()["code"]) == (409, "state-conflict")
    targets = await viewer.items("/api/v1/targets")
    assert [(target["published"], target["version"]) for target in targets] == [(True, 2)] * 3
    rows = await service.rows("SELECT action, entity_version FROM targets.audit_event ORDER BY id")
    assert rows == [("plan.load", 1), ("plan.publish", 2)]
    kept = await service.rows("SELECT count(*) FROM targets.entry_version WHERE plan_version = 2")
    assert kept == [(4,)]


async def test_what_was_published_is_loaded_again_without_a_trace(service: Service, planner: Actor) -> None:
    """The pack that made the draft says nothing new."""
    await load(service, publish=False)
    etag = (await planner.get("/api/v1/plans/demo-2024")).headers["etag"]
    await planner.publish("demo-2024", etag)
    before = await service.rows("SELECT count(*), max(position) FROM targets.feed_change")
    await load(service, publish=True)
    assert await service.rows("SELECT count(*), max(position) FROM targets.feed_change") == before


@pytest.mark.parametrize(("name", "status"), [("city-planner", 404), ("viewer", 403), ("auditor", 403)])
async def test_only_its_planners_publish_a_plan(service: Service, name: str, status: int) -> None:
    """A planner elsewhere does not even see it."""
    await load(service, publish=False)
    assert (await (await service.as_(name)).publish("demo-2024", '"1"')).status_code == status


async def test_a_planner_elsewhere_cannot_publish_what_he_sees(service: Service) -> None:
    """Seeing a published plan is not owning it."""
    await load(service, publish=True)
    city = await service.as_("city-planner")
    assert (await city.publish("demo-2024", '"1"')).status_code == 403


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ({}, ["demo-T1-points", "demo-T1-rehab", "demo-P1-site"]),
        ({"plan": "demo-2024"}, ["demo-T1-points", "demo-T1-rehab", "demo-P1-site"]),
        ({"plan": "none"}, []),
        ({"indicator": "demo-points"}, ["demo-T1-points"]),
        ({"indicator": ["demo-points", "demo-building"]}, ["demo-T1-points", "demo-P1-site"]),
        ({"holder": "360000"}, ["demo-T1-points", "demo-T1-rehab", "demo-P1-site"]),
        ({"holder": "360100"}, []),
        ({"strength": "expected"}, ["demo-T1-rehab"]),
        ({"strength": ["expected", "binding"], "item": "demo-T1"}, ["demo-T1-points", "demo-T1-rehab"]),
        ({"item": "demo-P1"}, ["demo-P1-site"]),
        ({"item": ["demo-P1", "demo-T1"]}, ["demo-T1-points", "demo-T1-rehab", "demo-P1-site"]),
        ({"item": "demo"}, []),
    ],
)
async def test_targets_are_filtered(service: Service, viewer: Actor, filters: dict[str, str], codes: list[str]) -> None:
    """Several values of one filter are OR, several filters are AND."""
    await load(service, publish=True)
    assert [target["code"] for target in await viewer.items("/api/v1/targets", **filters)] == codes


async def test_pages_follow_one_another(service: Service, viewer: Actor) -> None:
    """In the order of the plan, each target once, back and forth."""
    await load(service, publish=True)
    first = (await viewer.get("/api/v1/targets", limit=2)).json()
    second = (await viewer.get(first["next"])).json()
    assert [t["code"] for t in first["items"] + second["items"]] == ["demo-T1-points", "demo-T1-rehab", "demo-P1-site"]
    assert (first["prev"], second["next"]) == (None, None)
    assert (await viewer.get(second["prev"])).json()["items"] == first["items"]
    assert (await viewer.get("/api/v1/targets", limit=2, cursor="x")).json()["code"] == "bad-cursor"


async def test_items_come_with_their_units_and_targets(service: Service, viewer: Actor) -> None:
    """Names beside codes, of units and of groups; by type if asked."""
    await load(service, publish=True)
    path = "/api/v1/plans/demo-2024/items"
    assert [item["code"] for item in await viewer.items(path)] == ["demo-A1", "demo-T1", "demo-P1"]
    (task,) = await viewer.items(path, type="task")
    names = [(duty["unit"], duty["group"], duty["name"]) for duty in task["responsible"]]
    assert names == [("JX-WJW", None, "省卫生健康委"), (None, "demo-local", "各设区市、县（市、区）")]
    assert task["targets"] == ["demo-T1-points", "demo-T1-rehab"]
    assert len(await viewer.items(path, type=["action", "project"])) == 2
    assert (await viewer.get(path, type="chapter")).status_code == 422


async def test_the_other_entries_of_a_plan(service: Service, viewer: Actor) -> None:
    """Documents, discrepancies and statements as they were written."""
    await load(service, publish=True)
    base = "/api/v1/plans/demo-2024"
    assert [one["code"] for one in await viewer.items(f"{base}/documents")] == ["body"]
    assert [one["chosen"] for one in await viewer.items(f"{base}/discrepancies")] == [0]
    assert [one["value"] for one in await viewer.items(f"{base}/statements")] == ["3.6"]
    assert [one["code"] for one in await viewer.items(f"{base}/targets")] == [
        one["code"] for one in await viewer.items("/api/v1/targets")
    ]


async def test_an_indicator_lists_the_targets_on_it(service: Service, viewer: Actor) -> None:
    """In order of code; drafts of others are not among them."""
    await load(service, publish=True)
    listed = await viewer.items("/api/v1/indicators")
    assert [(one["code"], one["targets"]) for one in listed] == [
        ("demo-building", ["demo-P1-site"]),
        ("demo-points", ["demo-T1-points"]),
        ("demo-rehab", ["demo-T1-rehab"]),
    ]
    assert (await viewer.get("/api/v1/scopes/demo-tcm")).json()["where"]["tiers"] == [2, 3]
    assert len(await viewer.items("/api/v1/scopes")) == 3


async def test_a_reader_who_has_it_gets_304(service: Service, viewer: Actor) -> None:
    """Single things and lists; after a change the tag is another."""
    await load(service, publish=True)
    paths = (*PATHS, *LISTS, "/api/v1/vocabularies", "/api/v1/settings")
    for path in paths:
        etag = (await viewer.get(path)).headers["etag"]
        headers = {**viewer.headers, "If-None-Match": etag}
        assert (await service.http.get(path, headers=headers)).status_code == 304, path


async def test_numbers_leave_as_strings_and_dates_as_days(service: Service, viewer: Actor) -> None:
    """Whatever the pack wrote."""
    await load(service, publish=True)
    target = (await viewer.get("/api/v1/targets/demo-T1-points")).json()
    assert (target["value"], target["as"], target["due"]) == ("100", "percent", "2025-12-31")
    assert target["unit_threshold"]["value"] == "1"
    assert target["steps"] == [{"due": "2024-12-31", "value": "50", "share": None}]


async def test_every_vocabulary_has_both_languages(viewer: Actor) -> None:
    """Each closed list the API uses."""
    found = (await viewer.get("/api/v1/vocabularies")).json()["items"]
    assert [one["name"] for one in found] == [words.__name__ for words in ALL]
    assert all(word["zh"] and word["en"] for one in found for word in one["words"])


async def test_the_audit_is_for_auditors_of_the_area(service: Service, planner: Actor) -> None:
    """The newest first; an auditor below sees nothing of it."""
    await load(service, publish=False)
    await planner.publish("demo-2024", (await planner.get("/api/v1/plans/demo-2024")).headers["etag"])
    auditor = await service.as_("auditor")
    events = await auditor.items("/api/v1/audit/targets/events")
    assert [(e["action"], e["actor_name"], e["entity_id"], e["entity_version"]) for e in events] == [
        ("plan.publish", "planner", "demo-2024", 2),
        ("plan.load", "system", "demo-2024", 1),
    ]
    assert events[0]["trace_id"]
    assert await (await service.as_("city-auditor")).items("/api/v1/audit/targets/events") == []
    assert (await planner.get("/api/v1/audit/targets/events")).status_code == 403
