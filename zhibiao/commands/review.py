"""The reviewer's desk: what waits, approving and returning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.markup import escape

from contracts.reports import Decision, ReviewBatchResult, Submission
from zhibiao.client import Zhibiao
from zhibiao.commands.common import IndicatorOption, JsonOption, OrganisationOption, UrlOption, connect
from zhibiao.nouns.reviews import MOST_AT_ONCE
from zhibiao.terminal import Exit, answer_text, emit, emit_all, err, note, out, progress, show, table

PeriodFilter = Annotated[str | None, typer.Option("--period", "-p", help="报告期 / period")]
Handles = Annotated[
    list[str] | None,
    typer.Argument(help="编号，可只写末几位，:版本 可选 / id or its end, :version optional"),
]
_DONE = "done"


@dataclass(frozen=True)
class Filters:
    """Which of the waiting submissions."""

    organisation: str | None
    indicator: str | None
    period: str | None


def plug(app: typer.Typer) -> None:
    """Add `review` with `approve` and `return`."""
    group = typer.Typer(help="审核：列出、通过、退回 / review", invoke_without_command=True)
    group.callback()(waiting)
    group.command("approve")(approve)
    group.command("return")(return_)
    app.add_typer(group, name="review")


def waiting(
    context: typer.Context,
    organisation: OrganisationOption = None,
    indicator: IndicatorOption = None,
    period: PeriodFilter = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """列出等待我审核的上报 / what waits for me."""
    if context.invoked_subcommand is not None:
        return
    with connect(url) as client:
        found = _waiting(client, Filters(organisation, indicator, period))
    if json:
        emit_all(found)
    else:
        _show(found)


def approve(
    handles: Handles = None,
    every: Annotated[bool, typer.Option("--all", help="全部等待我审核的（可加筛选）/ all that wait")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="不再确认 / do not ask")] = False,
    organisation: OrganisationOption = None,
    indicator: IndicatorOption = None,
    period: PeriodFilter = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """通过 / approve."""
    if bool(handles) == every:
        raise typer.BadParameter("写编号，或用 --all / name some, or --all", param_hint="HANDLES")
    with connect(url) as client:
        found = _waiting(client, Filters(organisation, indicator, period))
        chosen = found if every else _chosen(found, handles or [])
        if every and chosen and not yes:
            typer.confirm(f"通过 {len(chosen)} 项？/ approve {len(chosen)}?", abort=True, err=True)
        _finish(_decide(client, chosen, "approve"), json)


def return_(
    reason: Annotated[str, typer.Option("--reason", help="退回原因 / why it comes back")],
    handles: Handles = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """退回 / return to the author, with the reason."""
    if not handles:
        raise typer.BadParameter("写编号 / name at least one", param_hint="HANDLES")
    if len(reason.strip()) < 2:
        raise typer.BadParameter("退回须写原因 / a return needs a reason", param_hint="--reason")
    with connect(url) as client:
        chosen = _chosen(_waiting(client, Filters(None, None, None)), handles)
        _finish(_decide(client, chosen, "return", reason), json)


def handle_of(submission: UUID) -> str:
    """The end of an id, which tells submissions apart; they begin with the time and so alike."""
    return str(submission)[-8:]


def _waiting(client: Zhibiao, filters: Filters) -> list[Submission]:
    with progress("读取待审 / reading"):
        return list(
            client.reviews.list(organisation=filters.organisation, indicator=filters.indicator, period=filters.period)
        )


def _chosen(found: Sequence[Submission], handles: Sequence[str]) -> list[Submission]:
    """The waiting submissions the handles stand for; a version in a handle must be the one that waits."""
    return [_match(found, handle) for handle in dict.fromkeys(handles)]


def _match(found: Sequence[Submission], handle: str) -> Submission:
    ending, _, version = handle.partition(":")
    fits = [each for each in found if str(each.id).endswith(ending.lower())]
    if len(fits) != 1:
        why = "没有等待您审核的 / nothing waits under" if not fits else "多项以此结尾 / several end in"
        err.print(f"[red]✗[/] {why} {escape(handle)}")
        raise typer.Exit(Exit.USAGE if fits else Exit.NOT_FOUND)
    if version and version != str(fits[0].version):
        err.print(f"[red]✗[/] 现在等待的是第{fits[0].version}版 / another version waits now：{escape(handle)}")
        raise typer.Exit(Exit.CONFLICTS)
    return fits[0]


def _decide(
    client: Zhibiao,
    chosen: Sequence[Submission],
    decision: Literal["approve", "return"],
    reason: str | None = None,
) -> ReviewBatchResult:
    """Every decision, sent in batches; counts and results put together."""
    results = []
    summary: dict[str, int] = {}
    with progress("审核 / deciding"):
        for start in range(0, len(chosen), MOST_AT_ONCE):
            batch = [
                Decision(submission=each.id, version=each.version, decision=decision, reason=reason)
                for each in chosen[start : start + MOST_AT_ONCE]
            ]
            answer = client.reviews.decide(batch)
            results += answer.results
            for name, count in answer.summary.items():
                summary[name] = summary.get(name, 0) + count
    return ReviewBatchResult(summary=summary, results=results)


def _finish(result: ReviewBatchResult, json: bool) -> None:
    failed = [each for each in result.results if each.outcome != _DONE]
    if json:
        emit(result)
    else:
        for each in failed:
            why = f"{escape(each.message or '')} [dim]{escape(each.outcome)}[/]"
            note(f"[red]✗[/] {handle_of(each.submission)} {why}")
        out.print(f"完成 {len(result.results) - len(failed)} 项，未成 {len(failed)} 项 / done and not done")
    if failed:
        raise typer.Exit(Exit.PROBLEM)


def _show(found: Sequence[Submission]) -> None:
    made = table("编号:版本 handle", "单位", "报告期", "指标", "上报值>", "填报人", "步骤")
    for each in found:
        step = f"{each.review.step}/{each.review.of}" if each.review else ""
        made.add_row(
            f"{handle_of(each.id)}:{each.version}", escape(each.organisation_name), each.period,
            escape(each.indicator_name), escape(answer_text(each.answer)), escape(each.author), step,
        )  # fmt: skip
    if found:
        show(made)
    out.print(f"等待您审核 {len(found)} 项 / {len(found)} wait for you")
