"""Telling the month on the screen: who did what, and how figures and standings moved."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.panel import Panel

from zhibiao.commands.look import STATUS_COLOURS
from zhibiao.demo import cast
from zhibiao.demo.cast import shown
from zhibiao.demo.play import Scene, Words
from zhibiao.demo.record import Act, Record
from zhibiao.demo.stage import Made
from zhibiao.demo.watch import Look, Sight
from zhibiao.terminal import answer_text, out, show, table

SHOWN_AT_MOST = 3
_VERBS = {
    "saved": "[dim]存稿未交[/]",
    "submitted": "[cyan]提交[/]",
    "resubmitted": "[cyan]重报[/]",
    "corrected": "[magenta]更正[/]",
    "returned": "[yellow]退回[/]",
    "approved": "[green]通过[/]",
}


def opening(url: str, institutions: Made, people: Made, opened: bool, first: bool) -> None:
    """Where we are and what was made or found."""
    lines = [
        f"[bold]赣州市 {cast.PERIOD} 月报演示[/] {url}",
        "机构、人员、数字均为合成数据，行政区划和计划目标为真实名称。",
        "All institutions, people and numbers are synthetic; divisions and targets are real names.",
        "",
        f"机构 {_counts(institutions)}；人员 {_counts(people)}",
        f"报告期 {cast.PERIOD}：{'经延期审批开放（有依据、留痕）' if opened else '已开放'}",
        "本月首次填报。" if first else "[yellow]本月此前已演示过：接着做未完的事，并更正一个已审定的数。[/]",
    ]
    out.print(Panel("\n".join(lines), title=f"指标 · 演示{cast.MARK}", border_style="cyan"), soft_wrap=False)


def scene(number: int, told: Scene, before: Look, words: Words) -> None:
    """One scene: the acts, then what moved."""
    out.print(f"\n[bold cyan]第{number}幕 {escape(told.title)}{cast.MARK}[/]")
    if not told.acts:
        out.print("  [dim]没有需要办理的事项。[/]")
        return
    _acts(told.acts, words)
    _moved(told.after, before)


def closing(record: Record, after: Look, started_here: bool) -> None:
    """Where everything stands at the end."""
    out.print(f"\n[bold cyan]月末{cast.MARK}[/] 状态按 {cast.JUDGED_ON} 评价，只依据审定数")
    _everything(after)
    counts = Counter(act.verb for act in record.acts)
    done = "，".join(f"{_VERBS[verb]} {count}" for verb, count in counts.items()) or "无"
    out.print(f"本次：{done}；此前已办 {record.known} 项。")
    if not started_here:
        out.print("[dim]再次运行会接着办理，并更正一个数。 / Run it again: it goes on from here.[/]")


def _counts(made: Made) -> str:
    return f"新建 {len(made.new)}、已有 {len(made.known)}"


def _acts(acts: Sequence[Act], words: Words) -> None:
    """The acts worth a line of their own; many of one kind are counted."""
    for verb in _VERBS:
        same = [act for act in acts if act.verb == verb]
        for act in same[:SHOWN_AT_MOST]:
            out.print("  " + _told(act, words.get(act.indicator, {})))
        if len(same) > SHOWN_AT_MOST:
            out.print(f"  {_VERBS[verb]} [dim]…另有 {len(same) - SHOWN_AT_MOST} 项[/]")


def _told(act: Act, words: Mapping[str, str]) -> str:
    at = f"{shown(cast.OFFICES[act.office])} " if act.office else ""
    text = (
        f"{at}{_VERBS[act.verb]} {escape(shown(act.organisation_name))} {escape(act.indicator_name)} "
        f"[bold]{escape(answer_text(act.answer, words))}[/]"
    )
    if act.version > 1:
        text += f" [dim]第{act.version}版[/]"
    if act.reason:
        text += f"\n      原因：{escape(act.reason)}"
    if act.suggested:
        text += f" 建议值：[bold]{escape(answer_text(act.suggested, words))}[/]"
    return text


def _moved(after: Look, before: Look) -> None:
    """Only what moved, with the value before."""
    moved = [(sight, before[key]) for key, sight in after.items() if sight.changed(before.get(key))]
    if not moved:
        out.print("  [dim]指标数没有变化。[/]")
        return
    made = table("变动的指标", "地区", "填报数>", "审定数>", "状态")
    for now, then in moved:
        made.add_row(
            escape(now.watched.title),
            escape(shown(now.figure.organisation_name)),
            _step(then.reported, now.reported),
            _step(then.confirmed, now.confirmed),
            _status_step(then, now),
        )
    show(made)


def _everything(after: Look) -> None:
    """Every watched target in every area, then the reasons for the province."""
    made = table("指标", "地区", "填报数>", "审定数>", "应报>", "已报>", "已审>", "状态")
    for sight in after.values():
        units = sight.figure.units
        made.add_row(
            escape(sight.watched.title),
            escape(shown(sight.figure.organisation_name)),
            sight.reported,
            sight.confirmed,
            *(str(count) for count in (units.in_scope, units.reported, units.confirmed)),
            _status(sight),
        )
    show(made)
    for sight in after.values():
        if sight.area == cast.PROVINCE and sight.standing:
            out.print(f"  {escape(sight.watched.title)}：{_status(sight)} {escape(sight.standing.reason)}")


def _step(before: str, now: str) -> str:
    return now if before == now else f"[dim]{before}[/] → [bold]{now}[/]"


def _status(sight: Sight) -> str:
    return f"[{STATUS_COLOURS[sight.status]}]{sight.status.zh}[/]"


def _status_step(then: Sight, now: Sight) -> str:
    return _status(now) if then.status is now.status else f"[dim]{then.status.zh}[/] → {_status(now)}"
