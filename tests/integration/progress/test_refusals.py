"""What must not pass: each refused with its own problem, nothing changed, nothing that was sent echoed."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.vocabularies import Role
from tests.integration.progress.world import World, grant

CANARY = "canary-7f3e"
FACT = {"organisation": "T111", "indicator": "departments", "period": "2023-11", "value": "3"}


@dataclass
class Scene:
    """A world with one submission in each state, and what all its tables held when that was done."""

    world: World
    by_state: dict[str, dict[str, Any]]
    before: dict[str, str]

    async def untouched(self) -> None:
        """Nothing was written anywhere."""
        now = await self.world.contents()
        assert [name for name in now if now[name] != self.before[name]] == []

    async def send(self, raw: bytes | str, *, who: str = "reporter-T111", **headers: str) -> httpx.Response:
        """POST a raw body to /submissions."""
        headers = {"Content-Type": "application/json", **headers}
        return await self.world.call(who, "POST", "/submissions", content=raw, headers=headers)


@pytest.fixture(scope="module")
async def scene(shared: World) -> AsyncIterator[Scene]:
    """One submission of T111 in each state."""
    world = shared
    made = {"draft": await world.draft("T111", "departments", "2023-01", value="1")}
    for state, period in (("submitted", "02"), ("passed", "03"), ("returned", "04"), ("withdrawn", "05"), ("approved", "06")):
        made[state] = await world.report("T111", "departments", f"2023-{period}", value="1")
    made["passed"] = await world.approve(made["passed"], "X11")
    made["returned"] = await world.take("reviewer-X11", made["returned"], "return", reason="请核实")
    made["withdrawn"] = await world.take("reporter-T111", made["withdrawn"], "withdraw", reason="填错")
    made["approved"] = await world.approve(made["approved"], "X11", "C1", "P")
    made["foreign"] = await world.report("T121", "departments", "2023-02", value="1")
    await world.close("2023-12")
    yield Scene(world, made, await world.contents())


def refused(response: httpx.Response, status: int, code: str, pointer: str | None = None) -> None:
    """A typed problem, complete, with the trace id of the answer; at this pointer if one is named."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code), response.text
    assert body["type"] == f"/docs/errors#{code}"
    assert body["trace_id"] == response.headers["x-request-id"]
    assert set(body) <= {"type", "title", "status", "detail", "code", "trace_id", "errors"}
    if pointer is not None:
        assert [one["pointer"] for one in body["errors"]] == [pointer], response.text
        assert all(one["code"] and one["message"] for one in body["errors"])


def with_value(raw: str) -> str:
    """A submission whose value is written so."""
    return json.dumps({**FACT, "value": "@"}).replace('"@"', raw)


# --- what cannot be read ------------------------------------------------------------------------------------

UNREADABLE = {
    "cut off": f'{{"organisation": "{CANARY}'.encode(),
    "not json": CANARY.encode(),
    "two values": b'{} {"canary-7f3e": 1}',
    "single quotes": b"{'organisation': 'canary-7f3e'}",
    "trailing comma": b'{"organisation": "canary-7f3e",}',
    "comment": b'{"organisation": "T111" /* canary-7f3e */}',
    "duplicate key": b'{"organisation": "T111", "organisation": "canary-7f3e"}',
    "duplicate key inside": b'{"components": {"a": true, "a": false}, "progress": "canary-7f3e"}',
    "nan": with_value("NaN").encode(),
    "infinity": with_value("Infinity").encode(),
    "minus infinity": with_value("-Infinity").encode(),
    "leading zero": with_value("012").encode(),
    "plus sign": with_value("+1").encode(),
    "hexadecimal": with_value("0x1F").encode(),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(FACT).encode(),
    "utf-16": json.dumps(FACT).encode("utf-16"),
    "not utf-8": b'{"organisation": "\xff\xfe"}',
    "null character": json.dumps({**FACT, "progress": f"{CANARY}\u0000"}).encode(),
    "lone surrogate": b'{"progress": "canary-7f3e \\ud800"}',
    "too deep": b'{"components": ' + b'{"a":' * 50 + b"1" + b"}" * 51,
    "very deep": b"[" * 100_000,
    "too many keys": json.dumps({f"canary-{n}": 1 for n in range(300)}).encode(),
    "too long a text": json.dumps({**FACT, "progress": CANARY * 2000}).encode(),
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_cannot_be_read_is_malformed(scene: Scene, raw: bytes) -> None:
    """A body that is not plain, unambiguous JSON in UTF-8 is refused before anything looks at it."""
    response = await scene.send(raw)
    refused(response, 400, "malformed-request")
    assert CANARY not in response.text
    await scene.untouched()


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html"]
)
async def test_another_media_type_is_refused(scene: Scene, media_type: str) -> None:
    """JSON that calls itself something else is not taken for JSON."""
    refused(await scene.send(json.dumps(FACT), **{"Content-Type": media_type}), 415, "unsupported-media-type")
    await scene.untouched()


async def test_a_body_above_the_limit_is_refused(scene: Scene) -> None:
    """More than a mebibyte is too large, whether its length is declared or comes out while it is read."""
    big = json.dumps({**FACT, "progress": "x" * (1024 * 1024)})
    refused(await scene.send(big), 413, "too-large")

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(big), 65536):
            yield big[at : at + 65536].encode()

    response = await scene.world.call(
        "reporter-T111", "POST", "/submissions", content=pieces(), headers={"Content-Type": "application/json"}
    )
    refused(response, 413, "too-large")
    await scene.untouched()


# --- what can be read and is not right ----------------------------------------------------------------------

NUMBERS = [
    "1e400", "1E5", "1.5e3", "1e-400", "-1e2", "12345678901234567890", "1" * 5000, "1234567890123456", "100000000000000",
    "0.00001", "1.00000", "true", "null,", "[1]", '{"a": 1}', '""', '" 12"', '"12 "', '"1e3"', '"1E400"', '"NaN"', '"Infinity"',
    '"-Infinity"', '"1,000"', '"1.000,5"', '"012"', '".5"', '"1."', '"+1"', '"--1"', '"0x1F"', '"1_000"', '"１２"', '"٣"',
    '"12.34567"', '"99999999999999999999"', '"1e999999999"', '"null"', '"true"', '"一百"', '"½"', '"5%"', '"1２"', '"1٣"', '"0.５"',
]  # fmt: skip


@pytest.mark.parametrize("raw", [raw for raw in NUMBERS if raw != "null,"], ids=lambda raw: raw[:24])
async def test_only_plain_decimal_numbers_are_numbers(scene: Scene, raw: str) -> None:
    """Exponents, other scripts, separators, too many digits and other types are refused at the field, not echoed."""
    response = await scene.send(with_value(raw))
    refused(response, 422, "validation-failed", "/value")
    spelled = raw.strip('"').strip()
    assert len(spelled) < 3 or spelled in ("null", "true") or spelled not in response.text
    await scene.untouched()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"organisation": 5}, "/organisation"),
    ({"organisation": None}, "/organisation"),
    ({"organisation": "../T111"}, "/organisation"),
    ({"organisation": "T111\u200b"}, "/organisation"),
    ({"organisation": "t" * 65}, "/organisation"),
    ({"indicator": ["departments"]}, "/indicator"),
    ({"indicator": "指标"}, "/indicator"),
    ({"period": 2023}, "/period"),
    ({"period": "2023-13"}, "/period"),
    ({"period": "2023-W05"}, "/period"),
    ({"period": "2023-11-30"}, "/period"),
    ({"period": "2023-11\n"}, "/period"),
    ({"submit": "yes"}, "/submit"),
    ({"submit": 1}, "/submit"),
    ({"complies": "true"}, "/complies"),
    ({"complies": 1}, "/complies"),
    ({"since": "2023-02-30"}, "/since"),
    ({"since": "30.11.2023"}, "/since"),
    ({"since": 1700000000}, "/since"),
    ({"since": "2023-11-30T10:00:00"}, "/since"),
    ({"level": "11"}, "/level"),
    ({"level": "-1"}, "/level"),
    ({"rank": "3"}, "/rank"),
    ({"rank": 3.5}, "/rank"),
    ({"rank": 0}, "/rank"),
    ({"percent": "100.01"}, "/percent"),
    ({"percent_of": "people"}, "/percent_of"),
    ({"numerator": "-1"}, "/numerator"),
    ({"components": {"a": "yes"}}, "/components/a"),
    ({"progress": "a\u202eb"}, "/progress"),
    ({"progress": "a\u2066b"}, "/progress"),
    ({"progress": "a\u200bb"}, "/progress"),
    ({"progress": "a\u0007b"}, "/progress"),
    ({"progress": "a\u0085b"}, "/progress"),
    ({"progress": "\ufeffb"}, "/progress"),
    ({"progress": "x" * 4001}, "/progress"),
    ({"progress": 7}, "/progress"),
    ({"not_applicable": None}, "/not_applicable"),
    *(({name: CANARY}, f"/{name}") for name in (
        "state", "version", "in_force_version", "id", "authors", "author", "revision", "etag", "chain", "step",
        "waiting_at", "submitted_at", "created_at", "org_id", "approved_by", "Value", "inForceVersion", "__proto__", "$set",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "pointer"), WRONG)
async def test_a_wrong_or_unknown_field_is_named_and_not_echoed(scene: Scene, wrong: dict[str, Any], pointer: str) -> None:
    """Wrong types, values out of range, control and direction characters, and fields that are not ours."""
    response = await scene.send(json.dumps({**FACT, **wrong}))
    refused(response, 422, "validation-failed", pointer)
    sent = str(next(iter(wrong.values())))
    assert len(sent) < 3 or sent in ("None", "true", "yes", "people") or sent not in response.text
    await scene.untouched()


@pytest.mark.parametrize("raw", ["[]", "null", '"text"', "7", "{}", ""])
async def test_a_body_that_is_no_object_is_not_valid(scene: Scene, raw: str) -> None:
    """A list, a text, nothing at all: refused, not a failure of ours."""
    response = await scene.send(raw)
    assert response.status_code in (400, 422), response.text
    assert response.json()["code"] in ("malformed-request", "validation-failed")
    await scene.untouched()


async def test_every_fault_of_a_body_is_listed_at_once(scene: Scene) -> None:
    """Nobody has to send five times to learn of five faults."""
    body = {"organisation": "T111", "indicator": "", "period": "x", "value": "y", "wrong": 1, "complies": "z"}
    response = await scene.send(json.dumps(body))
    assert {one["pointer"] for one in response.json()["errors"]} == {
        "/indicator", "/period", "/value", "/wrong", "/complies",
    }  # fmt: skip


REFERENCES: list[tuple[dict[str, Any], str, str]] = [
    ({"indicator": "departmentz"}, "unknown-reference", "/indicator"),
    ({"indicator": CANARY}, "unknown-reference", "/indicator"),
    ({"organisation": CANARY}, "unknown-reference", "/organisation"),
    ({"organisation": "T121"}, "unknown-reference", "/organisation"),
    ({"organisation": "X11"}, "unknown-reference", "/organisation"),
    ({"period": "2035-01"}, "unknown-reference", "/period"),
    ({"period": "2023-Q4"}, "validation-failed", "/period"),
    ({"indicator": "beds"}, "validation-failed", "/indicator"),
    ({"subject": "CAMPUS"}, "validation-failed", "/indicator"),
    ({"subject": CANARY}, "validation-failed", "/indicator"),
]


@pytest.mark.parametrize(("wrong", "code", "pointer"), REFERENCES)
async def test_a_body_that_names_what_is_not_there_is_refused(
    scene: Scene, wrong: dict[str, Any], code: str, pointer: str
) -> None:
    """Unknown codes, others' units, periods that do not exist or do not fit, and what is not asked of the unit."""
    response = await scene.send(json.dumps({**FACT, **wrong}))
    refused(response, 422, code, pointer)
    assert CANARY not in response.text
    await scene.untouched()


async def test_a_misspelt_code_gets_a_suggestion(scene: Scene) -> None:
    """What is close to something that exists is answered with that."""
    response = await scene.send(json.dumps({**FACT, "indicator": "departmentz"}), **{"Accept-Language": "en"})
    assert "did you mean departments?" in response.json()["errors"][0]["message"]


async def test_anothers_unit_and_no_unit_look_alike_in_a_body(scene: Scene) -> None:
    """Nothing but the trace id tells a unit out of scope from one that does not exist."""
    answers = [await scene.send(json.dumps({**FACT, "organisation": code})) for code in ("T121", "T999", "P")]
    assert len({nameless(answer) for answer in answers}) == 1


def nameless(response: httpx.Response) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """An answer without its trace id."""
    trace = response.headers["x-request-id"]
    headers = tuple(sorted((name, text) for name, text in response.headers.items() if name != "x-request-id"))
    return response.status_code, response.content.replace(trace.encode(), b""), headers


ROUTES = (
    ("GET", ""), ("PUT", ""), ("GET", "/versions"), ("POST", "/submit"), ("POST", "/withdraw"), ("POST", "/correct"),
    ("POST", "/discard"), ("POST", "/approve"), ("POST", "/return"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "tail"), ROUTES)
async def test_anothers_submission_looks_like_none(scene: Scene, method: str, tail: str) -> None:
    """On every route a foreign submission is answered byte for byte like one that does not exist."""
    scene.world.book.put("two-roles", grant(Role.REPORTER, "T111"), grant(Role.REVIEWER, "X11"))
    body = {"reason": "请核实"} if tail in ("/withdraw", "/return") else {}
    answers = []
    for known in (scene.by_state["foreign"]["id"], str(uuid4()), "00000000-0000-0000-0000-000000000000"):
        sent: dict[str, Any] = {"headers": {"If-Match": '"1"'}} | ({} if method == "GET" else {"json": body})
        answers.append(await scene.world.call("two-roles", method, f"/submissions/{known}{tail}", **sent))
    refused(answers[0], 404, "not-found")
    assert len({nameless(answer) for answer in answers}) == 1
    await scene.untouched()


@pytest.mark.parametrize(
    "path",
    ["/reports/{}/2023-11", "/expectations?organisation={}&period=2023-11", "/submissions?organisation={}",
     "/figures?organisation={}&indicator=departments&period=2023-11", "/standings?organisation={}",
     "/figures/table?organisation={}&by=county&indicators=departments&period=2023-11",
     "/figures/sources?organisation={}&indicator=departments&period=2023-11"],
)  # fmt: skip
async def test_anothers_organisation_looks_like_none(scene: Scene, path: str) -> None:
    """Reading about a sibling, the own county or the province is answered like reading about nothing."""
    answers = [await scene.world.call("reporter-T111", "GET", path.format(code)) for code in ("T112", "X11", "P", "T999")]
    refused(answers[0], 404, "not-found")
    assert len({nameless(answer) for answer in answers}) == 1


@pytest.mark.parametrize("known", ["7", "null", "..%2f..", "%00", "T111", "'--", "0" * 40])
async def test_an_id_of_another_form_finds_nothing(scene: Scene, known: str) -> None:
    """Whatever is put in place of an id: a typed refusal, never a failure."""
    response = await scene.world.call("reporter-T111", "GET", f"/submissions/{known}")
    assert response.status_code in (404, 422), response.text
    assert response.json()["code"] in ("not-found", "validation-failed")


# --- steps --------------------------------------------------------------------------------------------------


async def test_a_closed_period_takes_nothing(scene: Scene) -> None:
    """The window binds the first submission, and a draft."""
    for body in ({**FACT, "period": "2023-12"}, {**FACT, "period": "2023-12", "submit": True}):
        refused(await scene.send(json.dumps(body)), 409, "period-closed")
    await scene.untouched()


STEPS = [
    *(("reporter-T111", action) for action in ("edit", "submit", "withdraw", "correct", "discard")),
    ("reviewer-X11", "approve"),
    ("reviewer-X11", "return"),
]
POSSIBLE = {
    ("draft", "edit"), ("draft", "submit"), ("returned", "edit"), ("returned", "submit"), ("withdrawn", "edit"),
    ("withdrawn", "submit"), ("submitted", "withdraw"), ("submitted", "approve"), ("submitted", "return"),
    ("passed", "approve"), ("passed", "return"), ("approved", "correct"),
}  # fmt: skip


async def take(scene: Scene, who: str, state: str, action: str, if_match: str | bytes | None) -> httpx.Response:
    """A step of the submission in a state, with this If-Match."""
    path = f"/submissions/{scene.by_state[state]['id']}" + ("" if action == "edit" else f"/{action}")
    body = {"reason": "请核实"} if action in ("withdraw", "return") else {"value": "9"} if action == "edit" else {}
    headers: Any = {} if if_match is None else {"If-Match": if_match}
    return await scene.world.call(who, "PUT" if action == "edit" else "POST", path, json=body, headers=headers)


@pytest.mark.parametrize("state", ["draft", "submitted", "passed", "returned", "withdrawn", "approved"])
async def test_an_impossible_step_is_a_conflict_even_with_a_fresh_etag(scene: Scene, state: str) -> None:
    """What the state does not allow is refused as such, whether the ETag is fresh or stale."""
    fresh = scene.by_state[state]["etag"]
    for who, action in STEPS:
        if (state, action) not in POSSIBLE:
            refused(await take(scene, who, state, action, fresh), 409, "state-conflict")
            refused(await take(scene, who, state, action, '"99"'), 409, "state-conflict")
    await scene.untouched()


@pytest.mark.parametrize(("state", "action"), sorted(POSSIBLE - {("passed", "approve"), ("passed", "return")}))
async def test_a_possible_step_needs_the_etag_that_was_read(scene: Scene, state: str, action: str) -> None:
    """Without If-Match 428; with an old, a weak, a listed, an any or a meaningless one 412."""
    who = "reviewer-X11" if action in ("approve", "return") else "reporter-T111"
    refused(await take(scene, who, state, action, None), 428, "precondition-required")
    fresh = scene.by_state[state]["etag"]
    for other in ('"0"', '"99"', f"W/{fresh}", f'{fresh}, "7"', "*", fresh.strip('"'), '""', "nonsense", '"-1"', '"' + '9' * 5000 + '"'):
        response = await take(scene, who, state, action, other.encode())
        refused(response, 412, "stale-version")
    for odd in ('"\u00b2"'.encode("latin-1"), '"１"'.encode(), b'"\xff"'):
        refused(await take(scene, who, state, action, odd), 412, "stale-version")
    await scene.untouched()


async def test_out_of_turn_and_on_ones_own_nobody_reviews(scene: Scene) -> None:
    """The city before the county, the county after it has decided, a neighbour, and an author: all refused."""
    world = scene.world
    for who, state in (("reviewer-C1", "submitted"), ("reviewer-P", "submitted"), ("reviewer-X11", "passed"),
                       ("second-X11", "passed"), ("reviewer-P", "passed")):  # fmt: skip
        refused(await take(scene, who, state, "approve", scene.by_state[state]["etag"]), 403, "forbidden")
    world.book.put("reporter-T111", grant(Role.REPORTER, "T111"), grant(Role.REVIEWER, "X11"))
    for action in ("approve", "return"):
        mine = await take(scene, "reporter-T111", "submitted", action, scene.by_state["submitted"]["etag"])
        refused(mine, 403, "separation-of-duty")
    world.book.put("reviewer-X11", grant(Role.REVIEWER, "X11"), grant(Role.REVIEWER, "C1"))
    again = await take(scene, "reviewer-X11", "passed", "approve", scene.by_state["passed"]["etag"])
    refused(again, 403, "separation-of-duty")
    world.book.put("reporter-T111", grant(Role.REPORTER, "T111"))
    world.book.put("reviewer-X11", grant(Role.REVIEWER, "X11"))
    await scene.untouched()


@pytest.mark.parametrize("who", ["viewer-P", "viewer-X11", "planner-P", "auditor-P", "reviewer-X11", "nobody"])
async def test_who_does_not_report_writes_nothing(scene: Scene, who: str) -> None:
    """Viewers, planners, auditors and reviewers are refused every write, whether they see the unit or not."""
    world, draft = scene.world, scene.by_state["draft"]
    refused(await world.post(who, "/submissions", FACT), 403, "forbidden")
    refused(await world.call(who, "PUT", "/reports/T111/2023-11", json={"entries": [{"indicator": "doctors"}]}), 403, "forbidden")
    refused(await world.post(who, "/reports/T111/2023-11/submit"), 403, "forbidden")
    for action in ("edit", "submit", "discard"):
        refused(await world.step(who, draft, action), 403, "forbidden")
    if who != "reviewer-X11":
        refused(await world.step(who, scene.by_state["submitted"], "approve"), 403, "forbidden")
        body = {"decisions": [{"submission": draft["id"], "version": 1, "decision": "approve"}]}
        refused(await world.post(who, "/review-batches", body), 403, "forbidden")
        refused(await world.call(who, "GET", "/reviews"), 403, "forbidden")
    await scene.untouched()


async def test_without_a_token_there_is_nothing(scene: Scene) -> None:
    """Every route asks who is there first, and says how to answer."""
    for method, path in (("GET", "/submissions"), ("POST", "/submissions"), ("GET", "/periods"), ("GET", "/figures")):
        response = await scene.world.call("stranger", method, path)
        refused(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_method_that_is_not_there_is_named(scene: Scene) -> None:
    """Nothing is ever deleted, and the answer says what can be done instead."""
    response = await scene.world.call("reporter-T111", "DELETE", f"/submissions/{scene.by_state['draft']['id']}")
    refused(response, 405, "method-not-allowed")
    assert {one.strip() for one in response.headers["allow"].split(",")} & {"GET", "PUT"}
    await scene.untouched()


@pytest.mark.parametrize("text", ["", " ", "x", "\u202e反", "a\u0000b", "a\nb", "x" * 301, 7, None])
@pytest.mark.parametrize("action", ["withdraw", "return"])
async def test_a_reason_is_a_line_of_words(scene: Scene, action: str, text: Any) -> None:
    """A step that needs a reason is refused without one, and the reason must be readable."""
    who = "reviewer-X11" if action == "return" else "reporter-T111"
    response = await scene.world.step(who, scene.by_state["submitted"], action, reason=text)
    assert response.status_code in (400, 422), response.text
    if response.status_code == 422:
        refused(response, 422, "validation-failed", "/reason")
    await scene.untouched()


async def test_a_proposal_must_be_an_answer_to_the_question(scene: Scene) -> None:
    """A reviewer can propose only what the unit could have answered."""
    for suggested, pointer in (({"value": "-3"}, "/suggested/value"), ({"complies": True}, "/suggested/complies"),
                               ({"value": "1e3"}, "/suggested/value"), ({"state": "approved"}, "/suggested/state")):  # fmt: skip
        response = await scene.world.step(
            "reviewer-X11", scene.by_state["submitted"], "return", reason="请核实", suggested=suggested
        )
        assert response.status_code == 422, response.text
        assert pointer in [one["pointer"] for one in response.json()["errors"]]
    await scene.untouched()


# --- batches ------------------------------------------------------------------------------------------------


async def test_a_batch_answers_each_decision_on_its_own(world: World) -> None:
    """Good ones are done; stale, foreign, own and impossible ones are each told why, and change nothing."""
    world.book.put("judge", grant(Role.REVIEWER, "X11"), grant(Role.REPORTER, "T113"))
    good = await world.report("T111", "departments", "2023-11", value="1")
    stale = await world.report("T112", "departments", "2023-11", value="1")
    foreign = await world.report("T121", "departments", "2023-11", value="1")
    done = await world.approve(await world.report("T111", "doctors", "2023-11", value="1"), "X11")
    body = {"organisation": "T113", "indicator": "departments", "period": "2023-11", "value": "1", "submit": True}
    own = (await world.post("judge", "/submissions", body)).json()
    wanted = [(good, 1, "done"), (stale, 7, "stale-version"), (foreign, 1, "not-found"), (own, 1, "separation-of-duty"),
              (done, 1, "forbidden"), ({"id": str(uuid4())}, 1, "not-found")]  # fmt: skip
    decisions = [{"submission": s["id"], "version": version, "decision": "approve"} for s, version, _ in wanted]
    response = await world.post("judge", "/review-batches", {"decisions": decisions})
    assert response.status_code == 200, response.text
    results = response.json()["results"]
    assert [(one["submission"], one["outcome"]) for one in results] == [(s["id"], outcome) for s, _, outcome in wanted]
    assert response.json()["summary"] == {
        "done": 1, "stale-version": 1, "not-found": 2, "separation-of-duty": 1, "forbidden": 1,
    }  # fmt: skip
    unlike = [one["message"] for one in results if one["outcome"] == "not-found"]
    assert len(set(unlike)) == 1
    now = await world.read("viewer-P", f"/submissions/{good['id']}")
    assert now["review"]["waiting_at"] == "C1"


async def test_a_batch_that_names_one_twice_tells_what_became_of_each(world: World) -> None:
    """The first decision is done, the second one refused; the answer says so in that order."""
    good = await world.report("T111", "departments", "2023-11", value="1")
    decision = {"submission": good["id"], "version": 1, "decision": "approve"}
    response = await world.post("reviewer-X11", "/review-batches", {"decisions": [decision, decision]})
    assert [one["outcome"] for one in response.json()["results"]] == ["done", "forbidden"]


@pytest.mark.parametrize(
    ("decisions", "pointer"),
    [
        ([], "/decisions"),
        ([{"version": 1, "decision": "approve"}], "/decisions/0/submission"),
        ([{"submission": CANARY, "version": 1, "decision": "approve"}], "/decisions/0/submission"),
        ([{"submission": str(uuid4()), "version": "1", "decision": "approve"}], "/decisions/0/version"),
        ([{"submission": str(uuid4()), "version": 1, "decision": "void"}], "/decisions/0/decision"),
        ([{"submission": str(uuid4()), "version": 1, "decision": "return"}], "/decisions/0"),
        ([{"submission": str(uuid4()), "version": 1, "decision": "approve"}] * 1001, "/decisions"),
    ],
    ids=["none", "no id", "no uuid", "text for a number", "another word", "no reason", "too many"],
)
async def test_a_batch_is_checked_before_anything_is_decided(
    scene: Scene, decisions: list[dict[str, Any]], pointer: str
) -> None:
    """Nothing, too much, no version, no reason: the whole batch is refused."""
    response = await scene.world.post("reviewer-X11", "/review-batches", {"decisions": decisions})
    refused(response, 422, "validation-failed", pointer)
    assert CANARY not in response.text
    await scene.untouched()


# --- idempotency, lease -------------------------------------------------------------------------------------

KEYED = (
    ("reporter-T111", "/submissions", FACT),
    ("reporter-T111", "/reports/T111/2023-11/submit", {}),
    ("reviewer-X11", "/review-batches", {"decisions": [{"submission": str(uuid4()), "version": 1, "decision": "approve"}]}),
    ("planner-P", "/periods/2023-11/extensions",
     {"organisation": "X11", "until": "2099-01-01T00:00:00Z", "reason": "系统故障", "ground": {"title": "批复"}}),
)  # fmt: skip


@pytest.mark.parametrize(("who", "path", "body"), KEYED, ids=lambda given: given if isinstance(given, str) else "")
async def test_a_post_that_makes_something_needs_a_key(scene: Scene, who: str, path: str, body: dict[str, Any]) -> None:
    """Without a key 400; with one too short, too long or unprintable, malformed."""
    headers: Any = {"Authorization": f"Bearer {who}"}
    response = await scene.world.client.post(f"/api/v1{path}", json=body, headers=headers)
    refused(response, 400, "idempotency-key-required")
    for key in ("short", "x" * 201, "clé-clé-clé"):
        odd = {**headers, "Idempotency-Key": key.encode()}
        refused(await scene.world.client.post(f"/api/v1{path}", json=body, headers=odd), 400, "malformed-request")
    await scene.untouched()


async def test_a_key_stands_for_one_request(world: World) -> None:
    """The repeat gets the first answer and has no effect; other content or another route is refused; others may use it."""
    headers = {"Idempotency-Key": "one-and-the-same"}
    first = await world.call("reporter-T111", "POST", "/submissions", json=FACT, headers=headers)
    assert first.status_code == 201
    await world.take("reporter-T111", first.json(), "edit", value="4")
    before = await world.contents()
    again = await world.call("reporter-T111", "POST", "/submissions", json=FACT, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["etag"] == first.headers["etag"]
    quoted = {"Idempotency-Key": '"one-and-the-same"'}
    assert (await world.call("reporter-T111", "POST", "/submissions", json=FACT, headers=quoted)).json() == first.json()
    other = await world.call("reporter-T111", "POST", "/submissions", json={**FACT, "value": "5"}, headers=headers)
    refused(other, 422, "idempotency-key-reused")
    elsewhere = await world.call("reporter-T111", "POST", "/reports/T111/2023-11/submit", json={}, headers=headers)
    refused(elsewhere, 422, "idempotency-key-reused")
    assert await world.contents() == before
    body = {**FACT, "organisation": "T112"}
    assert (await world.call("reporter-T112", "POST", "/submissions", json=body, headers=headers)).status_code == 201


async def test_a_refused_request_does_not_use_up_its_key(world: World) -> None:
    """After a refusal the same key may carry the corrected content."""
    headers = {"Idempotency-Key": "to-be-corrected"}
    bad = await world.call("reporter-T111", "POST", "/submissions", json={**FACT, "value": "-1"}, headers=headers)
    refused(bad, 422, "validation-failed", "/value")
    good = await world.call("reporter-T111", "POST", "/submissions", json=FACT, headers=headers)
    assert good.status_code == 201


async def test_a_key_does_not_outlive_the_right(world: World) -> None:
    """A repeat by somebody who has lost his role is refused; he does not get the stored answer."""
    headers = {"Idempotency-Key": "before-he-left"}
    assert (await world.call("reporter-T111", "POST", "/submissions", json=FACT, headers=headers)).status_code == 201
    world.book.put("reporter-T111", grant(Role.VIEWER, "T111"), grant(Role.REPORTER, "T112"))
    refused(await world.call("reporter-T111", "POST", "/submissions", json=FACT, headers=headers), 403, "forbidden")
    world.book.put("reporter-T111", grant(Role.REPORTER, "T112"))
    refused(await world.call("reporter-T111", "POST", "/submissions", json=FACT, headers=headers), 422, "unknown-reference")


async def test_the_same_fact_again_is_a_repeat_or_a_duplicate(world: World) -> None:
    """Under review, the same content under a new key is no second submission, and other content is refused."""
    submitted = await world.report("T111", "departments", "2023-11", value="3")
    before = (await world.contents())["submission"]
    again = await world.post("reporter-T111", "/submissions", {**FACT, "value": "3.00", "submit": True})
    assert (again.status_code, again.json()["id"], again.json()["etag"]) == (200, submitted["id"], submitted["etag"])
    other = await world.post("reporter-T111", "/submissions", {**FACT, "value": "4", "submit": True})
    refused(other, 409, "duplicate")
    assert (await world.contents())["submission"] == before


async def test_while_rights_are_unsure_reading_goes_on_and_writing_waits(world: World) -> None:
    """With the lease run out every read works and every write is 503 with Retry-After, leaving nothing behind."""
    submitted = await world.report("T111", "departments", "2023-11", value="3")
    world.book.lease = False
    before = await world.contents()
    for path in (f"/submissions/{submitted['id']}", "/submissions", "/reports/T111/2023-11", "/periods",
                 "/figures?organisation=T111&indicator=departments&period=2023-11"):  # fmt: skip
        assert (await world.call("reporter-T111", "GET", path)).status_code == 200
    writes = [
        await world.post("reporter-T111", "/submissions", {**FACT, "period": "2023-10"}),
        await world.call("reporter-T111", "PUT", "/reports/T111/2023-10", json={"entries": [{"indicator": "doctors"}]}),
        await world.step("reporter-T111", submitted, "withdraw", reason="填错"),
        await world.step("reviewer-X11", submitted, "approve"),
        await world.extend("planner-P", "X11", "2023-11"),
    ]
    for response in writes:
        refused(response, 503, "rights-unknown")
        assert int(response.headers["retry-after"]) >= 1
    assert await world.contents() == before
    world.book.lease = True
    await world.approve(submitted, "X11")


async def test_an_unknown_code_is_looked_up_once_before_it_is_refused(world: World) -> None:
    """What was published a moment ago is known after one look; with the source down the answer is 503, not 422."""
    from tests.integration.progress.world import entity, target

    new = {"code": "clinics", "name": "clinics", "definition": "clinics", "value": "number"}
    world.feeds.news = [entity("indicator", "clinics", new), target("clinics", "clinics", "townships", "sum", value="1")]
    body = {**FACT, "indicator": "clinics"}
    assert (await world.post("reporter-T111", "/submissions", body)).status_code == 201
    assert world.feeds.asked == 1
    refused(await world.post("reporter-T111", "/submissions", {**FACT, "indicator": CANARY}), 422, "unknown-reference")
    assert world.feeds.asked == 2
    before = await world.contents()
    world.feeds.down = True
    response = await world.post("reporter-T111", "/submissions", {**FACT, "indicator": CANARY})
    refused(response, 503, "dependency-unavailable")
    assert int(response.headers["retry-after"]) >= 1
    assert CANARY not in response.text
    assert await world.contents() == before


async def test_problems_speak_the_readers_language(scene: Scene) -> None:
    """Chinese unless English is preferred; the code is the same in both."""
    answers = {}
    for language in ("", "en", "zh-CN", "en;q=0.5, zh;q=0.9", "fr"):
        answers[language] = (await scene.send(with_value("-1"), **{"Accept-Language": language})).json()
    assert answers["en"]["title"].isascii()
    assert {answers[one]["title"] for one in ("", "zh-CN", "en;q=0.5, zh;q=0.9", "fr")} == {"部分字段不正确，原因逐项列出。"}
    assert {one["code"] for one in answers.values()} == {"validation-failed"}


async def test_the_sum_of_the_largest_numbers_can_be_read(world: World) -> None:
    """Two units with the largest number allowed do not take the province's figure away from everybody."""
    for code in ("T111", "T112"):
        await world.report(code, "departments", "2023-11", value="99999999999999.99")
    figure = await world.figure("P", "departments", "2023-11", "townships")
    assert figure["reported"]["value"] == "199999999999999.98"
