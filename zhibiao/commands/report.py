"""The report of a unit, shown or written as a template to fill in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from contracts.reports import FormEntry, ReportForm
from zhibiao import sheet
from zhibiao.commands.common import JsonOption, UrlOption, connect
from zhibiao.terminal import answer_text, emit, note, out, show, table

TemplateOption = Annotated[
    Path | None, typer.Option("--template", help="把填报模板写成 CSV，- 为标准输出 / write a CSV template")
]
STATE_COLOURS = {
    "draft": "dim",
    "submitted": "cyan",
    "returned": "yellow",
    "withdrawn": "dim",
    "approved": "green",
}


def plug(app: typer.Typer) -> None:
    """Add `report`."""
    app.command("report")(report)


def report(
    organisation: Annotated[str, typer.Argument(help="单位代码 / organisation")],
    period: Annotated[str, typer.Argument(help="报告期，如 2023-11 / period")],
    template: TemplateOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """查看一个单位一期的报表 / the report of a unit and period."""
    with connect(url) as client:
        form = client.reports.get(organisation, period)
    if template is not None:
        _write(form, template)
    elif json:
        emit(form)
    else:
        _show(form)


def state_text(state: str, zh: str) -> str:
    """The state of a submission in its colour."""
    return f"[{STATE_COLOURS.get(state, 'default')}]{zh}[/]"


def _write(form: ReportForm, path: Path) -> None:
    text = sheet.template(form)
    if str(path) == "-":
        typer.echo(text, nl=False)
        return
    # the mark lets office software recognise UTF-8
    path.write_text(text, encoding="utf-8-sig", newline="")
    note(f"[green]✓[/] {len(form.entries)} 项，写入 / written：{path}")


def _show(form: ReportForm) -> None:
    window = form.window
    until = window.extended_until or window.closes_at
    opened = f"[green]开放至 {until:%Y-%m-%d %H:%M}Z[/]" if window.open else "[red]未开放 / closed[/]"
    out.print(f"[bold]{escape(form.organisation_name)}[/] {form.organisation} {form.period} {opened}")
    show(_entries(form))
    out.print("，".join(f"{escape(name)} {count}" for name, count in form.counts.items()))


def _entries(form: ReportForm) -> Table:
    made = table("指标 indicator", "名称", "要求", "上期>", "本期>", "状态")
    for entry in form.entries:
        made.add_row(*_cells(entry))
    return made


def _cells(entry: FormEntry) -> tuple[str, ...]:
    now = entry.submission
    words = {choice.code: choice.name for choice in (*entry.stages, *entry.options, *entry.components)}
    subject = f"（{escape(entry.subject_name)}）" if entry.subject_name else ""
    return (
        entry.indicator,
        escape(entry.name) + subject,
        escape("；".join(entry.thresholds)),
        escape(answer_text(entry.last, words)) if entry.last else "—",
        escape(answer_text(now.answer, words)) if now else "—",
        state_text(now.state, now.state.zh) if now else "[dim]未填[/]",
    )
