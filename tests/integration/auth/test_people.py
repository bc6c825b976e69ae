"""People and grants: scope, what may be granted, and who must stay."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.auth.people import service as people
from services.auth.people.passwords import Passwords
from tests.integration.auth.conftest import ADMIN, Actor, Service


def body(login: str = "zhao", organisation: str = "360121", *grants: tuple[str, str]) -> dict[str, Any]:
    """A new person."""
    given = [{"role": role, "organisation": code} for role, code in grants]
    return {
        "login": login,
        "name": "赵",
        "organisation": organisation,
        "password": "good-password",
        "keep_password": True,
        "grants": given,
    }


@pytest.fixture
async def city(service: Service, admin: Actor) -> Actor:
    """An administrator of one city."""
    return await service.person(admin, "city", "360100", ("system_admin", "360100"))


@pytest.fixture
async def elsewhere(service: Service, admin: Actor) -> Actor:
    """Somebody in another city."""
    return await service.person(admin, "elsewhere", "360702", ("reporter", "360702"))


async def etag(admin: Actor, who: str) -> dict[str, str]:
    """The header that allows a change."""
    return {"If-Match": (await admin.get(f"/api/v1/users/{who}")).headers["etag"]}


# --- scope ----------------------------------------------------------------------------------------------------


async def test_people_elsewhere_are_as_if_they_were_not(city: Actor, elsewhere: Actor) -> None:
    grant = (await elsewhere.get("/api/v1/me")).json()["grants"][0]["id"]
    wanted = {"role": "viewer", "organisation": "360121"}
    for foreign, absent in ((elsewhere.id, str(uuid4())),):
        for method, path, rest in (
            ("GET", "/api/v1/users/{}", {}),
            ("PATCH", "/api/v1/users/{}", {"json": {"disabled": True}, "headers": {"If-Match": "*"}}),
            ("POST", "/api/v1/users/{}/grants", {"json": wanted}),
            ("DELETE", "/api/v1/users/{}/grants/" + grant, {}),
        ):
            answers = [await city.call(method, path.format(who), **rest) for who in (foreign, absent)]
            assert [a.status_code for a in answers] == [404, 404], (method, path)
            texts = [{k: v for k, v in a.json().items() if k != "trace_id"} for a in answers]
            assert texts[0] == texts[1]
            assert len(answers[0].content) == len(answers[1].content)
    assert (await elsewhere.get("/api/v1/me")).status_code == 200


async def test_lists_show_the_own_area_only(service: Service, admin: Actor, city: Actor, elsewhere: Actor) -> None:
    await service.person(admin, "near", "T-NCX-1", ("reporter", "T-NCX-1"))
    assert [u["login"] for u in (await city.get("/api/v1/users")).json()["items"]] == ["city", "near"]
    everyone = [u["login"] for u in (await admin.get("/api/v1/users")).json()["items"]]
    assert everyone == ["admin", "city", "elsewhere", "near"]
    assert (await city.get("/api/v1/users", params={"q": "elsewhere"})).json()["items"] == []
    assert (await city.get("/api/v1/users", params={"organisation": "360702"})).json()["items"] == []
    found = await admin.get("/api/v1/users", params={"q": "某n", "disabled": "false", "organisation": "T-NCX-1"})
    assert [u["login"] for u in found.json()["items"]] == ["near"]


async def test_a_list_goes_on_where_it_stopped(admin: Actor) -> None:
    for n in range(5):
        assert (await admin.post("/api/v1/users", json=body(f"p{n}"))).status_code == 201
    seen, address = [], "/api/v1/users?limit=2"
    while address:
        page = (await admin.get(address)).json()
        seen += [u["login"] for u in page["items"]]
        address = page["next"]
    assert seen == ["admin", "p0", "p1", "p2", "p3", "p4"]
    assert (await admin.get("/api/v1/users?limit=2&cursor=nonsense")).json()["code"] == "bad-cursor"


async def test_only_administrators_see_people(service: Service, admin: Actor) -> None:
    planner = await service.person(admin, "planner", "360000", ("planner", "360000"))
    for answer in (await planner.get("/api/v1/users"), await planner.post("/api/v1/users", json=body())):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await service.http.get("/api/v1/users")).status_code == 401


# --- creating -------------------------------------------------------------------------------------------------


async def test_a_person_is_registered(admin: Actor) -> None:
    answer = await admin.post("/api/v1/users", json=body("zhao", "H-NCX", ("reporter", "H-NCX")))
    assert answer.status_code == 201
    made = answer.json()
    assert made["organisation_name"] == "南昌县人民医院"
    assert [(g["role"], g["organisation_name"]) for g in made["grants"]] == [("reporter", "南昌县人民医院")]
    assert "password" not in answer.text.replace("must_change_password", "")
    read = await admin.get(answer.headers["location"])
    assert read.json() == made
    assert read.headers["etag"] == answer.headers["etag"] == made["etag"]
    again = await admin.get(answer.headers["location"], headers={"If-None-Match": made["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"organisation": "360702"}, 422, "unknown-reference", "/organisation"),
        ({"organisation": "999999"}, 422, "unknown-reference", "/organisation"),
        ({"password": "short"}, 422, "validation-failed", "/password"),
        ({"login": "有 空格"}, 422, "validation-failed", "/login"),
        ({"id": str(uuid4())}, 422, "validation-failed", "/id"),
        (
            {"grants": [{"role": "viewer", "organisation": "999999"}]},
            422,
            "unknown-reference",
            "/grants/0/organisation",
        ),
        ({"grants": [{"role": "king", "organisation": "360121"}]}, 422, "validation-failed", "/grants/0/role"),
        ({"grants": [{"role": "viewer", "organisation": "360702"}]}, 403, "forbidden", None),
        ({"grants": [{"role": "viewer", "organisation": "360000"}]}, 403, "forbidden", None),
        ({"grants": [{"role": "security_admin", "organisation": "360121"}]}, 403, "forbidden", None),
        ({"grants": [{"role": "auditor", "organisation": "360121"}]}, 403, "forbidden", None),
        ({"login": "CITY"}, 409, "duplicate", None),
    ],
)
async def test_what_an_administrator_of_a_city_cannot_do(
    calm_city: Actor, change: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    answer = await calm_city.post("/api/v1/users", json={**body(), **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [e["pointer"] for e in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert [u["login"] for u in (await calm_city.get("/api/v1/users")).json()["items"]] == ["city"]


async def test_the_same_key_makes_one_person(admin: Actor) -> None:
    key = {"Idempotency-Key": "create-zhao-0001"}
    answers = await asyncio.gather(*(admin.post("/api/v1/users", json=body(), headers=key) for _ in range(5)))
    assert [a.status_code for a in answers] == [201] * 5
    assert len({a.json()["id"] for a in answers}) == 1
    other = await admin.post("/api/v1/users", json=body("qian"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


# --- grants ---------------------------------------------------------------------------------------------------


async def test_a_role_is_given_and_taken(service: Service, admin: Actor, city: Actor) -> None:
    near = await service.person(admin, "near", "360121")
    wanted = {"role": "reporter", "organisation": "H-NCX", "items": ["2.1"], "valid_from": "2026-01-01"}
    given = await city.post(f"/api/v1/users/{near.id}/grants", json=wanted)
    assert given.status_code == 201
    assert {k: given.json()[k] for k in wanted} == wanted
    assert [g["id"] for g in (await near.get("/api/v1/me")).json()["grants"]] == [given.json()["id"]]
    taken = await city.delete(given.headers["location"])
    assert (taken.status_code, taken.content) == (204, b"")
    assert (await near.get("/api/v1/me")).json()["grants"] == []
    assert (await city.delete(given.headers["location"])).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"role": "viewer", "organisation": "360000"}, 403, "forbidden"),
        ({"role": "viewer", "organisation": "360702"}, 403, "forbidden"),
        ({"role": "security_admin", "organisation": "360121"}, 403, "forbidden"),
        ({"role": "viewer", "organisation": "999999"}, 422, "unknown-reference"),
        (
            {"role": "viewer", "organisation": "360121", "valid_from": "2026-01-02", "valid_until": "2026-01-02"},
            422,
            "validation-failed",
        ),
    ],
)
async def test_grants_beyond_ones_own(
    service: Service, admin: Actor, city: Actor, wanted: dict[str, str], status: int, code: str
) -> None:
    near = await service.person(admin, "near", "360121")
    answer = await city.post(f"/api/v1/users/{near.id}/grants", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_nobody_grants_himself(admin: Actor) -> None:
    me = (await admin.get("/api/v1/me")).json()
    given = await admin.post(f"/api/v1/users/{me['id']}/grants", json={"role": "viewer", "organisation": "360000"})
    taken = await admin.delete(f"/api/v1/users/{me['id']}/grants/{me['grants'][0]['id']}")
    assert [(a.status_code, a.json()["code"]) for a in (given, taken)] == [(403, "separation-of-duty")] * 2


async def test_nobody_administers_and_audits(service: Service, admin: Actor) -> None:
    auditor = await service.person(admin, "auditor", "360000", ("auditor", "360000"))
    wanted = {"role": "system_admin", "organisation": "360000"}
    assert (await admin.post(f"/api/v1/users/{auditor.id}/grants", json=wanted)).status_code == 403
    both = body("both", "360000", ("auditor", "360000"), ("security_admin", "360000"))
    assert (await admin.post("/api/v1/users", json=both)).status_code == 403


async def test_nobody_takes_what_he_could_not_give(service: Service, admin: Actor, city: Actor) -> None:
    both = await service.person(admin, "both", "360121", ("viewer", "360121"), ("planner", "360000"))
    grants = {g["role"]: g["id"] for g in (await both.get("/api/v1/me")).json()["grants"]}
    assert (await city.delete(f"/api/v1/users/{both.id}/grants/{grants['planner']}")).status_code == 403
    change = await city.patch(f"/api/v1/users/{both.id}", json={"disabled": True}, headers=await etag(admin, both.id))
    assert change.status_code == 403
    assert (await city.delete(f"/api/v1/users/{both.id}/grants/{grants['viewer']}")).status_code == 204


async def test_an_administrator_for_some_items_administers_nobody(service: Service, admin: Actor) -> None:
    near = await service.person(admin, "near", "360100")
    wanted = {"role": "system_admin", "organisation": "360100", "items": ["2.1"]}
    assert (await admin.post(f"/api/v1/users/{near.id}/grants", json=wanted)).status_code == 201
    assert (await near.get("/api/v1/users")).json()["items"] == []
    assert (await near.post("/api/v1/users", json=body())).status_code == 422


async def test_grants_hold_from_their_first_day_until_their_last(service: Service, admin: Actor) -> None:
    near = await service.person(admin, "near", "360100")
    for span in ({"valid_from": "2999-01-01"}, {"valid_until": "2020-01-01"}):
        wanted = {"role": "system_admin", "organisation": "360100", **span}
        assert (await admin.post(f"/api/v1/users/{near.id}/grants", json=wanted)).status_code == 201
    assert (await near.get("/api/v1/users")).status_code == 403


# --- changing -------------------------------------------------------------------------------------------------


async def test_changes_need_the_version_that_was_read(service: Service, admin: Actor) -> None:
    near = await service.person(admin, "near", "360121")
    path, first = f"/api/v1/users/{near.id}", await etag(admin, near.id)
    assert (await admin.patch(path, json={"name": "新名"})).status_code == 428
    changed = await admin.patch(path, json={"name": "新名"}, headers=first)
    assert changed.json()["name"] == "新名"
    assert (await admin.patch(path, json={"name": "旧名"}, headers=first)).status_code == 412
    same = await admin.patch(path, json={"name": "新名"}, headers=await etag(admin, near.id))
    assert same.json()["etag"] == changed.json()["etag"]
    wrongs: tuple[dict[str, Any], ...] = ({"grants": []}, {"organisation": "360000"}, {"login": "x"})
    for wrong in wrongs:
        assert (await admin.patch(path, json=wrong, headers=await etag(admin, near.id))).status_code == 422


async def test_a_disabled_person_is_out_at_once(service: Service, admin: Actor) -> None:
    near = await service.person(admin, "near", "360121", ("viewer", "360121"))
    path = f"/api/v1/users/{near.id}"
    done = await admin.patch(path, json={"disabled": True}, headers=await etag(admin, near.id))
    assert done.json()["disabled"] is True
    assert (await near.get("/api/v1/me")).status_code == 401
    await admin.patch(path, json={"disabled": False}, headers=await etag(admin, near.id))
    assert (await near.get("/api/v1/me")).status_code == 200


async def test_the_last_administrator_stays(service: Service, admin: Actor) -> None:
    me = (await admin.get("/api/v1/me")).json()["id"]
    disable = {"json": {"disabled": True}, "headers": {"If-Match": "*"}}
    alone = await admin.patch(f"/api/v1/users/{me}", **disable)
    assert (alone.status_code, alone.json()["code"]) == (409, "state-conflict")
    half = await service.person(admin, "half", "360000", ("system_admin", "360000"))
    assert (await admin.patch(f"/api/v1/users/{me}", **disable)).status_code == 409
    wanted = {"role": "security_admin", "organisation": "360000"}
    given = await admin.post(f"/api/v1/users/{half.id}/grants", json=wanted)
    assert (await admin.patch(f"/api/v1/users/{me}", **disable)).status_code == 200
    assert (await admin.get("/api/v1/me")).status_code == 401
    assert (await half.delete(given.headers["location"])).status_code == 403  # his own
    assert (await half.patch(f"/api/v1/users/{half.id}", **disable)).status_code == 409


async def test_two_administrators_cannot_disable_each_other(service: Service, admin: Actor) -> None:
    posts = (("system_admin", "360000"), ("security_admin", "360000"))
    other = await service.person(admin, "other", "360000", *posts)
    me = (await admin.get("/api/v1/me")).json()["id"]
    disable = {"json": {"disabled": True}, "headers": {"If-Match": "*"}}
    answers = await asyncio.gather(
        admin.patch(f"/api/v1/users/{other.id}", **disable), other.patch(f"/api/v1/users/{me}", **disable)
    )
    assert sorted(a.status_code for a in answers) == [200, 409]
    alive = [a for a in (admin, other) if (await a.get("/api/v1/me")).status_code == 200]
    assert len(alive) == 1


async def test_the_first_administrator_is_made_once(service: Service) -> None:
    light = Passwords("light")
    assert not await people.ensure_first_administrator(service.database, login="x", password="x", passwords=light)
    assert (await service.signed_in(*ADMIN)).headers


# --- API clients ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"organisation": "360702"}, 422),
        ({"grants": []}, 422),
        ({"grants": [{"role": "viewer", "organisation": "360000"}]}, 403),
        ({"grants": [{"role": "system_admin", "organisation": "360100"}]}, 403),
        ({"expires_on": "2020-01-01"}, 422),
        ({"expires_on": "2999-01-01"}, 422),
    ],
)
async def test_a_client_gets_no_more_than_its_maker_may_give(
    calm_city: Actor, change: dict[str, Any], status: int
) -> None:
    wanted = {"name": "x", "organisation": "360100", "grants": [{"role": "viewer", "organisation": "360121"}]}
    assert (await calm_city.post("/api/v1/clients", json={**wanted, **change})).status_code == status


async def test_clients_elsewhere_are_as_if_they_were_not(admin: Actor, city: Actor) -> None:
    wanted = {"name": "x", "organisation": "360702", "grants": [{"role": "viewer", "organisation": "360702"}]}
    key = {"Idempotency-Key": "client-0001"}
    made = await admin.post("/api/v1/clients", json=wanted, headers=key)
    assert made.json()["grants"][0]["valid_until"] == made.json()["expires_on"]
    again = await admin.post("/api/v1/clients", json=wanted, headers=key)
    assert (again.json()["id"], again.json()["secret"]) == (made.json()["id"], None)
    foreign, absent = [await city.get(f"/api/v1/clients/{i}") for i in (made.json()["id"], uuid4())]
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not-found")
    assert len(foreign.content) == len(absent.content)
    assert (await city.get("/api/v1/clients")).json()["items"] == []
