"""Loading files of organisations, facts and plans, with every fault shown at its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from contracts.imports import Conflict, ImportJob
from zhibiao.client import Zhibiao
from zhibiao.commands.common import JsonOption, UrlOption, connect
from zhibiao.terminal import Exit, emit, err, note, out, progress

PathArgument = Annotated[Path, typer.Argument(help="文件或文件夹 / file or folder", exists=True)]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="只检查，不写入 / check only, change nothing")]
Load = Callable[[Zhibiao], ImportJob]


def plug(app: typer.Typer) -> None:
    """Add `load` with one command per kind of file."""
    group = typer.Typer(help="加载文件：单位、档案、计划 / load files", no_args_is_help=True)
    group.command("organisations")(organisations)
    group.command("facts")(facts)
    group.command("plan")(plan)
    app.add_typer(group, name="load")


def organisations(
    path: PathArgument, dry_run: DryRunOption = False, url: UrlOption = None, json: JsonOption = False
) -> None:
    """加载单位（CSV）/ load organisations."""
    _load(lambda client: client.organisations.load(path, dry_run=dry_run), path, dry_run, url, json)


def facts(path: PathArgument, dry_run: DryRunOption = False, url: UrlOption = None, json: JsonOption = False) -> None:
    """加载单位档案：人口、等级、性质等（CSV）/ load dated facts of organisations."""
    _load(lambda client: client.organisations.load_facts(path, dry_run=dry_run), path, dry_run, url, json)


def plan(
    path: PathArgument,
    dry_run: DryRunOption = False,
    publish: Annotated[bool, typer.Option("--publish", help="同时发布 / put it in force at once")] = False,
    ground: Annotated[str | None, typer.Option(help="依据文件的标题 / title of the ground")] = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """加载计划：YAML 文件夹、单个文件或 zip / load a plan pack."""

    def load(client: Zhibiao) -> ImportJob:
        return client.plans.load(path, dry_run=dry_run, publish=publish, ground=ground)

    _load(load, path, dry_run, url, json)


def _load(load: Load, path: Path, dry_run: bool, url: str | None, json: bool) -> None:
    with connect(url) as client, progress(f"{'检查' if dry_run else '加载'} {path.name}"):
        job = load(client)
    if json:
        emit(job)
    else:
        _show(job, dry_run)
    if job.conflict_count:
        raise typer.Exit(Exit.CONFLICTS)


def _show(job: ImportJob, dry_run: bool) -> None:
    for conflict in job.conflicts:
        _show_conflict(conflict)
    counts, faults = job.counts, job.conflict_count
    numbers = f"新增 {counts.new}，变更 {counts.changed}，不变 {counts.same}，拒绝 {counts.rejected}"
    if faults > len(job.conflicts):
        note(f"[dim]另有 {faults - len(job.conflicts)} 处未列出 / more are not listed[/]")
    if faults:
        note(f"[red]✗[/] {faults} 处问题，未写入任何内容 / {faults} conflicts, nothing was changed；{numbers}")
    elif dry_run:
        out.print(f"[green]✓[/] 检查通过，尚未写入 / no conflicts, nothing written yet：{numbers}")
    else:
        out.print(f"[green]✓[/] 已写入 / loaded：{numbers}")


def _show_conflict(conflict: Conflict) -> None:
    place = ":".join(str(part) for part in (conflict.file, conflict.line) if part is not None)
    column = f" [cyan]{escape(conflict.column)}[/]" if conflict.column else ""
    err.print(f"[bold]{escape(place) or '—'}[/]{column} {escape(conflict.message)} [dim]{escape(conflict.code)}[/]")
    err.print(f"    [dim]{escape(conflict.message_en)}[/]")
    if conflict.suggestion:
        err.print(f"    [green]→[/] {escape(conflict.suggestion)}")
