"""Loading packs: new, the same, changed, with faults, by whom; what is kept, recorded and told."""

import asyncio
import csv
import io
import zipfile
from pathlib import Path

import pytest

from contracts.base import Ground
from contracts.imports import ImportJob
from contracts.vocabularies import Kind, Level, Role
from kernel.audit import SYSTEM
from kernel.errors import DependencyUnavailable, Forbidden
from services.targets.plans import service as plans
from tests.integration.targets.auth import PROVINCE, FakeAuth, Unit
from tests.integration.targets.conftest import Actor, Service, running
from tests.unit.targets.example import example, spoilt

ROOT = Path(__file__).parents[3]
EVERYTHING = """
    SELECT (SELECT count(*) FROM targets.audit_event), (SELECT count(*) FROM targets.entry_version),
           (SELECT count(*) FROM targets.feed_change), (SELECT sum(version) FROM targets.target),
           (SELECT max(version) FROM targets.plan)
"""


def files(text: str) -> dict[str, bytes]:
    """A pack of one file."""
    return {"pack.yaml": text.encode()}


async def load(service: Service, text: str, **order: object) -> ImportJob:
    """Load a pack as the software itself."""
    return await plans.load_pack(service.database, SYSTEM, files(text), **order)  # type: ignore[arg-type]


async def test_the_example_of_the_guide_is_loaded(planner: Actor) -> None:
    """A pack given over the API stands there as a draft, with names beside codes."""
    answer = await planner.load(example().encode())
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["state"], job["conflicts"]) == ("done", [])
    assert job["counts"] == {"new": 17, "changed": 0, "same": 0, "rejected": 0, "retired": 0}
    assert answer.headers["location"] == f"/api/v1/imports/plans/{job['id']}"
    assert (await planner.get(answer.headers["location"])).json() == job
    plan = (await planner.get("/api/v1/plans/demo-2024")).json()
    assert (plan["status"], plan["version"], plan["actions"]) == ("draft", 1, ["publish"])
    assert plan["counts"]["target"] == 3
    target = (await planner.get("/api/v1/targets/demo-T1-points")).json()
    assert (target["holder"], target["holder_name"], target["scope_name"]) == ("360000", "江西省", "县（市、区）")


async def test_a_zip_is_loaded_as_a_folder(planner: Actor) -> None:
    """And once more as one file: the same."""
    cut = example().index("targets:")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("demo/a.yaml", example()[:cut])
        out.writestr("demo/b.yaml", example()[cut:])
        out.writestr("demo/README.md", "about")
    assert (await planner.load(made.getvalue(), "demo.zip")).json()["counts"]["new"] == 17
    assert (await planner.load(example().encode())).json()["counts"]["same"] == 17


async def test_an_archive_that_means_harm_is_refused(planner: Actor) -> None:
    """Before anything is read; the answer names the field."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("../a.yaml", example())
    answer = await planner.load(made.getvalue(), "demo.zip")
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/file", "zip-path")]


async def test_loading_twice_changes_nothing(service: Service) -> None:
    """No version, no audit record, no change in the feed."""
    await load(service, example(), publish=True)
    before = await service.rows(EVERYTHING)
    job = await load(service, example(), publish=True)
    assert (job.state, job.counts.same) == ("done", 17)
    assert await service.rows(EVERYTHING) == before


async def test_two_loads_at_once_are_one_after_the_other(service: Service) -> None:
    """The same pack from many hands at the same moment becomes one version and one record."""
    jobs = await asyncio.gather(*(load(service, example(), publish=True) for _ in range(6)))
    assert sorted(job.counts.new for job in jobs) == [0, 0, 0, 0, 0, 17]
    assert await service.rows(EVERYTHING) == [(1, 18, 15, 3, 1)]


async def test_a_dry_run_says_what_would_change_and_changes_nothing(service: Service, planner: Actor) -> None:
    """New at first, then the difference."""
    answer = (await planner.load(example().encode(), mode="dry_run")).json()
    assert (answer["mode"], answer["counts"]["new"]) == ("dry_run", 17)
    assert await service.rows(EVERYTHING) == [(0, 0, 0, None, None)]
    await load(service, example())
    cut = spoilt("name: 设置康复科", "name: 康复科")
    answer = (await planner.load(cut[: cut.index("statements:")].encode(), mode="dry_run")).json()
    assert answer["counts"] == {"new": 0, "changed": 1, "same": 15, "rejected": 0, "retired": 1}


async def test_a_change_makes_a_new_version_and_keeps_the_old_one(service: Service, viewer: Actor) -> None:
    """With its ground; everything else stays as it was."""
    await load(service, example(), publish=True)
    ground = Ground(title="调整通知", number="示例〔2024〕9号")
    changed = spoilt("    value: 90\n", "    value: 92.50\n")
    job = await load(service, changed, publish=True, ground=ground)
    assert (job.counts.changed, job.counts.same) == (1, 16)
    versions = await viewer.items("/api/v1/targets/demo-T1-rehab/versions")
    assert [(v["version"], v["value"]) for v in versions] == [(2, "92.5"), (1, "90")]
    assert (await viewer.get("/api/v1/targets/demo-T1-rehab")).json()["value"] == "92.5"
    rows = await service.rows(
        "SELECT version, ground ->> 'title' FROM targets.entry_version WHERE code = 'demo-T1-rehab' ORDER BY 1"
    )
    assert rows == [(1, "示例计划"), (2, "调整通知")]
    assert (await viewer.get("/api/v1/targets/demo-T1-points")).json()["version"] == 1


async def test_every_load_that_changes_something_has_one_record(service: Service) -> None:
    """With what it changed, whom it concerns, and why."""
    await load(service, example())
    await load(service, spoilt("    value: 90\n", "    value: 95\n"), ground=Ground(title="调整通知"))
    await load(service, spoilt("    value: 90\n", "    value: 95\n"), mode="dry_run")
    rows = await service.rows(
        "SELECT action, entity, entity_id, entity_version, reason, detail -> 'versions', organisation"
        " FROM targets.audit_event ORDER BY id"
    )
    assert [tuple(row)[:5] for row in rows] == [
        ("plan.load", "plan", "demo-2024", 1, None),
        ("plan.load", "plan", "demo-2024", 2, "调整通知"),
    ]
    assert (len(rows[0][5]), rows[1][5]) == (17, ["target demo-T1-rehab 2"])
    assert rows[0].organisation is not None


async def test_what_a_pack_leaves_out_is_retired(service: Service, viewer: Actor) -> None:
    """It is gone from lists, kept in its versions, and continues its versions when it comes back."""
    await load(service, example(), publish=True)
    text = example()
    without = text[: text.index("  - code: demo-P1-site")] + text[text.index("discrepancies:") :]
    assert (await load(service, without, publish=True)).counts.retired == 1
    assert (await viewer.get("/api/v1/targets/demo-P1-site")).status_code == 404
    rows = await service.rows(
        "SELECT version, body IS NULL FROM targets.entry_version WHERE code = 'demo-P1-site' ORDER BY 1"
    )
    assert rows == [(1, False), (2, True)]
    await load(service, text, publish=True)
    assert (await viewer.get("/api/v1/targets/demo-P1-site")).json()["version"] == 3


async def test_any_fault_and_nothing_is_loaded(service: Service, planner: Actor) -> None:
    """All faults of all kinds in one answer, each with file, line, code and both languages."""
    text = spoilt("indicator: demo-points", "indicator: demo-pionts").replace("owner: JX-WJW", "owner: JX-WJV")
    text = text.replace("chosen: 0", "chosen: 7").replace("value: 3.6", "value: 3.6e1")
    answer = await planner.load(text.encode(), "demo.yaml")
    job = answer.json()
    assert (answer.status_code, job["state"], job["conflict_count"]) == (202, "refused", 4)
    assert {fault["code"] for fault in job["conflicts"]} == {
        "unknown-reference",
        "unknown-organisation",
        "chosen-reading",
        "number",
    }
    assert all(f["file"] == "demo.yaml" and f["line"] and f["message"] and f["message_en"] for f in job["conflicts"])
    assert {"demo-points", "JX-WJW"} <= {fault["suggestion"] for fault in job["conflicts"]}
    assert job["counts"] == {"new": 0, "changed": 0, "same": 0, "rejected": 4, "retired": 0}
    assert await service.rows(EVERYTHING) == [(0, 0, 0, None, None)]


async def test_a_plan_in_force_changes_only_on_purpose(service: Service, planner: Actor) -> None:
    """A draft load on a published plan is refused as such."""
    await load(service, example(), publish=True)
    answer = await planner.load(spoilt("    value: 90\n", "    value: 80\n").encode())
    assert [fault["code"] for fault in answer.json()["conflicts"]] == ["plan-published"]
    answer = await planner.load(spoilt("    value: 90\n", "    value: 80\n").encode(), publish="true")
    assert answer.json()["counts"]["changed"] == 1


async def test_a_repeat_with_the_same_key_is_answered_as_before(planner: Actor) -> None:
    """Also when something else was loaded in between; another payload under the key is refused."""
    first = await planner.load(example().encode(), key="key-0001")
    again = await planner.load(example().encode(), key="key-0001")
    assert again.json() == first.json()
    other = await planner.load(example().encode(), key="key-0001", mode="dry_run")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_key_is_required(service: Service, planner: Actor) -> None:
    """So that a repeat cannot count twice."""
    answer = await service.http.post(
        "/api/v1/imports/plans", files={"file": ("a.yaml", b"")}, headers=dict(planner.headers)
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")


async def test_only_planners_of_the_issuer_load_its_plan(service: Service, auth: FakeAuth) -> None:
    """A city's planner neither loads the province's plan nor takes it over; a planner of some items neither."""
    auth.person("items-planner", Role.PLANNER, "360000", items=["demo-T1"])
    for name in ("city-planner", "items-planner"):
        someone = await service.as_(name)
        answer = await someone.load(example().encode())
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    await load(service, example(), publish=True)
    city = await service.as_("city-planner")
    stolen = spoilt("issuer: 360000", "issuer: 360700").replace("JX-WJW", "360700")
    assert (await city.load(stolen.encode(), publish="true")).status_code == 403
    viewer = await service.as_("viewer")
    assert (await viewer.load(example().encode())).status_code == 403


async def test_a_city_loads_its_own_plan_on_the_shared_indicators(service: Service, auth: FakeAuth) -> None:
    """It may build on what the province published, and set targets for those below it only."""
    await load(service, example(), publish=True)
    city = await service.as_("city-planner")
    answer = await city.load(CITY.encode())
    assert answer.json()["conflicts"] == []
    assert answer.json()["counts"]["new"] == 4
    for holder, code in (("360000", "outside"), ("360100", "outside"), ("360721", None)):
        text = CITY.replace("    measure: units", f"    holder: {holder}\n    measure: units")
        found = (await city.load(text.encode(), mode="dry_run")).json()["conflicts"]
        assert [fault["code"] for fault in found] == ([code] if code else [])
    taken = CITY.replace("code: city-T1,", "code: demo-T1,").replace("[city-T1]", "[demo-T1]")
    found = (await city.load(taken.encode(), mode="dry_run")).json()["conflicts"]
    assert [(fault["code"], fault["column"]) for fault in found] == [("code-taken", "items.code")]


async def test_what_another_plan_stands_on_cannot_be_left_out(service: Service) -> None:
    """The province drops an indicator that the city still uses."""
    await load(service, example(), publish=True)
    await load(service, CITY, publish=True)
    text = example()
    start, end = text.index("  - code: demo-T1-points"), text.index("  - code: demo-T1-rehab")
    without = (text[:start] + text[end:]).replace(
        text[text.index("  - {code: demo-points") : text.index("  - {code: demo-rehab")], ""
    )
    job = await load(service, without, publish=True)
    assert [(f.code, "demo-points" in f.message, "city-2024" in f.message) for f in job.conflicts] == [
        ("still-used", True, True)
    ]


async def test_an_unknown_organisation_is_asked_for_once(service: Service, auth: FakeAuth) -> None:
    """A unit made a moment ago is known by the time the pack is judged."""
    auth.found(("JX-ZX", "省血液中心", *PROVINCE[1][2:]))
    planner = await service.as_("planner")
    answer = await planner.load(spoilt("owner: JX-WJW", "owner: JX-ZX").encode())
    assert answer.json()["conflicts"] == []


async def test_an_unknown_organisation_is_no_fault_while_auth_is_down(service: Service, auth: FakeAuth) -> None:
    """Nobody can say whether it exists: try again later. What is known needs no auth."""
    auth.down = True
    unknown = files(spoilt("owner: JX-WJW", "owner: JX-ZX"))
    with pytest.raises(DependencyUnavailable):
        await plans.load_pack(service.database, SYSTEM, unknown, directory=service.app.state.organisations)
    job = await plans.load_pack(service.database, SYSTEM, files(example()), directory=service.app.state.organisations)
    assert job.state == "done"


async def test_a_job_is_for_whoever_asked(service: Service, auth: FakeAuth, planner: Actor) -> None:
    """To another planner it does not exist."""
    where = (await planner.load(example().encode())).headers["location"]
    auth.person("other-planner", Role.PLANNER, "360000")
    other = await service.as_("other-planner")
    assert (await other.get(where)).status_code == 404


async def test_the_shipped_plan_is_loaded(url: str) -> None:
    """As the first start does it, published, with all that the documents count; and again without a trace."""
    auth = FakeAuth(shipped_organisations())
    pack = {path.name: path.read_bytes() for path in sorted((ROOT / "data/plans/jx-2023-2025").glob("*.yaml"))}
    async with running(url, auth) as service:
        job = await plans.load_pack(service.database, SYSTEM, pack, publish=True)
        assert job.conflicts == []
        before = await service.rows(EVERYTHING)
        job = await plans.load_pack(service.database, SYSTEM, pack, publish=True)
        assert (job.counts.new, job.counts.changed, job.counts.retired) == (0, 0, 0)
        assert await service.rows(EVERYTHING) == before
        auth.person("viewer", Role.VIEWER, "360721")
        viewer = await service.as_("viewer")
        plan = (await viewer.get("/api/v1/plans/jx-2023-2025")).json()
        assert plan["status"] == "published"
        assert [plan["counts"][kind] for kind in ("action", "task", "project")] == [7, 28, 58]


async def test_forbidden_is_raised_to_code_as_well(service: Service, auth: FakeAuth) -> None:
    """The use case itself asks who may, not only the route."""
    await service.as_("viewer")
    token = auth.token("viewer")
    caller = await service.app.state.access.caller(token, changing=True)
    with pytest.raises(Forbidden):
        await plans.load_pack(service.database, caller, files(example()))


def shipped_organisations() -> list[Unit]:
    """The organisations a new installation begins with."""
    with (ROOT / "data/organisations/jiangxi.csv").open(encoding="utf-8", newline="") as lines:
        return [
            (row["code"], row["name"], Level(row["level"]), Kind(row["kind"]), row["parent"] or None)
            for row in csv.DictReader(lines)
        ]


CITY = """
plan:
  code: city-2024
  name: 赣州市示例计划
  issuer: 360700
  level: city
  ground: {title: 赣州市示例计划}
  starts_on: 2024-01-01
  ends_on: 2025-12-31
documents:
  - {code: body, ground: {title: 赣州市示例计划}}
items:
  - {code: city-A1, type: action, number: 1, name: 采供血}
  - {code: city-T1, type: task, number: 1, name: 固定采血点, parent: city-A1}
targets:
  - code: city-T1-points
    name: 每个县至少2个固定采血点
    indicator: demo-points
    scope: demo-counties
    measure: units
    as: percent
    value: 100
    unit_threshold: {value: 2}
    due: 2025-12-31
    items: [city-T1]
    sources: [{document: body, place: 一}]
"""
