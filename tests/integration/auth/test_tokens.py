"""Signing in, renewing, ending; tokens that are not ours; guessing."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from sqlalchemy import select, update

from kernel.clock import today
from kernel.errors import Unauthenticated
from kernel.settings import BadSettings
from services.auth.schema import AUDIT
from services.auth.tokens import rules
from services.auth.tokens.models import password_guess, refresh_token, session, signing_key
from services.auth.tokens.service import Issuer, sign_in_client
from tests.integration.auth.conftest import ADMIN, Actor, Service, running

Token = dict[str, Any]


async def ask(service: Service, **form: str) -> httpx.Response:
    """The token endpoint."""
    return await service.http.post("/api/v1/oauth/token", data=form)


async def start(service: Service) -> Token:
    """A session of the administrator's."""
    answer = await ask(service, grant_type="password", username=ADMIN[0], password=ADMIN[1])
    return dict(answer.json())


async def renew(service: Service, token: str) -> httpx.Response:
    """The refresh grant."""
    return await ask(service, grant_type="refresh_token", refresh_token=token)


async def test_a_session_begins(service: Service) -> None:
    answer = await ask(service, grant_type="password", username="ADMIN", password=ADMIN[1])
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert answer.headers["cache-control"] == "no-store"
    me = await service.http.get("/api/v1/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json()["login"] == "admin"


async def test_wrong_unknown_and_disabled_are_told_alike(service: Service, admin: Actor) -> None:
    person = await service.person(admin, "zhang", "360121")
    etag = (await admin.get(f"/api/v1/users/{person.id}")).headers["etag"]
    await admin.patch(f"/api/v1/users/{person.id}", json={"disabled": True}, headers={"If-Match": etag})
    answers = [
        await ask(service, grant_type="password", username=name, password=password)
        for name, password in ((ADMIN[0], "wrong-password"), ("nobody", "x"), ("zhang", "zhang-password"))
    ]
    bodies = [{k: v for k, v in a.json().items() if k != "trace_id"} for a in answers]
    assert [a.status_code for a in answers] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "implicit"}, 400, "unsupported-grant-type"),
        ({"grant_type": "password", "username": "admin"}, 400, "malformed-request"),
        ({"grant_type": "password", "username": "ad\0min", "password": "x"}, 400, "malformed-request"),
        ({"grant_type": "password", "username": "x" * 2000, "password": "x"}, 422, "validation-failed"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, 400, "invalid-grant"),
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, 401, "unauthenticated"),
        ({"grant_type": "client_credentials", "client_id": str(uuid4()), "client_secret": "y"}, 401, "unauthenticated"),
        ({}, 422, "validation-failed"),
    ],
)
async def test_bad_requests_are_problems(calm: Service, form: dict[str, str], status: int, code: str) -> None:
    answer = await ask(calm, **form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


# --- tokens that are not ours ---------------------------------------------------------------------------------


async def forged(service: Service, header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> str:
    """A token like ours with some things changed (None: left out), signed with our key unless another is given."""
    issuer: Issuer = service.app.state.issuer
    ours = await issuer._signing_key()
    me = (await (await service.signed_in(*ADMIN)).get("/api/v1/me")).json()["id"]
    now = int(time.time())
    head = {"alg": "Ed25519", "typ": "at+jwt", "kid": ours.kid, **header}
    body = {"iss": "zhibiao", "aud": "zhibiao", "sub": me, "kind": "person", "iat": now, "exp": now + 60, **claims}
    head, body = ({k: v for k, v in part.items() if v is not None} for part in (head, body))
    if header.get("alg") == "none":
        parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in (head, body)]
        return ".".join([*parts, ""])
    return jwt.encode(head, body, key or ours, algorithms=[head["alg"]])


async def status_with(service: Service, token: str) -> int:
    """What somebody with this token is answered."""
    return (await service.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code


async def test_the_forgers_tools_make_a_good_token(calm: Service) -> None:
    assert await status_with(calm, await forged(calm, {}, {})) == 200


NOW = int(time.time())
FORGERIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no signature": ({"alg": "none"}, {}),
    "plain JWT": ({"typ": "JWT"}, {}),
    "no type": ({"typ": None}, {}),
    "no key id": ({"kid": None}, {}),
    "unknown key id": ({"kid": "../../dev/null"}, {}),
    "other issuer": ({}, {"iss": "zhibiao.example"}),
    "no issuer": ({}, {"iss": None}),
    "other audience": ({}, {"aud": "other"}),
    "audience in a list": ({}, {"aud": ["other", "zhibiao"]}),
    "no audience": ({}, {"aud": None}),
    "expired": ({}, {"exp": NOW - 60}),
    "no end": ({}, {"exp": None}),
    "end as text": ({}, {"exp": str(NOW + 600)}),
    "end as float": ({}, {"exp": NOW + 600.5}),
    "issued tomorrow": ({}, {"iat": NOW + 86400}),
    "not yet valid": ({}, {"nbf": NOW + 86400}),
    "somebody unknown": ({}, {"sub": str(uuid4())}),
    "nobody": ({}, {"sub": "admin"}),
    "unknown critical header": ({"crit": ["b64"], "b64": False}, {}),
}


@pytest.mark.parametrize(("header", "claims"), FORGERIES.values(), ids=FORGERIES)
async def test_forgeries_are_refused(calm: Service, header: dict[str, Any], claims: dict[str, Any]) -> None:
    assert await status_with(calm, await forged(calm, header, claims)) == 401


async def test_the_public_key_is_no_secret_to_sign_with(calm: Service) -> None:
    published = (await calm.http.get("/.well-known/jwks.json")).json()["keys"][0]
    for secret in (published["x"], base64.urlsafe_b64decode(published["x"] + "=")):
        token = await forged(calm, {"alg": "HS256"}, {}, OctKey.import_key(secret))
        assert await status_with(calm, token) == 401


async def test_somebody_elses_key_under_our_key_id(calm: Service) -> None:
    token = await forged(calm, {}, {}, OKPKey.generate_key("Ed25519"))
    assert await status_with(calm, token) == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000, "é"])
async def test_no_token_at_all(calm: Service, token: str) -> None:
    header = [(b"authorization", f"Bearer {token}".encode())]
    answer = await calm.http.get("/api/v1/me", headers=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_refresh_token_is_no_access_token(calm: Service) -> None:
    assert await status_with(calm, (await start(calm))["refresh_token"]) == 401


# --- keys ---------------------------------------------------------------------------------------------------


async def test_only_public_parts_are_published_and_private_ones_are_sealed(calm: Service) -> None:
    published = (await calm.http.get("/.well-known/jwks.json")).json()["keys"]
    assert [set(key) for key in published] == [{"kty", "crv", "x", "kid"}]
    async with calm.database.transaction() as conn:
        stored = (await conn.execute(select(signing_key))).one()
    assert b'"d"' not in stored.sealed
    assert "d" not in stored.public


async def test_processes_that_start_at_once_share_one_key(url: str) -> None:
    async with running(url) as one, running(url) as two:
        answers = await asyncio.gather(*(s.http.get("/.well-known/jwks.json") for s in (one, two, one, two)))
        assert len({a.text for a in answers}) == 1
        assert await status_with(two, await one.token(*ADMIN)) == 200


async def test_a_process_with_another_secret_does_not_start(url: str, service: Service) -> None:
    await service.token(*ADMIN)
    with pytest.raises(BadSettings, match="ZHIBIAO_AUTH_SECRET"):
        async with running(url, secret="another-0123456789abcdefghijklmnopqr"):
            pass


async def test_a_process_without_its_database_starts_and_is_not_ready() -> None:
    async with running("postgresql+asyncpg://nobody@127.0.0.1:1/nothing") as lonely:
        ready, live = await lonely.http.get("/readyz"), await lonely.http.get("/livez")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"database": False, "keys": False})
        assert live.status_code == 200
        answer = await ask(lonely, grant_type="password", username="admin", password="x")
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_a_retired_key_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await service.token(*ADMIN)
    async with service.database.transaction() as conn:
        await conn.execute(update(signing_key).values(retired_at=signing_key.c.created_at))
    monkeypatch.setattr(service.app.state.issuer, "_read_at", float("-inf"))
    assert await status_with(service, token) == 401
    assert await status_with(service, await service.token(*ADMIN)) == 200


async def test_where_to_find_everything(calm: Service) -> None:
    found = (await calm.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["issuer"] == "zhibiao"
    for name in ("token_endpoint", "revocation_endpoint"):
        assert (await calm.http.post(found[name], data={"token": "x", "grant_type": "x"})).status_code in (200, 400)
    assert (await calm.http.get(found["jwks_uri"])).status_code == 200


# --- refresh tokens -------------------------------------------------------------------------------------------


async def test_a_session_is_renewed_again_and_again(calm: Service) -> None:
    token = await start(calm)
    seen = {token["refresh_token"]}
    for _ in range(3):
        token = (await renew(calm, token["refresh_token"])).json()
        assert await status_with(calm, token["access_token"]) == 200
        seen.add(token["refresh_token"])
    assert len(seen) == 4


async def test_an_honest_retry_gets_the_same_successor(calm: Service) -> None:
    first = (await start(calm))["refresh_token"]
    once, again = await renew(calm, first), await renew(calm, first)
    assert once.json()["refresh_token"] == again.json()["refresh_token"]
    assert (await renew(calm, once.json()["refresh_token"])).status_code == 200


async def test_fifty_at_once_make_exactly_one_successor(service: Service) -> None:
    first = (await start(service))["refresh_token"]
    answers = await asyncio.gather(*(renew(service, first) for _ in range(50)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["refresh_token"] for a in answers}) == 1
    async with service.database.transaction() as conn:
        stored = (await conn.execute(select(refresh_token.c.used_at))).scalars().all()
    assert len(stored) == 2
    assert sum(used is None for used in stored) == 1


@pytest.mark.parametrize("generation", [0, 1, 2])
async def test_a_token_used_twice_ends_the_whole_session(service: Service, generation: int) -> None:
    chain = [(await start(service))["refresh_token"]]
    for _ in range(3):
        chain.append((await renew(service, chain[-1])).json()["refresh_token"])
    if generation == 2:  # its successor is unused: an honest retry, unless it comes too late
        await age(service)
    stolen = await renew(service, chain[generation])
    assert (stolen.status_code, stolen.json()["code"]) == (400, "invalid-grant")
    for token in chain:
        assert (await renew(service, token)).status_code == 400
    async with service.database.transaction() as conn:
        actions = (await conn.execute(select(AUDIT.c.action).where(AUDIT.c.entity == "session"))).scalars().all()
    assert actions == ["session.started", "session.token-reused"]


async def age(service: Service) -> None:
    """Let the time of grace pass."""
    past = refresh_token.c.used_at - timedelta(seconds=rules.GRACE_SECONDS + 1)
    async with service.database.transaction() as conn:
        await conn.execute(update(refresh_token).values(used_at=past))


async def test_other_sessions_live_on_when_one_ends(calm: Service) -> None:
    one, other = await start(calm), await start(calm)
    answer = await calm.http.post("/api/v1/oauth/revoke", data={"token": one["refresh_token"]})
    assert answer.status_code == 200
    assert (await renew(calm, one["refresh_token"])).status_code == 400
    assert (await renew(calm, other["refresh_token"])).status_code == 200
    again = await calm.http.post("/api/v1/oauth/revoke", data={"token": "unknown"})
    assert again.status_code == 200


async def test_a_session_has_an_end(service: Service) -> None:
    token = await start(service)
    async with service.database.transaction() as conn:
        await conn.execute(update(session).values(expires_at=session.c.started_at))
    assert (await renew(service, token["refresh_token"])).json()["code"] == "invalid-grant"


async def test_no_token_or_password_is_stored_in_the_clear(service: Service) -> None:
    token = await start(service)
    async with service.database.transaction() as conn:
        hashes = (await conn.execute(select(refresh_token.c.hash))).scalars().all()
    assert all(token["refresh_token"].encode() not in h for h in hashes)


# --- passwords -------------------------------------------------------------------------------------------------


async def test_a_first_password_must_be_changed_before_anything_else(service: Service, admin: Actor) -> None:
    body = {
        "login": "li",
        "name": "李",
        "organisation": "360121",
        "password": "first-of-li",
        "grants": [{"role": "system_admin", "organisation": "360121"}],
    }
    assert (await admin.post("/api/v1/users", json=body)).json()["must_change_password"] is True
    answer = await ask(service, grant_type="password", username="li", password="first-of-li")
    assert answer.json()["must_change_password"] is True
    li = Actor(service, {"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert (await li.get("/api/v1/users")).status_code == 403
    assert (await li.get("/api/v1/me")).status_code == 200
    changed = await li.post("/api/v1/me/password", json={"current": "first-of-li", "new": "second-of-li"})
    assert changed.status_code == 204
    li = await service.signed_in("li", "second-of-li")
    assert (await li.get("/api/v1/users")).status_code == 200


async def test_changing_the_password_ends_every_session(service: Service, admin: Actor) -> None:
    person = await service.person(admin, "wang", "360121", ("viewer", "360121"))
    form = {"grant_type": "password", "username": "wang", "password": "wang-password"}
    other = (await ask(service, **form)).json()
    new = {"current": "wang-password", "new": "another-password"}
    assert (await person.post("/api/v1/me/password", json=new)).status_code == 204
    assert (await person.get("/api/v1/me")).status_code == 401
    assert await status_with(service, other["access_token"]) == 401
    assert (await renew(service, other["refresh_token"])).status_code == 400
    assert (await ask(service, **form)).status_code == 401
    # in the very same second
    assert (await (await service.signed_in("wang", "another-password")).get("/api/v1/me")).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"current": "guess-0815", "new": "another-password"}, "wrong-password"),
        ({"current": ADMIN[1], "new": "sh0rt"}, "password-too-short"),
        ({"current": ADMIN[1], "new": ADMIN[1]}, "password-unchanged"),
    ],
)
async def test_a_bad_new_password(admin: Actor, body: dict[str, str], code: str) -> None:
    answer = await admin.post("/api/v1/me/password", json=body)
    assert answer.status_code == 422
    assert [e["code"] for e in answer.json()["errors"]] == [code]
    assert all(secret not in answer.text for secret in body.values())


@pytest.mark.parametrize("name", ["admin", "nobody"])
async def test_guessing_stops_exactly_at_the_limit_even_in_parallel(service: Service, name: str) -> None:
    tries = [ask(service, grant_type="password", username=name, password=f"guess-{n}") for n in range(25)]
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert (statuses.count(401), statuses.count(429)) == (rules.GUESSES, 15)
    answer = await ask(service, grant_type="password", username=name.upper(), password=ADMIN[1])
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900


async def test_the_wait_ends_and_right_passwords_are_not_counted(service: Service, admin: Actor) -> None:
    for _ in range(rules.GUESSES + 2):
        await service.token(*ADMIN)
    for _ in range(rules.GUESSES + 1):
        answer = await ask(service, grant_type="password", username="admin", password="wrong-password")
    assert answer.status_code == 429
    body = {"current": "wrong", "new": "another-password"}
    assert (await admin.post("/api/v1/me/password", json=body)).status_code == 429
    async with service.database.transaction() as conn:
        await conn.execute(update(password_guess).values(since=password_guess.c.since - rules.GUESS_WINDOW))
    await service.token(*ADMIN)


# --- API clients ------------------------------------------------------------------------------------------------


async def make_client(admin: Actor, **other: object) -> dict[str, Any]:
    """A new API client."""
    body = {
        "name": "赣服通",
        "organisation": "360100",
        "grants": [{"role": "viewer", "organisation": "360100"}],
        **other,
    }
    answer = await admin.post("/api/v1/clients", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


SignIn = Callable[[Service, str, str], Any]


async def by_form(service: Service, name: str, secret: str) -> httpx.Response:
    """client_secret_post."""
    return await ask(service, grant_type="client_credentials", client_id=name, client_secret=secret)


async def by_header(service: Service, name: str, secret: str) -> httpx.Response:
    """client_secret_basic."""
    form = {"grant_type": "client_credentials"}
    return await service.http.post("/api/v1/oauth/token", data=form, auth=(name, secret))


@pytest.mark.parametrize("sign_in", [by_form, by_header])
async def test_a_program_signs_in(service: Service, admin: Actor, sign_in: SignIn) -> None:
    made = await make_client(admin)
    answer = await sign_in(service, made["id"], made["secret"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] is None
    program = Actor(service, {"Authorization": f"Bearer {answer.json()['access_token']}"})
    me = (await program.get("/api/v1/me")).json()
    assert (me["kind"], me["login"], [g["organisation"] for g in me["grants"]]) == ("client", None, ["360100"])
    assert (await program.post("/api/v1/me/password", json={"current": "x", "new": "y"})).status_code == 403
    assert (await sign_in(service, made["id"], "wrong")).status_code == 401


async def test_a_secret_is_shown_once(admin: Actor) -> None:
    made = await make_client(admin)
    assert made["secret"]
    read = await admin.get(f"/api/v1/clients/{made['id']}")
    assert read.json()["secret"] is None
    assert [c["id"] for c in (await admin.get("/api/v1/clients")).json()["items"]] == [made["id"]]


async def test_an_expired_client_is_refused(service: Service, admin: Actor) -> None:
    made = await make_client(admin)
    issuer: Issuer = service.app.state.issuer
    await sign_in_client(issuer, made["id"], made["secret"], today() + timedelta(days=365))
    with pytest.raises(Unauthenticated):
        await sign_in_client(issuer, made["id"], made["secret"], today() + timedelta(days=367))


async def test_a_password_is_no_client_secret(service: Service, admin: Actor) -> None:
    me = (await admin.get("/api/v1/me")).json()["id"]
    assert (await by_form(service, me, ADMIN[1])).status_code == 401
