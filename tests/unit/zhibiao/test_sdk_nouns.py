"""Which address, message and precondition each use case sends."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.access import GrantIn, UserCreate
from contracts.base import Ground
from contracts.reports import Answer, Approve, Decision, Entry, ExtensionCreate, Submission, SubmissionCreate
from contracts.vocabularies import Role
from zhibiao import Zhibiao
from zhibiao.errors import UnexpectedAnswer, UnreadableFile

ID = UUID("00000000-0000-7000-8000-000000000007")
SUBMISSION = Submission.model_construct(id=ID, etag='"3"')
GROUND = Ground(title="测试", number="1号")


class Recorder:
    """A server that keeps the last request and answers with something that no model accepts."""

    def __init__(self) -> None:
        self.last = httpx.Request("GET", "http://nothing.test")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.last = request
        return httpx.Response(200, json={"unexpected": True})


CALLS: list[tuple[Callable[[Zhibiao], Any], str, str, Any, str | None]] = [
    (lambda c: c.me(), "GET", "me", None, None),
    (
        lambda c: c.organisations.get("360700", on=date(2023, 11, 30)),
        "GET",
        "organisations/360700?on=2023-11-30",
        None,
        None,
    ),
    (
        lambda c: c.users.create(UserCreate(login="zs", name="张三", organisation="360700", password="p")),
        "POST",
        "users",
        {"login": "zs", "name": "张三", "organisation": "360700", "password": "p"},
        None,
    ),
    (
        lambda c: c.users.grant(ID, GrantIn(role=Role.REVIEWER, organisation="360700")),
        "POST",
        f"users/{ID}/grants",
        {"role": "reviewer", "organisation": "360700"},
        None,
    ),
    (lambda c: c.plans.get("jx"), "GET", "plans/jx", None, None),
    (lambda c: c.targets.get("T1"), "GET", "targets/T1", None, None),
    (lambda c: c.indicators.get("beds"), "GET", "indicators/beds", None, None),
    (lambda c: c.periods.get("2023-11"), "GET", "periods/2023-11", None, None),
    (
        lambda c: c.periods.extend(
            "2023-11",
            ExtensionCreate(
                organisation="360700", until=datetime(2026, 1, 1, tzinfo=UTC), reason="补报", ground=GROUND
            ),
        ),
        "POST",
        "periods/2023-11/extensions",
        {
            "organisation": "360700",
            "until": "2026-01-01T00:00:00Z",
            "reason": "补报",
            "ground": {"title": "测试", "number": "1号"},
        },
        None,
    ),
    (lambda c: c.reports.get("DEMO-1", "2023-11"), "GET", "reports/DEMO-1/2023-11", None, None),
    (
        lambda c: c.reports.save("DEMO-1", "2023-11", [Entry(indicator="beds", value="3")]),
        "PUT",
        "reports/DEMO-1/2023-11",
        {"entries": [{"indicator": "beds", "value": "3"}]},
        None,
    ),
    (
        lambda c: c.submissions.edit(SUBMISSION, Answer(complies=False)),
        "PUT",
        f"submissions/{ID}",
        {"complies": False},
        '"3"',
    ),
    (
        lambda c: c.figures.series(organisation="360700", indicator="beds", periods=["2023-10", "2023-11"]),
        "GET",
        "figures/series?organisation=360700&indicator=beds&period=2023-10&period=2023-11",
        None,
        None,
    ),
    (
        lambda c: c.figures.table(organisation="360700", period="2023", by="county", indicators=["beds"]),
        "GET",
        "figures/table?organisation=360700&period=2023&by=county&indicators=beds",
        None,
        None,
    ),
    (lambda c: c.reports.submit("DEMO-1", "2023-11"), "POST", "reports/DEMO-1/2023-11/submit", {}, None),
    (
        lambda c: c.submissions.create(
            SubmissionCreate(organisation="DEMO-1", period="2023-11", indicator="beds", value="12.50", submit=True)
        ),
        "POST",
        "submissions",
        {"organisation": "DEMO-1", "period": "2023-11", "indicator": "beds", "value": "12.5", "submit": True},
        None,
    ),
    (lambda c: c.submissions.get(ID), "GET", f"submissions/{ID}", None, None),
    (lambda c: c.submissions.submit(SUBMISSION), "POST", f"submissions/{ID}/submit", {}, '"3"'),
    (
        lambda c: c.submissions.withdraw(SUBMISSION, "填错"),
        "POST",
        f"submissions/{ID}/withdraw",
        {"reason": "填错"},
        '"3"',
    ),
    (
        lambda c: c.submissions.return_(SUBMISSION, "不符", suggested=Answer(value="3")),
        "POST",
        f"submissions/{ID}/return",
        {"reason": "不符", "suggested": {"value": "3"}},
        '"3"',
    ),
    (lambda c: c.submissions.approve(SUBMISSION), "POST", f"submissions/{ID}/approve", {}, '"3"'),
    (
        lambda c: c.submissions.approve(SUBMISSION, Approve(judgement="met")),
        "POST",
        f"submissions/{ID}/approve",
        {"judgement": "met"},
        '"3"',
    ),
    (lambda c: c.submissions.correct(SUBMISSION), "POST", f"submissions/{ID}/correct", {}, '"3"'),
    (lambda c: c.submissions.versions(SUBMISSION), "GET", f"submissions/{ID}/versions", None, None),
    (
        lambda c: c.reviews.decide([Decision(submission=ID, version=2, decision="approve")]),
        "POST",
        "review-batches",
        {"decisions": [{"submission": str(ID), "version": 2, "decision": "approve"}]},
        None,
    ),
    (
        lambda c: c.figures.get(organisation="360700", indicator="beds", scope="all", period="2023"),
        "GET",
        "figures?organisation=360700&indicator=beds&scope=all&period=2023",
        None,
        None,
    ),
    (
        lambda c: c.standings.summary(organisation="360700", on=date(2023, 12, 31)),
        "GET",
        "standings/summary?organisation=360700&on=2023-12-31",
        None,
        None,
    ),
    (
        lambda c: c.standings.failing("T1", organisation="360700"),
        "GET",
        "standings/T1/failing?organisation=360700",
        None,
        None,
    ),
]


@pytest.mark.parametrize(("call", "method", "address", "body", "etag"), CALLS, ids=[row[2] for row in CALLS])
def test_what_is_sent(call: Callable[[Zhibiao], Any], method: str, address: str, body: Any, etag: str | None) -> None:
    server = Recorder()
    with (
        Zhibiao("http://g.test", token="t", transport=httpx.MockTransport(server)) as client,
        pytest.raises(UnexpectedAnswer),
    ):
        call(client)
    sent = server.last
    assert sent.method == method
    assert str(sent.url) == f"http://g.test/api/v1/{address}"
    assert sent.headers.get("If-Match") == etag
    assert ("Idempotency-Key" in sent.headers) == (method == "POST")
    assert (json.loads(sent.content) if sent.content else None) == body


def job(state: str) -> dict[str, Any]:
    """An import as the server shows it."""
    return {
        "id": str(ID),
        "kind": "plans",
        "mode": "dry_run",
        "state": state,
        "counts": {"new": 1},
        "conflicts": [],
        "conflict_count": 0,
        "created_at": "2026-01-01T00:00:00Z",
    }


def folder_of_yaml(at: Path) -> Path:
    """A plan as a folder, with something beside it that does not belong to it."""
    (at / "plan" / "more").mkdir(parents=True)
    (at / "plan" / "plan.yaml").write_text("a: 1", encoding="utf-8")
    (at / "plan" / "more" / "targets.yml").write_text("b: 2", encoding="utf-8")
    (at / "plan" / "notes.txt").write_text("no", encoding="utf-8")
    return at / "plan"


def parts(request: httpx.Request) -> dict[str, bytes]:
    """The parts of a multipart message by name."""
    boundary = b"--" + request.headers["Content-Type"].partition("boundary=")[2].encode()
    found = {}
    for part in request.content.split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        found[head.split(b'name="')[1].split(b'"')[0].decode()] = content[:-2]
    return found


def test_a_folder_is_zipped_and_the_end_of_the_work_waited_for(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202 if len(seen) == 1 else 200, json=job("running" if len(seen) == 1 else "done"))

    with Zhibiao("http://g.test", token="t", transport=httpx.MockTransport(server)) as client:
        made = client.plans.load(folder_of_yaml(tmp_path), dry_run=True, publish=True, ground="通知")
    assert made.state == "done"
    assert [request.url.path for request in seen] == ["/api/v1/imports/plans", f"/api/v1/imports/plans/{ID}"]
    sent = parts(seen[0])
    assert (sent["mode"], sent["publish"], sent["ground"].decode()) == (b"dry_run", b"true", "通知")
    with zipfile.ZipFile(io.BytesIO(sent["file"])) as archive:
        assert archive.namelist() == ["more/targets.yml", "plan.yaml"]
        assert archive.read("plan.yaml") == b"a: 1"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_csv_file_travels_in_utf_8(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "单位.csv"
    file.write_bytes("code,name\n1,章贡区\n".encode(encoding))
    server = Recorder()
    with (
        Zhibiao("http://g.test", token="t", transport=httpx.MockTransport(server)) as client,
        pytest.raises(UnexpectedAnswer),
    ):
        client.organisations.load(file)
    sent = parts(server.last)
    assert sent["file"].decode() == "code,name\n1,章贡区\n"
    assert sent["mode"] == b"atomic"


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_nothing_to_load_is_said_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with Zhibiao("http://g.test", token="t") as client, pytest.raises(UnreadableFile):
        client.plans.load(tmp_path / name)
