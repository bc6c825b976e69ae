"""The `zhibiao` command: this package's own commands, and those that other installed packages plug in.

Exit codes: 0 done · 1 the server refused · 2 wrong usage · 3 not signed in or not allowed · 4 not found ·
5 the data have conflicts · 6 the server cannot be reached or is busy · 130 interrupted.
"""

import sys
from importlib.metadata import entry_points
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from zhibiao.commands import access, demo, load, look, report, review, submit
from zhibiao.errors import ZhibiaoError
from zhibiao.terminal import Exit, complain, exit_code, note

GROUP = "zhibiao.commands"
HELP = """指标：分解、上报、审核和汇总公共卫生规划目标 / Zhibiao: targets, reports, reviews, figures.

先执行 zhibiao login；每个命令都有 --json，供程序读取。
Begin with zhibiao login; every command knows --json, for scripts.

退出码 / exit codes：0 成功；1 服务端拒绝；2 用法有误；3 未登录或无权；4 未找到；5 数据有问题；
6 无法连接或服务繁忙；130 已中断。
"""


class Commands(TyperGroup):
    """The root: turns what was expected to go wrong into a sentence and an exit code, never a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except ZhibiaoError as error:
            complain(error)
            raise typer.Exit(exit_code(error)) from None
        except (typer.Abort, KeyboardInterrupt):
            note("\n已中断 / interrupted")
            raise typer.Exit(Exit.INTERRUPTED) from None


def build() -> typer.Typer:
    """The application with every command."""
    app = typer.Typer(
        cls=Commands, help=HELP, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False
    )
    for own in (access, load, report, submit, review, look, demo):
        own.plug(app)
    plug_in(app)
    return app


def plug_in(app: typer.Typer) -> None:
    """Add the commands of other packages; one that cannot be loaded does not take the others with it."""
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            point.load()(app)
        except ImportError as error:
            note(f"[yellow]![/] 插件 {point.name} 无法加载 / cannot be loaded: {escape(str(error))}")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Chinese must come through whatever the terminal's locale
            stream.reconfigure(encoding="utf-8")
    build()(prog_name="zhibiao")
