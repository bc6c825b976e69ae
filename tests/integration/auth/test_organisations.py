"""The tree: reading it on any day, and the few changes that need no dated event."""

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from contracts.organisations import OrganisationEntity
from services.auth.organisations.models import identifier, organisation, placement
from services.auth.schema import AUDIT
from tests.integration.auth.conftest import Actor, Service

ORGANISATIONS = "/api/v1/organisations"


def codes(page: dict[str, Any]) -> list[str]:
    """The codes of a page."""
    return [item["code"] for item in page["items"]]


@pytest.fixture
async def reader(service: Service, admin: Actor) -> Actor:
    """Somebody without any role."""
    return await service.person(admin, "reader", "360702")


@pytest.fixture
async def planner(service: Service, admin: Actor) -> Actor:
    """The planner of one city."""
    return await service.person(admin, "planner", "360100", ("planner", "360100"))


# --- reading ----------------------------------------------------------------------------------------------------


async def test_everyone_signed_in_sees_names(calm: Service, calm_reader: Actor) -> None:
    found = (await calm_reader.get(f"{ORGANISATIONS}/H-PROV")).json()
    assert found["name"] == "江西省人民医院"
    assert (found["parent"], found["parent_name"]) == ("360000", "江西省")
    assert (found["division"], found["division_name"]) == ("360102", "东湖区")
    assert found["actions"] == []
    assert (await calm.http.get(f"{ORGANISATIONS}/H-PROV")).status_code == 401


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=city", ["JX-GJXQ", "360700", "360100"]),
        ("level=city&kind=division", ["360700", "360100"]),
        ("kind=general&kind=village_clinic", ["H-PROV", "V-NCX-1", "H-NCX"]),
        ("parent=360121", ["T-NCX-1", "H-NCX"]),
        ("parent=360100&parent=360700", ["360102", "360121", "360702"]),
        ("division=360121&level=institution", ["V-NCX-1", "T-NCX-1", "H-NCX"]),
        ("q=莲塘", ["V-NCX-1", "T-NCX-1"]),
        ("q=t-ncx", ["T-NCX-1"]),
        ("q=liantang", ["V-NCX-1", "T-NCX-1"]),
        ("q=%25", []),
        ("q=_", []),
        ("parent=999999", []),
        ("on=2020-12-31", ["JX-GJXQ"]),
        ("on=2010-01-01", []),
    ],
)
async def test_lists(calm_reader: Actor, query: str, expected: list[str]) -> None:
    answer = await calm_reader.get(f"{ORGANISATIONS}?{query}")
    assert codes(answer.json()) == expected


async def test_a_list_goes_on_and_back(calm_reader: Actor) -> None:
    everything = codes((await calm_reader.get(ORGANISATIONS)).json())
    assert len(everything) == 12
    first = await calm_reader.get(f"{ORGANISATIONS}?limit=5")
    second = (await calm_reader.get(first.json()["next"])).json()
    third = (await calm_reader.get(second["next"])).json()
    assert codes(first.json()) + codes(second) + codes(third) == everything
    assert third["next"] is None
    assert codes((await calm_reader.get(second["prev"])).json()) == everything[:5]
    assert 'rel="next"' in first.headers["link"]
    alien = second["next"].replace("limit", "level=city&limit")
    assert (await calm_reader.get(alien)).json()["code"] == "bad-cursor"


async def test_known_answers_are_not_sent_again(calm_reader: Actor) -> None:
    for path in (
        ORGANISATIONS,
        f"{ORGANISATIONS}/360100",
        f"{ORGANISATIONS}/360100/descendants",
        f"{ORGANISATIONS}/H-NCX/facts",
    ):
        answer = await calm_reader.get(path)
        again = await calm_reader.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path


async def test_up_and_down(calm_reader: Actor) -> None:
    up = (await calm_reader.get(f"{ORGANISATIONS}/V-NCX-1/ancestors")).json()
    assert codes(up) == ["T-NCX-1", "360121", "360100", "360000"]
    assert codes((await calm_reader.get(f"{ORGANISATIONS}/360000/ancestors")).json()) == []
    below = (await calm_reader.get(f"{ORGANISATIONS}/360100/descendants")).json()
    assert codes(below) == ["360102", "V-NCX-1", "T-NCX-1", "360121", "H-NCX"]
    clinics = await calm_reader.get(f"{ORGANISATIONS}/360000/descendants?kind=village_clinic")
    assert codes(clinics.json()) == ["V-NCX-1"]
    children = await calm_reader.get(f"{ORGANISATIONS}/360000/children?level=province")
    assert codes(children.json()) == ["JX-CZT"]


@pytest.mark.parametrize("path", ["", "/children", "/ancestors", "/descendants", "/facts"])
async def test_what_is_not_there(calm_reader: Actor, path: str) -> None:
    assert (await calm_reader.get(f"{ORGANISATIONS}/999999{path}")).status_code == 404


async def test_a_dated_move_changes_only_the_days_after_it(service: Service, reader: Actor) -> None:
    async with service.database.transaction() as conn:
        ids = dict((await conn.execute(select(organisation.c.code, organisation.c.id))).all())
        moved = date(2024, 1, 1)
        old = update(placement).where(placement.c.organisation == ids["360121"])
        await conn.execute(old.values(valid_to=moved))
        place = {"organisation": ids["360121"], "parent": ids["360700"], "division": ids["360121"]}
        await conn.execute(insert(placement).values(**place, valid_from=moved))
    for on, city in (("2023-12-31", "360100"), ("2024-01-01", "360700"), (None, "360700")):
        query = f"?on={on}" if on else ""
        assert (await reader.get(f"{ORGANISATIONS}/360121{query}")).json()["parent"] == city
        assert city in codes((await reader.get(f"{ORGANISATIONS}/V-NCX-1/ancestors{query}")).json())
        below = codes((await reader.get(f"{ORGANISATIONS}/360700/descendants{query}")).json())
        assert ("V-NCX-1" in below) == (city == "360700")


async def test_an_earlier_code_resolves_and_says_so(service: Service, admin: Actor, reader: Actor) -> None:
    async with service.database.transaction() as conn:
        ids = dict((await conn.execute(select(organisation.c.code, organisation.c.id))).all())
        rows = [
            {"organisation": ids["360121"], "value": "360122", "valid_to": date(2015, 8, 1)},
            {"organisation": ids["H-NCX"], "value": "CREDIT-1", "valid_to": None},
            {"organisation": ids["H-NCX"], "value": "SHARED", "valid_to": date(2015, 8, 1)},
            {"organisation": ids["H-PROV"], "value": "SHARED", "valid_to": date(2015, 8, 1)},
        ]
        await conn.execute(insert(identifier), [{"scheme": "gbt2260", "valid_from": None, **row} for row in rows])
    found = (await reader.get(f"{ORGANISATIONS}/360122")).json()
    assert (found["code"], found["superseded_code"]) == ("360121", "360122")
    assert (await reader.get(f"{ORGANISATIONS}/360121")).json()["superseded_code"] is None
    assert (await reader.get(f"{ORGANISATIONS}/360122/children")).status_code == 200
    for not_an_old_code in ("CREDIT-1", "SHARED"):
        assert (await reader.get(f"{ORGANISATIONS}/{not_an_old_code}")).status_code == 404
    taken = await admin.post(ORGANISATIONS, json=county("360122"))
    assert (taken.status_code, taken.json()["code"]) == (409, "duplicate")


# --- creating ---------------------------------------------------------------------------------------------------


def county(code: str = "360104", **other: Any) -> dict[str, Any]:
    """A new county of Nanchang."""
    plain = {"code": code, "name": "青云谱区", "level": "county", "kind": "division", "parent": "360100"}
    return {**plain, "valid_from": "2021-01-01", **other}


async def test_an_organisation_is_registered(planner: Actor) -> None:
    hospital = county(
        "H-X",
        level="institution",
        kind="tcm",
        parent="360121",
        tier=2,
        ownership="public",
        tags=["b", "a"],
        identifiers=[{"scheme": "credit", "value": "91360000"}],
        ground={"title": "赣卫〔2023〕1号"},
    )
    answer = await planner.post(ORGANISATIONS, json=hospital)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["division"], made["actions"]) == ("360121", ["update", "add-facts"])
    assert (await planner.get(answer.headers["location"])).json() == made
    facts = (await planner.get(f"{ORGANISATIONS}/H-X/facts")).json()["items"]
    assert [(f["fact"], f["value"], f["source"]) for f in facts] == [
        ("ownership", "public", "赣卫〔2023〕1号"),
        ("tags", "a,b", "赣卫〔2023〕1号"),
        ("tier", "2", "赣卫〔2023〕1号"),
    ]


@pytest.mark.parametrize(
    ("wrong", "status", "code", "pointers"),
    [
        (county(parent="360000"), 403, "forbidden", []),
        (county(parent="360700"), 403, "forbidden", []),
        (county("H-X", level="institution", kind="tcm", parent="360121", division="360702"), 403, "forbidden", []),
        (county(parent="999999"), 422, "unknown-reference", ["/parent"]),
        (county(parent=None), 422, "validation-failed", ["/parent"]),
        (county(parent="360121"), 422, "validation-failed", ["/parent"]),
        (county(division="360121"), 422, "validation-failed", ["/division"]),
        (county("H-NCX"), 409, "duplicate", []),
        (county(ownership="state"), 422, "validation-failed", ["/ownership"]),
        (county(colour="red"), 422, "validation-failed", ["/colour"]),
        (county(name="\u202e反"), 422, "validation-failed", ["/name"]),
        # the first and the last day of all are infinity to the database: the followers of the feed could not read them
        (county(valid_from="0001-01-01"), 422, "validation-failed", ["/valid_from"]),
        (county(valid_from="9999-12-31"), 422, "validation-failed", ["/valid_from"]),
        (county(kind="general", level="institution", division="H-NCX"), 422, "validation-failed", ["/division"]),
    ],
)
async def test_what_cannot_be_registered(
    calm_planner: Actor, wrong: dict[str, Any], status: int, code: str, pointers: list[str]
) -> None:
    answer = await calm_planner.post(ORGANISATIONS, json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [e["pointer"] for e in answer.json()["errors"]] == pointers


async def test_readers_register_nothing(calm_reader: Actor) -> None:
    assert (await calm_reader.post(ORGANISATIONS, json=county())).status_code == 403


async def test_one_code_is_given_once_however_many_ask(admin: Actor) -> None:
    answers = await asyncio.gather(*(admin.post(ORGANISATIONS, json=county()) for _ in range(6)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 5


async def test_a_repeat_with_its_key_is_answered_as_the_first_time(admin: Actor) -> None:
    key = {"Idempotency-Key": "register-0001"}
    answers = await asyncio.gather(*(admin.post(ORGANISATIONS, json=county(), headers=key) for _ in range(6)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.text for a in answers}) == 1
    other = await admin.post(ORGANISATIONS, json=county("360105"), headers=key)
    assert other.json()["code"] == "idempotency-key-reused"


# --- changing ---------------------------------------------------------------------------------------------------


async def test_a_name_is_corrected(service: Service, planner: Actor) -> None:
    path = f"{ORGANISATIONS}/360121"
    before = await planner.get(path)
    assert (await planner.patch(path, json={"name": "新名县"})).status_code == 428
    match = {"If-Match": before.headers["etag"]}
    changed = await planner.patch(path, json={"name": "新名县"}, headers=match)
    assert (changed.status_code, changed.json()["name"]) == (200, "新名县")
    assert changed.headers["etag"] != before.headers["etag"]
    assert (await planner.patch(path, json={"name": "另名县"}, headers=match)).status_code == 412
    assert codes((await planner.get(f"{ORGANISATIONS}?q=xinming")).json()) == ["360121"]
    child = (await planner.get(f"{ORGANISATIONS}/H-NCX")).json()
    assert child["parent_name"] == "新名县"
    async with service.database.transaction() as conn:
        event = (await conn.execute(select(AUDIT).where(AUDIT.c.action == "organisation.renamed"))).one()
    assert (event.entity_version, event.detail) == (2, {"name": {"old": "南昌县", "new": "新名县"}})


async def test_a_neighbours_new_name_refuses_no_change(planner: Actor) -> None:
    seen = (await planner.get(f"{ORGANISATIONS}/H-NCX")).headers["etag"]
    parent = (await planner.get(f"{ORGANISATIONS}/360121")).headers["etag"]
    await planner.patch(f"{ORGANISATIONS}/360121", json={"name": "新名县"}, headers={"If-Match": parent})
    now = await planner.get(f"{ORGANISATIONS}/H-NCX", headers={"If-None-Match": seen})
    assert now.status_code == 200  # what is shown has changed
    changed = await planner.patch(f"{ORGANISATIONS}/H-NCX", json={"name": "新名县医院"}, headers={"If-Match": seen})
    assert changed.status_code == 200  # what can be changed has not


@pytest.mark.parametrize("code", ["360000", "360702", "JX-CZT"])
async def test_nobody_renames_outside_his_area(calm_planner: Actor, code: str) -> None:
    answer = await calm_planner.patch(f"{ORGANISATIONS}/{code}", json={"name": "x"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_two_corrections_at_once(planner: Actor) -> None:
    match = {"If-Match": (await planner.get(f"{ORGANISATIONS}/360121")).headers["etag"]}
    names = [f"新名{n}县" for n in range(6)]
    answers = await asyncio.gather(
        *(planner.patch(f"{ORGANISATIONS}/360121", json={"name": name}, headers=match) for name in names)
    )
    assert sorted(a.status_code for a in answers) == [200] + [412] * 5


# --- facts ------------------------------------------------------------------------------------------------------


def population(value: str = "1452502", on: str = "2020-11-01") -> dict[str, str]:
    """A census figure."""
    return {"fact": "resident_population", "value": value, "on": on, "source": "第七次人口普查"}


async def test_facts_are_dated(planner: Actor) -> None:
    path = f"{ORGANISATIONS}/360121/facts"
    for wanted in (population(), population("1460000", "2022-11-01"), population("1455000", "2021-11-01")):
        answer = await planner.post(path, json=wanted)
        assert answer.status_code == 201, answer.text
        assert answer.json()["organisation"] == "360121"
    found = (await planner.get(path)).json()["items"]
    assert [f["on"] for f in found] == ["2022-11-01", "2021-11-01", "2020-11-01"]
    until = (await planner.get(f"{path}?on=2021-12-31")).json()["items"]
    assert [f["value"] for f in until] == ["1455000", "1452502"]


async def test_recording_a_fact_again_changes_nothing(service: Service, planner: Actor) -> None:
    path = f"{ORGANISATIONS}/360121/facts"
    once, again = await planner.post(path, json=population()), await planner.post(path, json=population())
    assert once.json() == again.json()
    assert (await planner.get(f"{ORGANISATIONS}/360121")).headers["etag"].startswith('"2-')
    other = await planner.post(path, json=population("1"))
    assert (other.status_code, other.json()["code"]) == (409, "duplicate")


@pytest.mark.parametrize(
    ("code", "fact", "status"),
    [
        ("360121", population("many"), 422),
        ("360121", {**population("5"), "fact": "tier"}, 422),
        ("360121", {**population(), "on": "2020"}, 422),
        ("360702", population(), 403),
        ("999999", population(), 404),
    ],
)
async def test_facts_that_are_refused(calm_planner: Actor, code: str, fact: dict[str, str], status: int) -> None:
    assert (await calm_planner.post(f"{ORGANISATIONS}/{code}/facts", json=fact)).status_code == status


# --- the feed -----------------------------------------------------------------------------------------------------


async def test_the_feed_carries_whole_histories(service: Service, planner: Actor) -> None:
    before = (await service.neighbour("/internal/v1/snapshot")).json()
    assert len(before["entities"]) == before["position"] == 12
    await planner.post(f"{ORGANISATIONS}/360121/facts", json=population())
    made = (await planner.post(ORGANISATIONS, json=county())).json()
    told = await service.neighbour("/internal/v1/changes", feed=before["feed"], after=before["position"])
    changes = told.json()["changes"]
    assert [(c["position"], c["kind"], c["version"]) for c in changes] == [
        (13, "organisation", 2),
        (14, "organisation", 1),
    ]
    fact, new = (OrganisationEntity.model_validate(c["body"]) for c in changes)
    assert (fact.code, [f.value for f in fact.facts]) == ("360121", ["1452502"])
    assert changes[0]["key"] == str(fact.id)
    assert (str(new.id), new.sort_key) == (made["id"], "qing yun pu qu")
    assert [(p.division, p.valid_from, p.valid_to) for p in new.placements] == [(new.id, date(2021, 1, 1), None)]
    after = (await service.neighbour("/internal/v1/snapshot")).json()
    entities = {e["key"]: OrganisationEntity.model_validate(e["body"]) for e in after["entities"]}
    assert entities[str(fact.id)] == fact
    assert len(entities) == 13


async def test_the_feed_is_for_neighbours(calm: Service, calm_admin: Actor) -> None:
    for path in ("/internal/v1/snapshot", "/internal/v1/changes", "/internal/v1/rights"):
        for answer in (await calm_admin.get(path), await calm.knocked(path, "x" * 40, {})):
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), path
    document = (await calm.http.get("/openapi.json")).json()
    assert not [path for path in document["paths"] if "internal" in path]


async def test_a_feed_that_is_not_ours_or_too_old_starts_over(calm: Service) -> None:
    head = (await calm.neighbour("/internal/v1/snapshot")).json()
    for feed, after in ((head["feed"], 99), ("00000000-0000-7000-8000-000000000000", 0)):
        answer = await calm.neighbour("/internal/v1/changes", feed=feed, after=after)
        assert (answer.status_code, answer.json()["code"]) == (410, "gone")
    paged = (await calm.neighbour("/internal/v1/changes", feed=head["feed"], after=0, limit=5)).json()
    assert (len(paged["changes"]), paged["position"], paged["more"]) == (5, 5, True)


async def test_readers_of_the_feed_miss_nothing_while_many_write(service: Service, admin: Actor) -> None:
    feed = (await service.neighbour("/internal/v1/snapshot")).json()["feed"]
    seen: list[int] = []
    writing = [admin.post(ORGANISATIONS, json=county(f"36019{n:02d}")) for n in range(20)]

    async def read_until(last: int) -> None:
        while not seen or seen[-1] < last:
            after = seen[-1] if seen else 0
            answer = await service.neighbour("/internal/v1/changes", feed=feed, after=after)
            seen.extend(c["position"] for c in answer.json()["changes"])

    reader = asyncio.create_task(read_until(32))
    answers = await asyncio.gather(*writing)
    assert {a.status_code for a in answers} == {201}
    async with asyncio.timeout(30):
        await reader
    assert seen == list(range(1, 33))


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/organisations?q=%00",
        "/api/v1/organisations?q=%E2%80%AE",
        "/api/v1/organisations?on=1609459200",
        "/api/v1/organisations?limit=0",
        "/api/v1/organisations?limit=201",
        "/api/v1/organisations?level=village",
        "/api/v1/organisations/%00",
        "/api/v1/users?q=%00",
        "/api/v1/users/1",
    ],
)
async def test_questions_that_make_no_sense(calm_admin: Actor, path: str) -> None:
    answer = await calm_admin.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
