"""The command line: what it sends, what it prints where, and with which exit code it ends."""

import json
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_server import ID, ME, TOKENS, Server, run, submission

from contracts.access import TokenAnswer
from zhibiao import saved
from zhibiao.saved import Account, Store

# --- exit codes -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "unauthenticated", 3),
        (403, "forbidden", 3),
        (403, "separation-of-duty", 3),
        (404, "not-found", 4),
        (409, "period-closed", 1),
        (412, "stale-version", 1),
        (422, "validation-failed", 5),
        (422, "unknown-reference", 5),
        (429, "rate-limited", 6),
        (500, "internal", 1),
        (502, "bad-upstream", 6),
        (503, "overloaded", 6),
        (503, "rights-unknown", 6),
        (504, "upstream-timeout", 6),
    ],
)
def test_a_refusal_is_a_sentence_and_an_exit_code(server: Server, status: int, code: str, expected: int) -> None:
    server.refuses("GET", "me", status, code)
    done = run("whoami", "--json")
    assert done.exit_code == expected
    assert done.stdout == ""
    assert "不行" in done.stderr and code in done.stderr and "trace-1" in done.stderr
    assert "因为[bold]这样[/bold]" in done.stderr  # what the server says is shown as it is
    assert "/value 应为数字。" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("late")])
def test_nobody_there(server: Server, failure: Exception) -> None:
    server.says("GET", "me", failure)
    done = run("whoami")
    assert (done.exit_code, done.stdout) == (6, "")
    assert "127.0.0.1:8000" in done.stderr


@pytest.mark.usefixtures("signed_in")
def test_interrupted(server: Server) -> None:
    server.says("GET", "me", KeyboardInterrupt())
    done = run("whoami")
    assert done.exit_code == 130
    assert "中断" in done.stderr


def test_not_signed_in() -> None:
    done = run("whoami", "--url", "http://example.test")
    assert done.exit_code == 3
    assert "zhibiao login" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["unknown"],
        ["report", "DEMO-1"],
        ["submit", "--organisation", "DEMO-1"],
        ["submit", "-o", "DEMO-1", "-i", "beds", "-p", "2023-13", "--value", "1"],
        ["submit", "-o", "DEMO-1", "-i", "beds", "-p", "2023-11", "--value", "1e3"],
        ["review", "approve"],
        ["review", "approve", "de07", "--all"],
        ["review", "return", "de07"],
        ["review", "return", "de07", "--reason", " "],
        ["load", "plan", "/nowhere"],
        ["demo", "--url", "https://health.example"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("signed_in")
def test_wrong_usage(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr


def test_every_command_of_ours_speaks_json() -> None:
    commands = [
        ["login"], ["logout"], ["password"], ["whoami"], ["load", "organisations"], ["load", "facts"],
        ["load", "plan"], ["report"], ["submit"], ["review"], ["review", "approve"], ["review", "return"],
        ["figures"], ["standings"], ["demo"],
    ]  # fmt: skip
    for command in commands:
        assert "--json" in run(*command, "--help").stdout, command


# --- accounts ---------------------------------------------------------------------------------------------------


def test_signing_in_keeps_the_tokens_for_the_user_alone(
    server: Server, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIBIAO_PASSWORD", "secret word")
    server.says("POST", "oauth/token", TOKENS)
    done = run("login", "zs", "--url", "http://127.0.0.1:9000/", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["login"] == "zs"
    file = nobody / "accounts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(nobody.stat().st_mode) == 0o700
    assert "secret word" not in file.read_text(encoding="utf-8")
    server.says("GET", "me", ME)
    assert run("whoami").exit_code == 0
    asked = server.requests[-1]
    assert asked.url.port == 9000  # the address used last
    assert asked.headers["Authorization"] == "Bearer a1"


def test_the_password_is_asked_for_and_not_shown(server: Server) -> None:
    server.says("POST", "oauth/token", TOKENS | {"must_change_password": True})
    done = run("login", "zs", typed="typed word\n")
    assert done.exit_code == 0
    assert b"password=typed+word" in server.requests[0].content
    assert "typed word" not in done.output
    assert "zhibiao password" in done.stderr


def test_a_password_over_an_open_line_is_warned_of(server: Server) -> None:
    server.says("POST", "oauth/token", TOKENS)
    done = run("login", "zs", "--url", "http://health.example", typed="typed word\n")
    assert "未加密" in done.stderr


def test_a_machine_signs_in_and_renews_with_its_secret(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIBIAO_CLIENT_SECRET", "s3")
    server.says("POST", "oauth/token", {"access_token": "m1", "expires_in": 600})
    assert run("login", "--client-id", "c7").exit_code == 0
    monkeypatch.delenv("ZHIBIAO_CLIENT_SECRET")
    server.refuses("GET", "me", 401, "unauthenticated")
    assert run("whoami").exit_code == 3
    forms = [r.content for r in server.requests if r.url.path.endswith("token")]
    assert forms == [b"grant_type=client_credentials&client_id=c7&client_secret=s3"] * 2


def test_signing_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIBIAO_PASSWORD", "secret word")
    server.says("POST", "oauth/token", TOKENS)
    run("login", "zs")
    assert json.loads(run("logout", "--json").stdout)["forgotten"] is True
    assert json.loads(run("logout", "--json").stdout)["forgotten"] is False
    assert run("whoami").exit_code == 3


def test_a_renewed_token_is_saved_and_one_renewed_elsewhere_is_used(server: Server, nobody: Path) -> None:
    store, url = Store(nobody), "http://127.0.0.1:8000"
    store.save(url, Account(login="zs", access="old", refresh="r0"))
    mine, other = saved.access(url), saved.access(url)
    asked: list[dict[str, str]] = []

    def ask(form: Mapping[str, str]) -> TokenAnswer:
        asked.append(dict(form))
        return TokenAnswer.model_validate(TOKENS)

    assert mine.renew("old", ask) == "a1"
    assert other.renew("old", ask) == "a1"
    assert asked == [{"grant_type": "refresh_token", "refresh_token": "r0"}]
    kept = store.account(url)
    assert kept is not None and (kept.access, kept.refresh) == ("a1", "r1")


def test_a_spoilt_file_of_accounts_means_not_signed_in(nobody: Path) -> None:
    nobody.mkdir()
    (nobody / "accounts.json").write_text("{", encoding="utf-8")
    assert run("whoami").exit_code == 3


# --- loading ----------------------------------------------------------------------------------------------------


def job(conflicts: list[dict[str, Any]], count: int | None = None) -> dict[str, Any]:
    """An import."""
    return {
        "id": ID + "2",
        "kind": "plans",
        "mode": "atomic",
        "state": "refused" if conflicts else "done",
        "counts": {"new": 3, "changed": 1},
        "conflicts": conflicts,
        "conflict_count": len(conflicts) if count is None else count,
        "created_at": "2026-01-01T00:00:00Z",
    }


CONFLICT = {
    "file": "targets.yaml",
    "line": 17,
    "column": "scope",
    "code": "unknown-reference",
    "message": "没有这个范围",
    "message_en": "there is no such scope",
    "suggestion": "是否为 counties？",
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A file to load."""
    file = tmp_path / "plan.yaml"
    file.write_text("plan: {}", encoding="utf-8")
    return file


@pytest.mark.usefixtures("signed_in")
def test_every_conflict_is_shown_at_its_place(server: Server, plan: Path) -> None:
    server.says("POST", "imports/plans", job([CONFLICT, CONFLICT | {"line": 99}], count=5), status=202)
    done = run("load", "plan", str(plan))
    assert done.exit_code == 5
    assert done.stdout == ""
    for words in (
        "targets.yaml:17 scope 没有这个范围",
        "targets.yaml:99",
        "there is no such scope",
        "→ 是否为 counties？",
    ):
        assert words in done.stderr
    assert "另有 3 处" in done.stderr and "5 处问题" in done.stderr


@pytest.mark.usefixtures("signed_in")
def test_conflicts_for_programs(server: Server, plan: Path) -> None:
    server.says("POST", "imports/plans", job([CONFLICT]), status=202)
    done = run("load", "plan", str(plan), "--json")
    assert done.exit_code == 5
    assert json.loads(done.stdout)["conflicts"][0]["line"] == 17


@pytest.mark.usefixtures("signed_in")
def test_a_dry_run_says_that_nothing_was_written(server: Server, plan: Path) -> None:
    server.says("POST", "imports/plans", job([]), status=202)
    done = run("load", "plan", str(plan), "--dry-run")
    assert done.exit_code == 0
    assert "尚未写入" in done.stdout and "新增 3" in done.stdout
    assert b"dry_run" in server.requests[0].content
    assert "已写入" in run("load", "plan", str(plan), "--publish").stdout
    assert b'name="publish"' in server.requests[1].content


# --- reviewing --------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(server: Server, signed_in: None) -> Server:
    """A reviewer for whom two submissions wait."""
    waiting = [submission(), submission(id="01a20040-0000-7000-8000-0000abc01de8", version=1)]
    server.says("GET", "reviews", {"items": waiting, "next": None})
    result = {"submission": ID + "7", "outcome": "done", "state": "submitted", "message": None}
    server.says("POST", "review-batches", {"summary": {"done": 1}, "results": [result]})
    return server


def test_what_waits(desk: Server) -> None:
    done = run("review", "--period", "2023-11")
    assert done.exit_code == 0
    assert "c0de07:2" in done.stdout and "演示院" in done.stdout and "12.5" in done.stdout
    assert desk.requests[0].url.params["period"] == "2023-11"
    assert len(json.loads(run("review", "--json").stdout)["items"]) == 2


@pytest.mark.parametrize("handle", ["de07", "ABC0DE07", "c0de07:2", ID + "7"])
def test_approving_pins_the_version_that_was_read(desk: Server, handle: str) -> None:
    done = run("review", "approve", handle)
    assert done.exit_code == 0
    (sent,) = desk.sent()
    decision = {"submission": ID + "7", "version": 2, "decision": "approve", "reason": None}
    assert sent == {"decisions": [decision]}


def test_returning_says_why(desk: Server) -> None:
    run("review", "return", "de07", "--reason", "与台账不符")
    (sent,) = desk.sent()
    assert sent["decisions"][0]["decision"] == "return"
    assert sent["decisions"][0]["reason"] == "与台账不符"


@pytest.mark.parametrize(
    ("handle", "expected"), [("9", 4), ("", 2), ("e07:1", 5)], ids=["unknown", "ambiguous", "other version"]
)
def test_a_handle_must_mean_one_thing(desk: Server, handle: str, expected: int) -> None:
    assert run("review", "approve", handle).exit_code == expected
    assert desk.sent() == []


def test_approving_everything_is_asked_about(desk: Server) -> None:
    assert run("review", "approve", "--all", typed="n\n").exit_code == 130
    assert desk.sent() == []
    assert run("review", "approve", "--all", typed="y\n").exit_code == 0
    assert run("review", "approve", "--all", "--yes").exit_code == 0
    assert [len(sent["decisions"]) for sent in desk.sent()] == [2, 2]


def test_a_decision_that_was_not_taken_is_told(desk: Server) -> None:
    failed = {"submission": ID + "7", "outcome": "separation-of-duty", "state": None, "message": "不能审核自己的"}
    desk.says("POST", "review-batches", {"summary": {"separation-of-duty": 1}, "results": [failed]})
    done = run("review", "approve", "de07")
    assert done.exit_code == 1
    assert "不能审核自己的" in done.stderr


# --- commands of other packages -----------------------------------------------------------------------------------


class Point:
    """An entry point."""

    def __init__(self, name: str, load: Callable[[], Any]) -> None:
        self.name, self.load = name, load


def test_other_packages_plug_in_and_a_broken_one_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise ImportError("no module named x")

    def plug(app: Any) -> None:
        app.command("more")(lambda: print("more was run"))

    points = [Point("a", broken), Point("b", lambda: plug)]
    monkeypatch.setattr("zhibiao.cli.entry_points", lambda group: points if group == "zhibiao.commands" else [])
    done = run("more")
    assert done.exit_code == 0
    assert "more was run" in done.stdout
