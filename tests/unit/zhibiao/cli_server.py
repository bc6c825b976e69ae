"""A server that the command line reaches instead of a real one, and what it shows."""

import json
from typing import Any

import httpx
from typer.testing import CliRunner, Result

from zhibiao.cli import build

ID = "01a20040-0000-7000-8000-0000abc0de0"
ME = {
    "id": ID + "1",
    "kind": "person",
    "name": "张三",
    "login": "zs",
    "grants": [],
    "must_change_password": False,
}
TOKENS = {"access_token": "a1", "expires_in": 600, "refresh_token": "r1"}


def submission(**changes: Any) -> dict[str, Any]:
    """A submission that waits at the county."""
    review = {
        "step": 1,
        "of": 3,
        "waiting_at": "360722",
        "waiting_at_name": "信丰县",
        "no_reviewer": False,
    }
    return {
        "id": ID + "7",
        "indicator": "beds",
        "indicator_name": "床位数",
        "organisation": "DEMO-1",
        "organisation_name": "演示院",
        "synthetic": True,
        "subject": None,
        "subject_name": None,
        "period": "2023-11",
        "state": "submitted",
        "version": 2,
        "in_force_version": None,
        "answer": {"value": "12.5"},
        "review": review,
        "returned": None,
        "author": "李四",
        "submitted_at": "2023-12-01T00:00:00Z",
        "updated_at": "2023-12-01T00:00:00Z",
        "etag": '"3"',
        "actions": ["approve", "return"],
    } | changes


class Server:
    """Answers by method and path, and remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: dict[tuple[str, str], list[httpx.Response | BaseException]] = {}

    def says(self, method: str, path: str, *answers: Any, status: int = 200) -> None:
        """What to answer, in turn; the last one for ever."""
        made = [a if isinstance(a, BaseException) else httpx.Response(status, json=a) for a in answers]
        self.answers[method, "/api/v1/" + path] = made

    def refuses(self, method: str, path: str, status: int, code: str) -> None:
        """A problem as the answer."""
        fault = {"pointer": "/value", "code": "number", "message": "应为数字。"}
        problem = {
            "type": "t",
            "title": "不行",
            "status": status,
            "detail": "因为[bold]这样[/bold]",
            "code": code,
            "trace_id": "trace-1",
            "errors": [fault],
        }
        self.says(method, path, problem, status=status)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answers = self.answers[request.method, request.url.path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content)

    def sent(self, method: str = "POST") -> list[Any]:
        """The JSON messages of a method."""
        return [json.loads(r.content) for r in self.requests if r.method == method]


def run(*arguments: str, typed: str | None = None) -> Result:
    """One run of the command line."""
    return CliRunner().invoke(build(), list(arguments), input=typed)
