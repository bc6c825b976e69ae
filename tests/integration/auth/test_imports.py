"""Loading files: everything or nothing, every fault named, again without effect."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from contracts.organisations import OrganisationEntity
from kernel import audit
from services.auth.organisations import service as organisations
from services.auth.organisations.models import fact, organisation
from services.auth.schema import AUDIT, OUTBOX
from tests.integration.auth.conftest import DATA, Actor, Service

HEADER = "code,name,level,kind,parent,division,valid_from,tier,ownership,tags,synthetic\n"
FACTS = "organisation,fact,value,on,source\n"
GOOD = (
    "V-NEW,新村卫生室,institution,village_clinic,T-NEW,,2022-01-01,,,,true\n"
    "T-NEW,新镇卫生院,institution,township_centre,360121,,2022-01-01,,public,,true\n"
)
BAD = (
    "V-NEW,新村卫生室,institution,village_clinic,T-NCX-2,,2022-01-01,,,,true\n"
    "360122,新县,county,division,360121,,2022-01-01,,,,\n"
    "360122,新县,county,division,360100,,2022-01-01,,,,\n"
    "H-NCX,南昌县人民医院,institution,general,360702,,2021-01-01,2,public,,\n"
    "H-NEW,新医院,institution,genral,360121,,2022-13-01,5,public,,\n"
)


async def load(
    actor: Actor, text: str, kind: str = "organisations", mode: str | None = None, key: str | None = "import-0001"
) -> httpx.Response:
    """An upload."""
    return await actor.post(
        f"/api/v1/imports/{kind}",
        files={"file": ("file.csv", text.encode(), "text/csv")},
        data={"mode": mode} if mode else {},
        headers={"Idempotency-Key": key} if key else {},
    )


async def tallied(service: Service) -> tuple[int, ...]:
    """How many organisations, facts, audit records and changes there are."""
    async with service.database.transaction() as conn:
        tables = (organisation, fact, AUDIT, OUTBOX.change)
        return tuple([(await conn.execute(select(func.count()).select_from(t))).scalar_one() for t in tables])


async def test_a_file_is_loaded(service: Service, admin: Actor) -> None:
    before = await tallied(service)
    answer = await load(admin, "\ufeff" + HEADER + GOOD)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["state"], job["counts"]["new"], job["conflicts"]) == ("done", 2, [])
    assert (await admin.get(answer.headers["location"])).json() == job
    new = (await admin.get("/api/v1/organisations/V-NEW")).json()
    assert (new["parent_name"], new["division_name"], new["synthetic"]) == ("新镇卫生院", "南昌县", True)
    assert [now - then for now, then in zip(await tallied(service), before, strict=True)] == [2, 1, 2, 2]


async def test_loading_again_changes_nothing(service: Service, admin: Actor) -> None:
    before = await tallied(service)
    for key in ("import-0001", "import-0002"):
        job = (await load(admin, DATA.read_text(), key=key)).json()
        assert (job["state"], job["counts"]["same"], job["counts"]["new"], job["counts"]["changed"]) == (
            "done",
            12,
            0,
            0,
        )
    assert await tallied(service) == before


async def test_every_conflict_is_listed_and_nothing_is_written(service: Service, admin: Actor) -> None:
    before = await tallied(service)
    answer = await load(admin, HEADER + GOOD.replace("V-NEW", "V-OK") + BAD)
    job = answer.json()
    assert (answer.status_code, job["state"], job["conflict_count"]) == (202, "refused", 7)
    found = [(c["line"], c["column"], c["code"], c["suggestion"]) for c in job["conflicts"]]
    assert found == [
        (4, "parent", "unknown-reference", "T-NCX-1"),
        (5, "parent", "level-inversion", None),
        (6, "code", "duplicate-in-file", "5"),
        (7, "parent", "fixed", None),
        (8, "kind", "enum", "general"),
        (8, "tier", "less-than-equal", None),
        (8, "valid_from", "date-from-datetime-parsing", None),
    ]
    assert all(c["message"] and c["message_en"] for c in job["conflicts"])
    assert job["counts"]["rejected"] == 5
    assert await tallied(service) == before
    assert (await admin.get(answer.headers["location"])).json() == job


async def test_a_dry_run_tells_and_writes_nothing(service: Service, admin: Actor) -> None:
    before = await tallied(service)
    job = (await load(admin, HEADER + GOOD, mode="dry_run")).json()
    assert (job["mode"], job["state"], job["counts"]["new"]) == ("dry_run", "done", 2)
    assert await tallied(service) == before


async def test_what_changed_is_corrected(service: Service, admin: Actor) -> None:
    old, new = "360121,,2021-01-01,2,public", "360121,,2021-01-01,3,public"
    text = DATA.read_text().replace("南昌县人民医院", "南昌县第一人民医院").replace(old, new)
    job = (await load(admin, text)).json()
    assert (job["counts"]["changed"], job["counts"]["same"]) == (1, 11)
    found = await admin.get("/api/v1/organisations/H-NCX")
    assert found.json()["name"] == "南昌县第一人民医院"
    assert found.headers["etag"].startswith('"2-')
    facts = (await admin.get("/api/v1/organisations/H-NCX/facts")).json()["items"]
    assert {f["fact"]: f["value"] for f in facts} == {"ownership": "public", "tier": "3"}
    entity = await told(service, found.json()["id"])
    assert (entity.name, {f.fact: f.value for f in entity.facts}["tier"]) == ("南昌县第一人民医院", "3")


async def told(service: Service, which: str) -> OrganisationEntity:
    """An organisation as the neighbours know it."""
    entities = (await service.neighbour("/internal/v1/snapshot")).json()["entities"]
    return next(OrganisationEntity.model_validate(e["body"]) for e in entities if e["key"] == which)


async def test_a_planner_loads_his_own_area_only(service: Service, admin: Actor) -> None:
    planner = await service.person(admin, "planner", "360100", ("planner", "360100"))
    assert (await load(planner, HEADER + GOOD)).json()["state"] == "done"
    foreign = GOOD.replace("NEW", "GZ").replace("360121", "360702")
    job = (await load(planner, HEADER + foreign, key="import-0002")).json()
    assert [(c["line"], c["code"]) for c in job["conflicts"]] == [(2, "out-of-scope"), (3, "out-of-scope")]
    elsewhere = "ELSE,别处医院,institution,general,360121,360702,2021-01-01,,,,\n"
    job = (await load(planner, HEADER + elsewhere, key="import-0005")).json()
    assert [(c["line"], c["column"], c["code"]) for c in job["conflicts"]] == [(2, "division", "out-of-scope")]
    top = "370000,山东省,province,division,,,2021-01-01,,,,\n"
    job = (await load(admin, HEADER + top, key="import-0003")).json()
    assert [c["code"] for c in job["conflicts"]] == ["out-of-scope"]
    population = FACTS + "360121,resident_population,1,2020-11-01,x\n360702,resident_population,1,2020-11-01,x\n"
    job = (await load(planner, population, "facts", key="import-0004")).json()
    assert [(c["line"], c["code"]) for c in job["conflicts"]] == [(3, "out-of-scope")]


async def test_who_may_load(service: Service, admin: Actor) -> None:
    reporter = await service.person(admin, "reporter", "360100", ("reporter", "360100"))
    assert (await load(reporter, HEADER + GOOD)).status_code == 403
    location = (await load(admin, HEADER + GOOD)).headers["location"]
    planner = await service.person(admin, "planner", "360100", ("planner", "360100"))
    assert (await planner.get(location)).status_code == 404
    assert (await admin.get(location.replace("organisations", "facts"))).status_code == 404


async def test_uploads_need_a_key_and_a_repeat_gets_the_first_answer(service: Service, admin: Actor) -> None:
    missing = await load(admin, HEADER + GOOD, key=None)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-required")
    once, again = await load(admin, HEADER + GOOD), await load(admin, HEADER + GOOD)
    assert once.json() == again.json()
    other = await load(admin, HEADER)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [("南昌".encode("gb18030"), 400, "malformed-request"), (b"x" * (64 * 1024 * 1024 + 1), 413, "too-large")],
)
async def test_files_that_are_no_files(admin: Actor, content: bytes, status: int, code: str) -> None:
    answer = await admin.post(
        "/api/v1/imports/organisations", files={"file": ("x", content)}, headers={"Idempotency-Key": "import-0001"}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_facts_are_loaded_corrected_and_the_same(service: Service, admin: Actor) -> None:
    rows = "360121,resident_population,1452502,2020-11-01,普查\n360100,resident_population,6255007,2020-11-01,普查\n"
    more = "360121,urban_share,60.1,2020-11-01,普查\n"
    first = (await load(admin, FACTS + rows + more, "facts")).json()
    assert (first["state"], first["counts"]["new"]) == ("done", 3)
    before = await tallied(service)
    again = (await load(admin, FACTS + rows, "facts", key="import-0002")).json()
    assert (again["counts"]["same"], again["counts"]["new"]) == (2, 0)
    assert await tallied(service) == before
    corrected = (await load(admin, FACTS + rows.replace("1452502", "1452503"), "facts", key="import-0003")).json()
    assert (corrected["counts"]["changed"], corrected["counts"]["same"]) == (1, 1)
    facts = (await admin.get("/api/v1/organisations/360121/facts")).json()["items"]
    assert {f["fact"]: f["value"] for f in facts} == {"resident_population": "1452503", "urban_share": "60.1"}
    async with service.database.transaction() as conn:
        query = select(AUDIT.c.entity_version, AUDIT.c.detail).where(AUDIT.c.action == "organisation.facts-loaded")
        events = (await conn.execute(query.order_by(AUDIT.c.id))).all()
    assert [event.entity_version for event in events] == [2, 2, 3]
    assert events[-1].detail["facts"][0]["old"] == "1452502"


async def test_facts_with_faults(admin: Actor) -> None:
    text = FACTS + "360122,tier,9,2020-11-01,x\n360121,tier,9,2020-11-01,x\n360121,,1,bad,x\n"
    job = (await load(admin, text, "facts")).json()
    found = [(c["line"], c["column"], c["code"]) for c in job["conflicts"]]
    assert found == [
        (2, "organisation", "unknown-reference"),
        (3, "value", "tier"),
        (4, "fact", "missing"),
        (4, "on", "date-parsing"),
    ]


async def test_the_whole_province_without_http(service: Service) -> None:
    rows: list[str] = []
    for n in range(3000):
        place = ("360102", "360121", "360702")[n % 3]
        rows.append(f"C-{n:05d},第{n}社区卫生服务站,institution,community_station,{place},,2021-01-01,,public,,true")
    text = HEADER + "\n".join(rows)
    job: Any = await organisations.load(service.database, audit.SYSTEM, "organisations", text, "atomic")
    assert (job.state, job.counts.new) == ("done", 3000)
    again = await organisations.load(service.database, audit.SYSTEM, "organisations", text, "atomic")
    assert (again.state, again.counts.same) == ("done", 3000)
    assert (await service.neighbour("/internal/v1/snapshot")).json()["position"] == 3012


async def test_the_data_of_jiangxi_load(service: Service) -> None:
    folder = DATA.parents[3] / "data" / "organisations"
    for name, kind in (("jiangxi.csv", "organisations"), ("facts-census-2020.csv", "facts")):
        text = (folder / name).read_text(encoding="utf-8")
        text = "\n".join(line for line in text.splitlines() if not line.startswith(("JX-GJXQ", "JX-CZT")))
        job = await organisations.load(service.database, audit.SYSTEM, kind, text, "atomic")  # type: ignore[arg-type]
        assert job.conflicts == []
        assert job.state == "done"
