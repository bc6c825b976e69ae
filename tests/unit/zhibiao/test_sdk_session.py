"""How the SDK repeats, signs, renews, pages and complains: told by a server that records what it is sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.access import Me
from contracts.organisations import OrganisationCreate
from contracts.reports import Answer, Entry, Submission
from contracts.vocabularies import Kind, Level
from zhibiao import Patience, Zhibiao, errors

Server = Callable[[httpx.Request], httpx.Response]
URL = "http://gateway.test"
ME = {
    "id": "00000000-0000-7000-8000-000000000001",
    "kind": "person",
    "name": "张三",
    "login": "zs",
    "grants": [],
    "must_change_password": False,
    "added_by_a_newer_server": 1,
}
ORGANISATION: dict[str, Any] = {
    "id": "00000000-0000-7000-8000-000000000002",
    "code": "DEMO-1",
    "name": "演示院",
    "level": "institution",
    "kind": "township_centre",
    "synthetic": True,
    "parent": None,
    "parent_name": None,
    "division": None,
    "division_name": None,
    "valid_from": "2023-01-01",
    "valid_to": None,
    "etag": '"1"',
}
NEW = OrganisationCreate(
    code="DEMO-1", name="演示院", level=Level.INSTITUTION, kind=Kind.TOWNSHIP_CENTRE, valid_from="2023-01-01"
)


class Conversation:
    """A server that answers in turn and remembers the requests; and how long the client waited."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options: Any) -> Zhibiao:
        """A client that speaks to this server and does not really sleep."""
        options.setdefault("token", "first")
        return Zhibiao(URL, transport=httpx.MockTransport(self), sleep=self.waits.append, **options)

    def keys(self) -> list[str | None]:
        """The Idempotency-Key of each request."""
        return [request.headers.get("Idempotency-Key") for request in self.requests]


def said(status: int, code: str, **headers: str) -> httpx.Response:
    """A problem document."""
    body = {
        "type": f"/docs/errors#{code}",
        "title": "题",
        "status": status,
        "detail": "细节",
        "code": code,
        "trace_id": "t-1",
        "errors": [{"pointer": "/name", "code": "missing", "message": "必填。"}],
    }
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): v for name, v in headers.items()})


def ok(body: object) -> httpx.Response:
    """A success."""
    return httpx.Response(200, json=body)


@pytest.mark.parametrize(
    "failure",
    [
        said(503, "overloaded", Retry_After="2"),
        said(503, "rights-unknown"),
        said(504, "upstream-timeout"),
        said(429, "rate-limited", Retry_After="1"),
        said(409, "idempotency-key-in-progress", Retry_After="1"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
    ],
    ids=lambda failure: type(failure).__name__ if isinstance(failure, Exception) else str(failure.status_code),
)
def test_a_post_is_repeated_with_the_same_key(failure: httpx.Response | Exception) -> None:
    server = Conversation(failure, failure, ok(ORGANISATION))
    made = server.client().organisations.create(NEW)
    assert made.code == "DEMO-1"
    first, *others = server.keys()
    assert first is not None
    assert others == [first, first]
    assert [r.content for r in server.requests[1:]] == [server.requests[0].content] * 2


def test_two_calls_have_two_keys() -> None:
    server = Conversation(ok(ORGANISATION), ok(ORGANISATION))
    client = server.client()
    client.organisations.create(NEW)
    client.organisations.create(NEW)
    assert len(set(server.keys())) == 2


def test_a_key_of_the_callers_own_is_used() -> None:
    server = Conversation(ok(ORGANISATION))
    server.client().organisations.create(NEW, key="row-17-of-my-file")
    assert server.keys() == ["row-17-of-my-file"]


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    at = format_datetime(datetime.now(UTC).replace(microsecond=0), usegmt=True)
    server = Conversation(
        said(503, "overloaded", Retry_After="7"), said(503, "overloaded", Retry_After=at), ok(ORGANISATION)
    )
    server.client().organisations.create(NEW)
    assert server.waits == [7.0, 0.0]


def test_without_retry_after_the_waits_grow() -> None:
    server = Conversation(*(said(504, "upstream-timeout") for _ in range(4)), ok(ORGANISATION))
    server.client().organisations.create(NEW)
    assert all(later > sooner for sooner, later in zip(server.waits, server.waits[1:], strict=False))


def test_patience_ends() -> None:
    server = Conversation(*(said(503, "overloaded") for _ in range(3)))
    with pytest.raises(errors.Overloaded):
        server.client(patience=Patience(tries=3)).organisations.create(NEW)
    assert len(server.requests) == 3


def test_a_wait_longer_than_patience_is_not_waited_for() -> None:
    server = Conversation(said(503, "overloaded", Retry_After="600"))
    with pytest.raises(errors.Overloaded) as caught:
        server.client().organisations.create(NEW)
    assert caught.value.retry_after == 600.0
    assert server.waits == []


def test_all_waits_together_are_bounded() -> None:
    server = Conversation(*(said(503, "overloaded", Retry_After="20") for _ in range(3)))
    with pytest.raises(errors.Overloaded):
        server.client(patience=Patience(tries=9, together=45)).organisations.create(NEW)
    assert server.waits == [20.0, 20.0]


DRAFT = Submission.model_construct(id=UUID(int=7), etag='"3"')


def test_a_guarded_put_whose_outcome_is_unknown_is_not_repeated() -> None:
    server = Conversation(httpx.ReadTimeout("late"))
    with pytest.raises(errors.Unreachable):
        server.client().submissions.edit(DRAFT, Answer(value="1"))
    assert len(server.requests) == 1


def test_a_put_that_says_the_whole_may_be_repeated() -> None:
    saved = {"organisation": "DEMO-1", "period": "2023-11", "items": []}
    server = Conversation(httpx.ReadTimeout("late"), ok(saved))
    server.client().reports.save("DEMO-1", "2023-11", [Entry(indicator="beds", value="1")])
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 428, 500, 502])
def test_other_refusals_are_not_repeated(status: int) -> None:
    server = Conversation(said(status, "something-new"))
    with pytest.raises(errors.ApiError):
        server.client().organisations.create(NEW)
    assert len(server.requests) == 1


def test_the_token_is_renewed_once_and_the_call_repeated_with_its_key() -> None:
    renewed = ok({"access_token": "second", "expires_in": 600, "refresh_token": "r2"})
    server = Conversation(said(401, "unauthenticated"), renewed, ok(ORGANISATION), ok(ME))
    client = server.client(refresh_token="r1")
    client.organisations.create(NEW)
    client.me()
    refused, form, repeated, later = server.requests
    assert form.url.path == "/api/v1/oauth/token"
    assert form.content == b"grant_type=refresh_token&refresh_token=r1"
    assert "Authorization" not in form.headers
    assert refused.headers["Authorization"] == "Bearer first"
    assert repeated.headers["Authorization"] == later.headers["Authorization"] == "Bearer second"
    assert repeated.headers["Idempotency-Key"] == refused.headers["Idempotency-Key"]


def test_a_second_refusal_is_final() -> None:
    renewed = ok({"access_token": "second", "expires_in": 600, "refresh_token": "r2"})
    server = Conversation(said(401, "unauthenticated"), renewed, said(401, "unauthenticated"))
    with pytest.raises(errors.Unauthenticated):
        server.client(refresh_token="r1").me()
    assert len(server.requests) == 3


def test_an_ended_session_is_the_refusal_itself() -> None:
    server = Conversation(said(401, "unauthenticated"), said(400, "invalid-grant"))
    with pytest.raises(errors.Unauthenticated):
        server.client(refresh_token="r1").me()


def test_without_a_refresh_token_nothing_is_renewed() -> None:
    server = Conversation(said(401, "unauthenticated"))
    with pytest.raises(errors.Unauthenticated):
        server.client().me()
    assert len(server.requests) == 1


def test_signing_in_as_a_person() -> None:
    server = Conversation(ok({"access_token": "a", "expires_in": 600, "refresh_token": "r"}), ok(ME))
    transport = httpx.MockTransport(server)
    with Zhibiao.sign_in(URL, "zs", "päss & wörd", transport=transport) as client:
        assert isinstance(client.me(), Me)
    form = httpx.QueryParams(server.requests[0].content.decode())
    assert dict(form) == {"grant_type": "password", "username": "zs", "password": "päss & wörd"}
    assert server.requests[1].headers["Authorization"] == "Bearer a"


def test_a_machine_fetches_a_token_when_it_needs_one() -> None:
    server = Conversation(
        ok({"access_token": "a", "expires_in": 600}),
        ok(ME),
        said(401, "unauthenticated"),
        ok({"access_token": "b", "expires_in": 600}),
        ok(ME),
    )
    client = Zhibiao.as_machine(URL, "id", "secret", transport=httpx.MockTransport(server))
    client.me()
    client.me()
    form = httpx.QueryParams(server.requests[0].content.decode())
    assert dict(form) == {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"}
    assert server.requests[-1].headers["Authorization"] == "Bearer b"


def test_pages_are_fetched_when_they_are_needed() -> None:
    second = {"items": [{**ORGANISATION, "code": "DEMO-2"}], "next": None}
    server = Conversation(
        ok({"items": [ORGANISATION], "next": "/api/v1/organisations?level=city&limit=1&cursor=x"}), ok(second)
    )
    listed = server.client().organisations.list(level="city", on=None)
    assert server.requests == []
    assert next(listed).code == "DEMO-1"
    assert len(server.requests) == 1
    assert [each.code for each in listed] == ["DEMO-2"]
    assert dict(server.requests[1].url.params) == {"level": "city", "limit": "1", "cursor": "x"}


@pytest.mark.parametrize("link", ["http://elsewhere.test/api/v1/organisations", "//elsewhere.test/x"])
def test_a_page_link_to_another_server_is_refused(link: str) -> None:
    server = Conversation(ok({"items": [ORGANISATION], "next": link}))
    with pytest.raises(errors.UnexpectedAnswer):
        list(server.client().organisations.list())
    assert len(server.requests) == 1


def test_a_gateway_below_a_path_is_found_again_on_the_next_page() -> None:
    server = Conversation(ok({"items": [], "next": "/api/v1/plans?cursor=x"}), ok({"items": []}))
    with Zhibiao(URL + "/health/", token="t", transport=httpx.MockTransport(server)) as client:
        assert list(client.plans.list()) == []
    assert [r.url.path for r in server.requests] == ["/health/api/v1/plans"] * 2


def test_filters_travel_as_text() -> None:
    server = Conversation(ok({"items": []}))
    list(server.client().submissions.list(state=["submitted", "returned"], organisation="360700"))
    query = server.requests[0].url.params
    assert query.get_list("state") == ["submitted", "returned"]
    assert "indicator" not in query


def test_the_language_is_asked_for() -> None:
    server = Conversation(ok(ME))
    server.client(language="en").me()
    assert server.requests[0].headers["Accept-Language"] == "en"


def test_what_is_not_a_problem_document_is_said_to_be_unexpected() -> None:
    server = Conversation(httpx.Response(404, text="<html>nginx</html>"))
    with pytest.raises(errors.UnexpectedAnswer, match="404"):
        server.client().me()


def test_an_answer_of_another_form_is_said_to_be_unexpected() -> None:
    server = Conversation(ok({"name": "张三"}))
    with pytest.raises(errors.UnexpectedAnswer):
        server.client().me()


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://x", "", "http://"])
def test_an_address_must_look_like_one(address: str) -> None:
    with pytest.raises(errors.Unreachable):
        Zhibiao(address)
