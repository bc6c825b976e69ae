"""Reports as CSV: the template, what is read back, and a file of rows submitted."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_server import Server, run, submission

from contracts.reports import Answer, ReportForm
from zhibiao import sheet
from zhibiao.errors import UnreadableFile

HEAD = "organisation,period,indicator,value\n"
WINDOW = {
    "opens_at": "2023-11-01T00:00:00Z",
    "closes_at": "2023-12-11T00:00:00Z",
    "extended_until": None,
    "open": True,
}


def entry(indicator: str, value: str, **changes: Any) -> dict[str, Any]:
    """A question of a report."""
    return {
        "indicator": indicator,
        "name": f"指标{indicator}",
        "name_en": None,
        "definition": "定义",
        "value": value,
        "unit": "张",
        "numerator": "甲",
        "denominator": "乙",
        "decimals": 0,
        "components": [],
        "options": [],
        "stages": [],
        "levels": [],
        "subject": None,
        "subject_name": None,
        "targets": [],
        "thresholds": ["≥ 3"],
        "rules": [],
        "last": None,
        "last_period": None,
        "submission": None,
        "actions": ["edit", "submit"],
    } | changes


def form(*entries: dict[str, Any]) -> dict[str, Any]:
    """A report."""
    return {
        "organisation": "DEMO-1",
        "organisation_name": "演示院",
        "synthetic": True,
        "period": "2023-11",
        "window": WINDOW,
        "entries": list(entries),
        "counts": {"asked": len(entries)},
    }


STAGES = [{"code": "started", "name": "已开工"}, {"code": "complete", "name": "建成"}]
CENTRES = [{"code": "stroke", "name": "卒中"}, {"code": "trauma", "name": "创伤"}]
REPORT = form(
    entry("beds", "number", last={"value": "5"}, last_period="2023-10"),
    entry("staff", "ratio"),
    entry("site", "stage", stages=STAGES, subject="new-site", subject_name="新址", submission=submission()),
    entry("clinic", "yes_no"),
    entry("centres", "yes_no", components=CENTRES),
    entry("records", "level"),
    entry("place", "rank"),
    entry("work", "judged"),
)
FILLED = {
    "beds": {"value": "12"},
    "staff": {"numerator": "7", "denominator": "10"},
    "site": {"stage": "started", "percent": "35"},
    "clinic": {"complies": "是", "since": "2022-05-01"},
    "centres": {"components": "stroke=是；trauma=否"},
    "records": {"level": "3", "rated_on": "2023-06-30"},
    "place": {"rank": "88"},
    "work": {"progress": "已完成"},
}


def filled(text: str) -> str:
    """A template with its answers written in."""
    head, *rows = [line.split(",") for line in text.splitlines()]
    for row in rows:
        for name, value in FILLED[row[head.index("indicator")]].items():
            row[head.index(name)] = value
    return "\n".join(",".join(row) for row in [head, *rows])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_template_that_was_filled_in_is_read_back(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "月报.csv"
    file.write_bytes(filled(sheet.template(ReportForm.model_validate(REPORT))).encode(encoding))
    rows, faults = sheet.read(file, submit=True)
    assert faults == []
    answers = {row.new.indicator: row.new for row in rows}
    assert set(answers) == set(FILLED)
    assert {(row.new.organisation, row.new.period, row.new.submit) for row in rows} == {("DEMO-1", "2023-11", True)}
    assert answers["site"].subject == "new-site"
    assert answers["clinic"].complies is True
    assert answers["centres"].components == {"stroke": True, "trauma": False}
    assert answers["place"].rank == 88
    assert str(answers["staff"].denominator) == "10"


def test_a_template_says_what_to_fill_in() -> None:
    text = sheet.template(ReportForm.model_validate(REPORT))
    for words in ("numerator：甲", "started=已开工", "stroke=是|否", "complies：是 / 否", "2023-10：value=5", "≥ 3"):
        assert words in text


def test_rows_without_an_answer_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(HEAD + "DEMO-1,2023-11,beds,\nDEMO-2,2023-11,beds,7\n", encoding="utf-8")
    rows, faults = sheet.read(file, submit=True)
    assert [(row.line, row.new.organisation) for row in rows] == [(3, "DEMO-2")]
    assert faults == []


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("DEMO-1,2023-13,beds,1", "period"),
        ("DEMO 1,2023-11,beds,1", "organisation"),
        ("DEMO-1,2023-11,beds,1e3", "value"),
        ("DEMO-1,2023-11,beds,many", "value"),
        (",2023-11,beds,1", "organisation"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: str, column: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(HEAD + "DEMO-1,2023-11,beds,1\n" + row + "\n", encoding="utf-8")
    rows, faults = sheet.read(file, submit=True)
    assert len(rows) == 1
    assert [(fault.file, fault.line, fault.column) for fault in faults] == [("rows.csv", 3, column)]


@pytest.mark.parametrize("words", ["maybe", "是的"])
def test_yes_or_no_has_few_spellings(words: str) -> None:
    with pytest.raises(ValueError):
        sheet.yes_or_no(words)


@pytest.mark.parametrize(
    "text", ["", "organisation,period\nDEMO-1,2023-11\n", HEAD.replace("value", "valeu") + "a,2023,b,1\n"]
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableFile):
        sheet.read(file, submit=True)


def test_the_fields_of_a_submission_are_the_columns() -> None:
    written = sheet.template(ReportForm.model_validate(form())).strip().split(",")
    assert set(Answer.model_fields) == {name for name in written if not name.startswith("#")} - set(sheet.KEYS)


# --- commands ---------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A file of two rows."""
    file = tmp_path / "rows.csv"
    file.write_text(HEAD + "DEMO-1,2023-11,beds,3\nDEMO-2,2023-11,beds,7\n", encoding="utf-8")
    return file


@pytest.mark.usefixtures("signed_in")
def test_a_report_as_a_table_a_template_and_json(server: Server, tmp_path: Path) -> None:
    server.says("GET", "reports/DEMO-1/2023-11", REPORT)
    table = run("report", "DEMO-1", "2023-11").stdout
    assert "演示院" in table and "指标beds" in table and "待审核" in table and "未填" in table
    assert json.loads(run("report", "DEMO-1", "2023-11", "--json").stdout)["period"] == "2023-11"
    file = tmp_path / "out.csv"
    assert run("report", "DEMO-1", "2023-11", "--template", str(file)).exit_code == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbforganisation")
    assert run("report", "DEMO-1", "2023-11", "--template", "-").stdout.startswith("organisation,")


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (["--value", "12.5"], {"value": "12.5"}),
        (["--numerator", "7", "--denominator", "10"], {"numerator": "7", "denominator": "10"}),
        (["--yes"], {"complies": True}),
        (["--no"], {"complies": False}),
        (["--stage", "started"], {"stage": "started"}),
        (["--level", "3"], {"level": "3"}),
        (["--rank", "9"], {"rank": 9}),
        (["--not-applicable", "--progress", "无此项"], {"not_applicable": True, "progress": "无此项"}),
        (["--value", "1", "--draft"], {"value": "1", "submit": False}),
        (["--value", "1", "--subject", "new-site"], {"value": "1", "subject": "new-site"}),
    ],
)
def test_one_value(server: Server, options: list[str], answer: dict[str, Any]) -> None:
    server.says("POST", "submissions", submission(), status=201)
    done = run("submit", "-o", "DEMO-1", "-i", "beds", "-p", "2023-11", *options)
    assert done.exit_code == 0
    assert "等待 信丰县 审核" in done.stdout
    about = {"organisation": "DEMO-1", "indicator": "beds", "period": "2023-11", "submit": True}
    assert server.sent() == [about | answer]


@pytest.mark.usefixtures("signed_in")
def test_a_file_run_twice_files_nothing_twice(server: Server, rows: Path) -> None:
    server.says("POST", "submissions", submission(), status=201)
    assert run("submit", "--file", str(rows)).exit_code == 0
    done = run("submit", "--file", str(rows), "--json")
    first, second, third, fourth = [request.headers["Idempotency-Key"] for request in server.requests]
    assert (first, second) == (third, fourth)
    assert first != second
    assert [each["line"] for each in json.loads(done.stdout)["filed"]] == [2, 3]
    run("submit", "--file", str(rows), "--again")
    assert len({request.headers["Idempotency-Key"] for request in server.requests}) == 4


@pytest.mark.usefixtures("signed_in")
def test_a_refused_row_is_named_and_the_others_are_filed(server: Server, rows: Path) -> None:
    server.says("POST", "submissions", submission(), status=201)
    server.refuses("POST", "submissions", 422, "validation-failed")
    (refusal,) = server.answers["POST", "/api/v1/submissions"]
    server.answers["POST", "/api/v1/submissions"] = [refusal, httpx.Response(201, json=submission())]
    done = run("submit", "--file", str(rows), "--json")
    assert done.exit_code == 5
    told = json.loads(done.stdout)
    assert [each["line"] for each in told["filed"]] == [3]
    assert told["faults"] == [
        {"file": "rows.csv", "line": 2, "message": "应为数字。", "column": "value", "code": "number"}
    ]


@pytest.mark.usefixtures("signed_in")
def test_a_file_with_a_bad_row_is_not_sent_in_part(server: Server, rows: Path) -> None:
    rows.write_text(rows.read_text(encoding="utf-8") + "DEMO-3,2023-13,beds,1\n", encoding="utf-8")
    done = run("submit", "--file", str(rows))
    assert done.exit_code == 5
    assert "rows.csv:4" in done.stderr
    assert server.requests == []


@pytest.mark.usefixtures("signed_in")
def test_a_server_that_goes_away_ends_the_run(server: Server, rows: Path) -> None:
    server.says("POST", "submissions", httpx.ConnectError("gone"))
    assert run("submit", "--file", str(rows)).exit_code == 6


@pytest.mark.usefixtures("signed_in")
def test_a_file_goes_alone(rows: Path) -> None:
    assert run("submit", "--file", str(rows), "--value", "1").exit_code == 2
