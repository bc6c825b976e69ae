"""The demonstration as a command."""

import os
from typing import Annotated, Any

import typer

from zhibiao.commands.common import JsonOption
from zhibiao.demo import cast, stage, story, system
from zhibiao.demo.company import Company
from zhibiao.demo.play import Play, Scene
from zhibiao.demo.watch import Look
from zhibiao.session import is_loopback
from zhibiao.terminal import emit

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="允许写入非本机的系统 / allow a system elsewhere")]


def plug(app: typer.Typer) -> None:
    """Add `demo`."""
    app.command("demo")(demo)


def demo(
    url: Annotated[str | None, typer.Option("--url", envvar="ZHIBIAO_URL", help="系统地址 / address")] = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """用合成数据演示一个月的填报和审核 / play one month on synthetic data.

    没有系统在运行时自动启动一个，演示后停止。管理员密码取自 ZHIBIAO_ADMIN_PASSWORD，没有时提问。
    Starts a system if none answers, and stops it afterwards.
    """
    where = (url or f"http://127.0.0.1:{os.environ.get('ZHIBIAO_PORT', '8000')}").rstrip("/")
    if not is_loopback(where) and not yes:
        raise typer.BadParameter(
            f"将向 {where} 写入合成数据；确认请加 --yes / this writes synthetic data there", param_hint="--url"
        )
    with system.running(where) as found, Company(found) as company:
        told = _play(found, company, quiet=json)
        if json:
            emit(told)


def _play(found: system.System, company: Company, *, quiet: bool) -> dict[str, Any]:
    """Play the month and tell it; the whole of it for programs."""
    institutions, people, opened = stage.set_up(found, company)
    play = Play(company)
    seen, words = play.before(), play.words()
    if not quiet:
        story.opening(found.url, institutions, people, opened, play.first)
    scenes: list[tuple[str, Look]] = [("before", seen)]
    for number, scene in enumerate(play.scenes(), 1):
        if not quiet:
            story.scene(number, scene, seen, words)
        seen = _kept(scenes, scene)
    if not quiet:
        story.closing(play.record, seen, found.started_here)
    return _raw(found.url, play, scenes)


def _kept(scenes: list[tuple[str, Look]], scene: Scene) -> Look:
    scenes.append((scene.title, scene.after))
    return scene.after


def _raw(url: str, play: Play, scenes: list[tuple[str, Look]]) -> dict[str, Any]:
    """Everything that was done, and every figure that was seen, so that both can be compared."""
    return {
        "url": url,
        "plan": cast.PLAN,
        "period": cast.PERIOD,
        "judged_on": cast.JUDGED_ON.isoformat(),
        "first": play.first,
        "organisations": [each.new().model_dump(mode="json") for each in cast.INSTITUTIONS],
        "acts": [act.raw() for act in play.record.acts],
        "scenes": [{"title": title, "figures": _figures(after)} for title, after in scenes],
    }


def _figures(seen: Look) -> list[dict[str, Any]]:
    return [
        {
            "target": sight.watched.target,
            "organisation": area,
            "figure": sight.figure.model_dump(mode="json"),
            "standing": sight.standing.model_dump(mode="json", by_alias=True) if sight.standing else None,
        }
        for (_, area), sight in seen.items()
    ]
