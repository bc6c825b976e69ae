"""The change feed: what it carries, in which order, to whom; and the copy of organisations that follows auth's."""

from typing import Any

from contracts.catalogue import TargetEntity
from contracts.feed import Changes, Snapshot
from contracts.plans import Indicator, Item, Plan, Scope, Subject, UnitGroup
from contracts.settings import Setting
from contracts.vocabularies import Level, Role
from kernel.audit import SYSTEM
from services.targets.choices import service as choices
from services.targets.plans import service as plans
from tests.integration.targets.auth import PROVINCE, FakeAuth, organisation
from tests.integration.targets.conftest import NEIGHBOUR, Service
from tests.integration.targets.test_loading import CITY
from tests.unit.targets.example import example, spoilt
from tests.unit.targets.test_choices import text as settings_text

ORDER = ["plan", "group", "subject", "scope", "indicator", "item", "target"]
MODELS = {
    "plan": Plan,
    "group": UnitGroup,
    "subject": Subject,
    "scope": Scope,
    "indicator": Indicator,
    "item": Item,
    "target": TargetEntity,
    "setting": Setting,
}


async def load(service: Service, text: str, *, publish: bool = True) -> None:
    """A pack of one file."""
    job = await plans.load_pack(service.database, SYSTEM, {"a.yaml": text.encode()}, publish=publish)
    assert job.conflicts == []


async def snapshot(service: Service) -> Snapshot:
    """Everything."""
    answer = await service.http.get("/internal/v1/snapshot", headers=NEIGHBOUR)
    assert answer.status_code == 200
    return Snapshot.model_validate_json(answer.content)


async def changes(service: Service, after: Snapshot | Changes) -> Changes:
    """What came later."""
    asked: dict[str, Any] = {"feed": str(after.feed), "after": after.position}
    answer = await service.http.get("/internal/v1/changes", params=asked, headers=NEIGHBOUR)
    assert answer.status_code == 200
    return Changes.model_validate_json(answer.content)


async def test_the_feed_carries_the_models_of_the_contract(service: Service) -> None:
    """Each kind can be read as its model; keys are codes."""
    await load(service, example())
    await choices.load(service.database, SYSTEM, settings_text())
    found = await snapshot(service)
    assert {entity.kind for entity in found.entities} == set(MODELS)
    for entity in found.entities:
        assert entity.body is not None
        more = {"plan": {"status"}, "item": {"plan"}}.get(entity.kind, set())
        body = {name: value for name, value in entity.body.items() if name not in more}
        assert MODELS[entity.kind].model_validate(body).code == entity.key  # type: ignore[attr-defined]
    plan = next(entity for entity in found.entities if entity.kind == "plan")
    assert (plan.body or {})["status"] == "published"
    target = next(entity for entity in found.entities if entity.key == "demo-T1-points")
    body = target.body or {}
    assert [body[name] for name in ("plan", "holder", "published", "version")] == ["demo-2024", "360000", True, 1]
    assert target.version == 1


async def test_changes_come_after_what_they_refer_to(service: Service) -> None:
    """In order of commit, and within a load from plan to target."""
    await choices.load(service.database, SYSTEM, settings_text())
    before = await snapshot(service)
    await load(service, example())
    found = await changes(service, before)
    kinds = [change.kind for change in found.changes]
    assert kinds == sorted(kinds, key=ORDER.index)
    assert [change.position for change in found.changes] == list(
        range(before.position + 1, before.position + 1 + len(kinds))
    )
    assert not found.more


async def test_only_what_changed_is_told(service: Service) -> None:
    """The plan and the one target; then what was left out, as a tombstone."""
    await load(service, example())
    before = await snapshot(service)
    await load(service, spoilt("    value: 90\n", "    value: 95\n"))
    found = await changes(service, before)
    assert [(c.kind, c.key, c.version) for c in found.changes] == [
        ("plan", "demo-2024", 2),
        ("target", "demo-T1-rehab", 2),
    ]
    text = spoilt("    value: 90\n", "    value: 95\n")
    cut = text[: text.index("  - code: demo-P1-site")] + text[text.index("discrepancies:") :]
    cut = cut.replace("  - {code: demo-site, name: 省血液中心新址, subjects: [demo-blood-centre]}\n", "")
    await load(service, cut)
    later = await changes(service, found)
    assert [(c.kind, c.key, c.version, c.body is None) for c in later.changes] == [
        ("plan", "demo-2024", 3, False),
        ("target", "demo-P1-site", 2, True),
        ("scope", "demo-site", 2, True),
    ]
    assert {"demo-P1-site", "demo-site"}.isdisjoint(entity.key for entity in (await snapshot(service)).entities)


async def test_publishing_is_told_of_the_plan_and_its_targets(service: Service) -> None:
    """A consumer that knows the draft learns that it binds now."""
    await load(service, example(), publish=False)
    before = await snapshot(service)
    assert [e.body["published"] for e in before.entities if e.kind == "target" and e.body] == [False] * 3
    planner = await service.as_("planner")
    await planner.publish("demo-2024", '"1"')
    found = await changes(service, before)
    assert [(c.kind, c.version) for c in found.changes] == [("plan", 2)] + [("target", 2)] * 3
    assert all(c.body and c.body["published"] and c.body["version"] == 2 for c in found.changes if c.kind == "target")


async def test_the_feed_is_for_neighbours(service: Service) -> None:
    """To anybody else, signed in or not, it does not exist."""
    viewer = await service.as_("viewer")
    for path in ("/internal/v1/snapshot", "/internal/v1/changes"):
        for headers in ({}, viewer.headers, {"X-Zhibiao-Service-Key": "x" * 32}):
            answer = await service.http.get(path, headers=dict(headers))
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_the_copy_follows_names_and_moves(service: Service, auth: FakeAuth) -> None:
    """A new name is shown at once; a county moved to another city is that city's to plan for."""
    await load(service, example())
    viewer = await service.as_("viewer")
    renamed = organisation(("360000", "江西", *PROVINCE[0][2:]))
    auth.entities.append(renamed)
    await service.app.state.organisations.catch_up()
    assert (await viewer.get("/api/v1/targets/demo-T1-points")).json()["holder_name"] == "江西"
    rows = await service.rows("SELECT count(*), count(DISTINCT id) FROM targets.organisation")
    assert rows == [(6, 6)]


async def test_a_county_that_moved_is_its_new_city_s_to_plan_for(service: Service, auth: FakeAuth) -> None:
    """From the day of the move the old one sets it no targets."""
    await load(service, example())
    city = await service.as_("city-planner")
    text = CITY.replace("    measure: units", "    holder: 360721\n    measure: units").encode()
    assert (await city.load(text, mode="dry_run")).json()["conflicts"] == []
    auth.entities.append(organisation((*PROVINCE[5][:4], "360100")))
    await service.app.state.organisations.catch_up()
    found = (await city.load(text, mode="dry_run")).json()["conflicts"]
    assert [fault["code"] for fault in found] == ["outside"]


async def test_a_department_plans_for_the_government_it_serves(service: Service, auth: FakeAuth) -> None:
    """The commission of the province sets targets for cities; a planner of the department may load its plan."""
    auth.person("department", Role.PLANNER, "JX-WJW")
    planner = await service.as_("department")
    text = spoilt("issuer: 360000", "issuer: JX-WJW").replace(
        "    scope: demo-counties", "    holder: 360700\n    scope: demo-counties"
    )
    job = (await planner.load(text.encode())).json()
    assert (job["state"], job["conflicts"]) == ("done", [])
    assert (await planner.load(example().encode())).status_code == 403


async def test_a_feed_begun_anew_replaces_the_copy(service: Service, auth: FakeAuth) -> None:
    """A restored auth has a new feed id, and perhaps fewer organisations."""
    auth.restore([unit for unit in PROVINCE if unit[2] is not Level.COUNTY])
    await service.app.state.organisations.catch_up()
    rows = await service.rows("SELECT code FROM targets.organisation ORDER BY code")
    assert [row.code for row in rows] == ["360000", "360100", "360700", "JX-WJW"]


async def test_what_the_copy_does_not_know_is_passed_over(service: Service, auth: FakeAuth) -> None:
    """Other kinds of entities may come one day."""
    auth.entities.append(organisation(PROVINCE[0]).model_copy(update={"kind": "holiday", "body": {"x": 1}}))
    await service.app.state.organisations.catch_up()
    assert await service.rows("SELECT count(*) FROM targets.organisation") == [(6,)]
