"""Submissions as rows of a CSV file: written as a template of a report, read back row by row.

A column has the name of a field of a submission; one that begins with ``#`` is a note for people, ignored.
"""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.reports import Answer, FormEntry, ReportForm, SubmissionCreate
from contracts.vocabularies import Value
from zhibiao.errors import UnreadableFile

KEYS = ("organisation", "period", "indicator", "subject")
ANSWERS = tuple(Answer.model_fields)
NOTES = ("#名称", "#填什么", "#要求", "#上期")
YES = {"是", "yes", "y", "true", "1"}
NO = {"否", "no", "n", "false", "0"}
_YES_NO = ("complies", "not_applicable")
_TEMPLATE = (
    *KEYS, "#名称", "#填什么", "#要求", "#上期", "value", "numerator", "denominator", "complies", "since",
    "components", "option", "level", "rated_on", "stage", "percent", "percent_of", "rank", "not_applicable",
    "progress", "problems", "next_step", "help_needed",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A row that cannot be read, or that the server refused."""

    file: str
    line: int
    message: str
    column: str | None = None
    code: str = "row"


@dataclass(frozen=True)
class Row:
    """One submission and the line it stands on."""

    line: int
    new: SubmissionCreate

    def key(self, salt: str = "") -> str:
        """The same content gives the same key, so that loading a file twice files nothing twice."""
        text = self.new.model_dump_json(exclude_unset=True) + salt
        return "row-" + hashlib.sha256(text.encode()).hexdigest()[:40]


def read(path: Path, *, submit: bool) -> tuple[list[Row], list[Fault]]:
    """The rows of a file and what is wrong with those that cannot be used; raises UnreadableFile."""
    reader = csv.DictReader(io.StringIO(_text(path)))
    _check_columns(path, reader.fieldnames or [])
    rows: list[Row] = []
    faults: list[Fault] = []
    for record in reader:
        if given := _given(record):
            found = _row(path.name, reader.line_num, given, submit=submit)
            rows.extend(each for each in found if isinstance(each, Row))
            faults.extend(each for each in found if isinstance(each, Fault))
    return rows, faults


def template(form: ReportForm) -> str:
    """A report as CSV with one row per question, ready to be filled in."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _TEMPLATE, restval="", lineterminator="\r\n")
    writer.writeheader()
    for entry in form.entries:
        writer.writerow(_template_row(form, entry))
    return text.getvalue()


def wanted(entry: FormEntry) -> str:
    """Which fields answer a question, and the words to choose from."""
    choices = entry.components or entry.options or entry.stages or entry.levels
    codes = " ".join(f"{choice.code}={choice.name}" for choice in choices)
    match entry.value:
        case Value.NUMBER:
            return f"value：数值，{entry.unit or ''}"
        case Value.RATIO:
            return f"numerator：{entry.numerator}；denominator：{entry.denominator}"
        case Value.YES_NO if entry.components:
            return f"components：{'；'.join(f'{c.code}=是|否' for c in entry.components)}（{codes}）"
        case Value.YES_NO:
            return "complies：是 / 否" + (f"；option：{codes}" if codes else "")
        case Value.LEVEL:
            return f"level：{codes}；rated_on：评定日期"
        case Value.STAGE:
            return f"stage：{codes}；percent：可选"
        case Value.RANK:
            return "rank：名次"
        case _:
            return "progress：文字说明"


def _text(path: Path) -> str:
    """A file as text: UTF-8 (with or without a mark), else the encoding of Chinese office software."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"无法读取 {path} / cannot read it: {error.strerror}") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(f"{path} 不是 UTF-8 或 GB18030 编码 / is neither UTF-8 nor GB18030")


def _check_columns(path: Path, columns: Any) -> None:
    missing = [name for name in ("organisation", "period", "indicator") if name not in columns]
    unknown = [name for name in columns if name and not name.startswith("#") and name not in KEYS + ANSWERS]
    if missing:
        raise UnreadableFile(f"{path.name} 缺少列 / lacks the columns: {', '.join(missing)}")
    if unknown:
        raise UnreadableFile(
            f"{path.name} 有未知的列 / has unknown columns: {', '.join(unknown)}"
            "（说明性的列请以 # 开头 / begin the names of notes with #）"
        )


def _given(record: dict[str | None, Any]) -> dict[str, str]:
    """The cells of a row that say something; a row without any answer was left empty on purpose."""
    cells = {
        name: value.strip()
        for name, value in record.items()
        if name and not name.startswith("#") and isinstance(value, str) and value.strip()
    }
    return cells if cells.keys() & set(ANSWERS) else {}


def _row(file: str, line: int, given: dict[str, str], *, submit: bool) -> list[Row | Fault]:
    content: dict[str, Any] = {**given, "submit": submit}
    try:
        for name in _YES_NO:
            if name in given:
                content[name] = yes_or_no(given[name])
        if "components" in given:
            content["components"] = components(given["components"])
        # as JSON, so that dates and whole numbers are read from text
        for name in ("rank",):
            if name in given:
                content[name] = int(given[name])
        return [Row(line, SubmissionCreate.model_validate_json(json.dumps(content)))]
    except ValidationError as error:
        return [
            Fault(
                file,
                line,
                str(fault["msg"]),
                column=".".join(map(str, fault["loc"])) or None,
                code=fault["type"],
            )
            for fault in error.errors()
        ]
    except ValueError as error:
        return [Fault(file, line, str(error))]


def yes_or_no(text: str) -> bool:
    """是 or 否 in one of its spellings; raises ValueError."""
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise ValueError(f"请填 是 或 否 / write yes or no：{text}")


def components(text: str) -> dict[str, bool]:
    """``stroke=是；trauma=否`` as an answer per component; raises ValueError."""
    pairs = [part.partition("=") for part in text.replace("；", ";").split(";") if part.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError(f"请填 代码=是；代码=否 / write code=yes;code=no：{text}")
    return {name.strip(): yes_or_no(said.strip()) for name, _, said in pairs}


def _template_row(form: ReportForm, entry: FormEntry) -> dict[str, str]:
    return {
        "organisation": form.organisation,
        "period": form.period,
        "indicator": entry.indicator,
        "subject": entry.subject or "",
        "#名称": entry.name if entry.subject_name is None else f"{entry.name}（{entry.subject_name}）",
        "#填什么": wanted(entry),
        "#要求": "；".join(entry.thresholds),
        "#上期": _last(entry),
    }


def _last(entry: FormEntry) -> str:
    if entry.last is None:
        return ""
    said = entry.last.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return f"{entry.last_period}：" + "；".join(f"{name}={value}" for name, value in said.items())
