"""Looking at figures and standings."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated

import typer
from rich.markup import escape

from contracts.base import plain
from contracts.figures import Figure, FigureSource, FigureTable, FigureValue
from contracts.standings import Failing, Standing, StandingSummary
from contracts.vocabularies import Level, Status
from zhibiao.client import Zhibiao
from zhibiao.commands.common import JsonOption, PeriodOption, UrlOption, connect
from zhibiao.terminal import emit, emit_all, out, progress, show, table

STATUS_COLOURS = {
    Status.ACHIEVED: "bold green",
    Status.ON_TRACK: "green",
    Status.AT_RISK: "yellow",
    Status.BEHIND: "dark_orange",
    Status.OVERDUE: "bold red",
    Status.STALE: "magenta",
    Status.NOT_DUE: "blue",
    Status.NOT_JUDGED: "dim",
}
Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="日期 / day, today unless told")]


@dataclass(frozen=True)
class Asked:
    """Which figure."""

    organisation: str
    indicator: str
    scope: str
    period: str

    def figure(self, client: Zhibiao) -> Figure:
        """The figure."""
        return client.figures.get(**asdict(self))

    def sources(self, client: Zhibiao) -> Iterator[FigureSource]:
        """The versions it is made of."""
        return client.figures.sources(**asdict(self))


def plug(app: typer.Typer) -> None:
    """Add `figures` and `standings`."""
    app.command("figures")(figures)
    app.command("standings")(standings)


def figures(
    organisation: Annotated[str, typer.Argument(help="地区或单位代码 / organisation")],
    indicator: Annotated[str, typer.Argument(help="指标代码 / indicator")],
    period: PeriodOption,
    scope: Annotated[str | None, typer.Option(help="统计范围；默认为各目标所用的 / scope")] = None,
    by: Annotated[Level | None, typer.Option(help="按下级列表 / one row per area of a level")] = None,
    sources: Annotated[bool, typer.Option("--sources", help="列出来源版本 / the versions behind it")] = False,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """查看汇总数：填报数与审定数 / reported and confirmed figures."""
    if by is not None and scope is not None:
        raise typer.BadParameter("按下级列表时用指标的首个统计范围 / --by goes without it", param_hint="--scope")
    with connect(url) as client:
        if by is not None:
            found = client.figures.table(organisation=organisation, period=period, by=by, indicators=[indicator])
            _give_table(found, json)
            return
        scopes = [scope] if scope else scopes_of(client, indicator)
        asked = [Asked(organisation, indicator, each, period) for each in scopes]
        if sources:
            _give_sources([source for each in asked for source in each.sources(client)], json)
        else:
            figures = [each.figure(client) for each in asked]
            emit_all(figures) if json else show_figures(figures)


def standings(
    holder: Annotated[str | None, typer.Argument(help="地区或单位代码 / organisation")] = None,
    plan: Annotated[str | None, typer.Option(help="计划代码 / plan")] = None,
    on: Day = None,
    status: Annotated[list[Status] | None, typer.Option(help="状态，可重复 / status, repeatable")] = None,
    item: Annotated[str | None, typer.Option(help="行动、任务或项目代码 / item")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="只看各状态数量 / counts only")] = False,
    failing: Annotated[str | None, typer.Option("--failing", help="目标代码：列出未达标单位 / units that fail")] = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """查看目标进度 / how far each target is."""
    day = on.date() if on else None
    with connect(url) as client:
        if failing is not None:
            _give_failing(client.standings.failing(failing, organisation=holder, on=day), json)
        elif summary:
            _give_summary(client.standings.summary(organisation=holder, plan=plan, on=day), json)
        else:
            found = _standings(client, plan, holder, day, status or [], item)
            emit_all(found) if json else show_standings(found)


def scopes_of(client: Zhibiao, indicator: str) -> list[str]:
    """The scopes in which targets look at an indicator."""
    return list(dict.fromkeys(target.scope for target in client.targets.list(indicator=indicator)))


def status_text(status: Status) -> str:
    """A status in its colour."""
    return f"[{STATUS_COLOURS[status]}]{status.zh}[/]"


def value_text(value: FigureValue) -> str:
    """One series of a figure: its value, with numerator and denominator where it has them."""
    whole = plain(value.value) if value.value is not None else "—"
    if value.numerator is None or value.denominator is None:
        return whole
    return f"{whole} [dim]({plain(value.numerator)}/{plain(value.denominator)})[/]"


def show_figures(found: list[Figure]) -> None:
    """Figures as a table, those that are missing named."""
    made = table("单位", "指标", "统计范围", "报告期", "填报数>", "审定数>", "应报>", "已报>", "已审>")
    for each in found:
        made.add_row(
            escape(each.organisation_name), escape(each.indicator_name), escape(each.scope_name), each.period,
            value_text(each.reported), value_text(each.confirmed),
            *(str(n) for n in (each.units.in_scope, each.units.reported, each.units.confirmed)),
        )  # fmt: skip
    show(made)
    for each in found:
        if each.units.missing:
            names = "、".join(map(escape, each.units.missing))
            out.print(f"[yellow]未报 / missing[/]（{escape(each.scope_name)}）：{names}")


def show_standings(found: list[Standing]) -> None:
    """Standings as a table with the reason in words."""
    made = table("目标", "单位", "状态", "审定>", "应达>", "目标值>", "期限", "原因")
    for each in found:
        numbers = (plain(n) if n is not None else "—" for n in (each.actual, each.expected, each.final))
        made.add_row(
            f"{escape(each.target_name)} [dim]{each.target}[/]", escape(each.organisation_name),
            status_text(each.status), *numbers, each.due.isoformat(), escape(each.reason),
        )  # fmt: skip
    show(made)


def _standings(
    client: Zhibiao,
    plan: str | None,
    holder: str | None,
    on: date | None,
    status: list[Status],
    item: str | None,
) -> list[Standing]:
    with progress("读取进度 / reading"):
        return list(client.standings.list(plan=plan, organisation=holder, on=on, status=status or None, item=item))


def _give_table(found: FigureTable, json: bool) -> None:
    if json:
        emit(found)
        return
    made = table("单位", "指标", "统计范围", "填报数>", "审定数>", "应报>")
    for row in found.rows:
        made.add_row(
            f"{escape(row.organisation_name)} [dim]{row.organisation}[/]",
            row.indicator,
            row.scope,
            value_text(row.reported),
            value_text(row.confirmed),
            str(row.in_scope),
        )
    show(made)


def _give_sources(found: list[FigureSource], json: bool) -> None:
    if json:
        emit_all(found)
        return
    made = table("单位", "报告期", "版本>", "状态", "填报数>", "审定数>", "编号")
    for each in found:
        reported, confirmed = (value_text(v) if v else "—" for v in (each.reported, each.confirmed))
        place = (escape(each.organisation_name), each.period, str(each.version), each.state.zh)
        made.add_row(*place, reported, confirmed, str(each.submission)[-8:])
    show(made)


def _give_summary(found: StandingSummary, json: bool) -> None:
    if json:
        emit(found)
        return
    made = table("状态", "目标数>", title=f"{found.organisation} {found.on}")
    for status in Status:
        if count := found.counts.get(status.value, 0):
            made.add_row(status_text(status), str(count))
    show(made)


def _give_failing(found: Failing, json: bool) -> None:
    if json:
        emit(found)
        return
    made = table("单位", "欠缺", title=f"{found.target} {found.organisation} {found.on}")
    for each in found.items:
        made.add_row(f"{escape(each.organisation_name)} [dim]{each.organisation}[/]", escape(each.lacks))
    show(made)
    if found.truncated:
        out.print("[dim]仅列出一部分 / not all are shown[/]")
