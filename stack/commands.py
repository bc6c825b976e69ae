"""The operator's commands: `python -m stack ...`, and part of `zhibiao ...` where stack is installed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from kernel.embedded_postgres import CannotStart
from kernel.logs import log
from kernel.settings import BadSettings
from stack import screen
from stack.errors import Refused

Result = TypeVar("Result")


def plug(app: typer.Typer) -> None:
    """Add the operator's commands to a command line."""
    app.command("up")(_up)
    app.command("migrate")(_migrate)
    app.command("seed")(_seed)
    app.command("openapi")(_openapi)


def main() -> None:
    """`python -m stack`."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help="指标 Zhibiao: 运维命令 / operator's commands")
    plug(app)
    app()


def _up(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="日志同时显示在屏幕上 / show the log on the screen too")
    ] = False,
) -> None:
    """启动整个系统，直到 Ctrl-C / start everything in one process, until Ctrl-C."""
    began = time.perf_counter()
    with _nothing_to_stop_yet():
        from stack import up
        from stack.settings import Settings

        settings = _plainly(Settings.read)
        _plainly(lambda: up.run(settings, began=began, verbose=verbose), log_file=up.log_file(settings))


def _migrate() -> None:
    """升级数据库结构 / bring the schemas of all services up to date."""
    from stack import migrate
    from stack.settings import MigrationSettings

    _plainly(lambda: migrate.run(MigrationSettings.read()))


def _seed() -> None:
    """载入机构、设置与规划，建立首个管理员 / load the first data and make the first administrator."""
    from stack import seed
    from stack.settings import Settings

    _plainly(lambda: seed.run(Settings.read()))


def _openapi() -> None:
    """重新生成 contracts/openapi / write the OpenAPI documents again."""
    from stack import openapi

    for file in _plainly(openapi.write):
        screen.out.print(str(file), markup=False)


@contextmanager
def _nothing_to_stop_yet() -> Iterator[None]:
    """Until the system takes signals over, Ctrl-C and SIGTERM simply end the process."""
    handlers = {each: signal.signal(each, lambda *_: os._exit(0)) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def _plainly(work: Callable[[], Result], log_file: Path | None = None) -> Result:
    """Do it; whatever is in the way is told in a sentence, never in a stack trace."""
    try:
        return work()
    except (Refused, CannotStart, BadSettings) as error:
        screen.refuse(error)
        _leave()
    except Exception as error:
        log().error("command.failed", exc_info=error)
        screen.failed(log_file)
        _leave()


def _leave() -> NoReturn:
    raise typer.Exit(1)
