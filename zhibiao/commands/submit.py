"""Submitting values: one by options, many from a CSV file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from contracts.reports import Submission, SubmissionCreate
from zhibiao import sheet
from zhibiao.client import Zhibiao
from zhibiao.commands.common import IndicatorOption, JsonOption, OrganisationOption, UrlOption, connect
from zhibiao.errors import ApiError, Conflict, Forbidden, Invalid, NotFound
from zhibiao.sheet import Fault, Row
from zhibiao.terminal import Exit, answer_text, counted, emit, err, note, out

# What one row can do wrong; anything else (not signed in, server away) ends the whole run.
_OF_THE_ROW = (Conflict, Forbidden, Invalid, NotFound)


def plug(app: typer.Typer) -> None:
    """Add `submit`."""
    app.command("submit")(submit)


@dataclass(frozen=True)
class Filed:
    """A row that the server has taken."""

    line: int
    submission: Submission


def submit(
    organisation: OrganisationOption = None,
    indicator: IndicatorOption = None,
    period: Annotated[str | None, typer.Option("--period", "-p", help="报告期，如 2023-11 / period")] = None,
    subject: Annotated[str | None, typer.Option(help="项目代码 / subject")] = None,
    value: Annotated[str | None, typer.Option(help="数值 / number")] = None,
    numerator: Annotated[str | None, typer.Option(help="分子 / numerator")] = None,
    denominator: Annotated[str | None, typer.Option(help="分母 / denominator")] = None,
    complies: Annotated[bool | None, typer.Option("--yes/--no", help="是否 / yes or no", show_default=False)] = None,
    stage: Annotated[str | None, typer.Option(help="阶段代码 / stage")] = None,
    level: Annotated[str | None, typer.Option(help="级别 / level")] = None,
    rank: Annotated[int | None, typer.Option(help="名次 / rank")] = None,
    not_applicable: Annotated[
        bool, typer.Option("--not-applicable", help="不适用（用 --progress 写明理由）/ not applicable")
    ] = False,
    progress: Annotated[str | None, typer.Option(help="进展说明 / progress in words")] = None,
    file: Annotated[Path | None, typer.Option(help="CSV 文件，一行一项 / CSV, one row each", exists=True)] = None,
    draft: Annotated[bool, typer.Option("--draft", help="只存草稿，不提交 / save as draft only")] = False,
    again: Annotated[bool, typer.Option("--again", help="内容未变的行也重新提交 / file unchanged rows again")] = False,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """上报：一项用选项，多项用 --file / submit one value, or a CSV file of many.

    同一文件重复执行不会重复上报：内容相同的行七天内只生效一次（--again 除外）。
    Running a file twice files nothing twice: a row with the same content counts once within seven days.
    """
    given: dict[str, Any] = {
        "organisation": organisation, "indicator": indicator, "period": period, "subject": subject,
        "value": value, "numerator": numerator, "denominator": denominator, "complies": complies,
        "stage": stage, "level": level, "rank": rank, "not_applicable": not_applicable or None,
        "progress": progress,
    }  # fmt: skip
    named = {name: each for name, each in given.items() if each is not None}
    if file is None:
        _one(named | {"submit": not draft}, url, json)
    elif named:
        raise typer.BadParameter("--file 不能与单项选项同用 / --file goes alone", param_hint=", ".join(named))
    else:
        _many(file, not draft, again, url, json)


def _one(content: dict[str, Any], url: str | None, json: bool) -> None:
    try:
        new = SubmissionCreate.model_validate(content)
    except ValidationError as error:
        places = ", ".join("--" + ".".join(map(str, fault["loc"])) for fault in error.errors())
        raise typer.BadParameter(str(error.errors()[0]["msg"]), param_hint=places) from None
    with connect(url) as client:
        made = client.submissions.create(new)
    if json:
        emit(made)
    else:
        out.print(f"[green]✓[/] {describe(made)}")


def _many(file: Path, submitting: bool, again: bool, url: str | None, json: bool) -> None:
    rows, faults = sheet.read(file, submit=submitting)
    filed: list[Filed] = []
    if not faults:  # a file that cannot be read whole is not sent in part
        with connect(url) as client:
            filed, faults = _send(client, rows, file.name, again)
    if json:
        emit({"filed": [_machine_row(each) for each in filed], "faults": [asdict(fault) for fault in faults]})
    else:
        _show(filed, faults)
    if faults:
        raise typer.Exit(Exit.CONFLICTS)


def _send(client: Zhibiao, rows: list[Row], file: str, again: bool) -> tuple[list[Filed], list[Fault]]:
    filed: list[Filed] = []
    faults: list[Fault] = []
    for row in counted(rows, "上报 / submitting"):
        try:
            filed.append(Filed(row.line, client.submissions.create(row.new, key=None if again else row.key())))
        except _OF_THE_ROW as error:
            faults.extend(_faults(file, row.line, error))
    return filed, faults


def _faults(file: str, line: int, error: ApiError) -> list[Fault]:
    whole = Fault(file, line, " ".join(part for part in (error.title, error.detail) if part), code=error.code)
    fields = [Fault(file, line, e.message, column=e.pointer.strip("/") or None, code=e.code) for e in error.errors]
    return fields or [whole]


def _machine_row(each: Filed) -> dict[str, Any]:
    return {"line": each.line, "submission": each.submission.model_dump(mode="json")}


def _show(filed: list[Filed], faults: list[Fault]) -> None:
    for fault in faults:
        column = f" [cyan]{escape(fault.column)}[/]" if fault.column else ""
        err.print(f"[bold]{escape(fault.file)}:{fault.line}[/]{column} {escape(fault.message)} [dim]{fault.code}[/]")
    if faults and not filed:
        note(f"[red]✗[/] {len(faults)} 处问题，未上报任何一行 / {len(faults)} faults, no row was filed")
    else:
        mark = "[yellow]![/]" if faults else "[green]✓[/]"
        out.print(f"{mark} 上报 {len(filed)} 行，拒绝 {len(faults)} 处 / {len(filed)} filed, {len(faults)} faults")


def describe(made: Submission) -> str:
    """A submission in one line."""
    waiting = f"，等待 {escape(made.review.waiting_at_name)} 审核" if made.review else ""
    said = f"{escape(made.indicator_name)} {escape(answer_text(made.answer))} [dim]第{made.version}版[/]"
    return f"{escape(made.organisation_name)} {made.period} {said} {made.state.zh}{waiting} [dim]{made.id}[/]"
