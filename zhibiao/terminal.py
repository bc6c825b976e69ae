"""What the command line says: results on stdout, all else on stderr, and exit codes that mean something."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from enum import IntEnum
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from contracts.base import plain
from contracts.reports import Answer
from zhibiao.errors import (
    ApiError,
    BadUpstream,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    Overloaded,
    RateLimited,
    Unauthenticated,
    Unreachable,
    UnreadableFile,
    UpstreamTimeout,
    ZhibiaoError,
)

# sentences are never broken into lines, so that what is piped away can be searched
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
_PIPED_WIDTH = 200

Item = TypeVar("Item")


class Exit(IntEnum):
    """What a script can tell from the exit code."""

    OK = 0
    PROBLEM = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    CONFLICTS = 5
    UNREACHABLE = 6
    INTERRUPTED = 130


_EXITS: tuple[tuple[Exit, tuple[type[ZhibiaoError], ...]], ...] = (
    (Exit.NOT_ALLOWED, (Unauthenticated, Forbidden, NotSignedIn)),
    (Exit.NOT_FOUND, (NotFound,)),
    (Exit.CONFLICTS, (Invalid, UnreadableFile)),
    (Exit.UNREACHABLE, (Unreachable, Overloaded, UpstreamTimeout, BadUpstream, RateLimited)),
)


def exit_code(error: ZhibiaoError) -> Exit:
    """The exit code for an error."""
    return next((code for code, kinds in _EXITS if isinstance(error, kinds)), Exit.PROBLEM)


def complain(error: ZhibiaoError) -> None:
    """Say on stderr what is wrong, field by field, and how to find it in the server's logs."""
    if not isinstance(error, ApiError):
        err.print(f"[red]✗[/] {escape(str(error))}")
        return
    err.print(f"[red]✗[/] {escape(error.title)} [dim]{error.code}[/]")
    if error.detail:
        err.print(f"  {escape(error.detail)}")
    for fault in error.errors:
        err.print(f"  [yellow]{escape(fault.pointer)}[/] {escape(fault.message)} [dim]{fault.code}[/]")
    err.print(f"  [dim]trace_id {error.trace_id}[/]")


def note(text: str) -> None:
    """Something for people that is not the result; markup allowed."""
    err.print(text)


def emit(result: BaseModel | dict[str, object]) -> None:
    """The result for programs: one JSON object on stdout."""
    content = result.model_dump(mode="json", by_alias=True) if isinstance(result, BaseModel) else result
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def emit_all(items: Iterable[BaseModel]) -> None:
    """A list for programs: an object with `items`, as the API answers."""
    emit({"items": [item.model_dump(mode="json", by_alias=True) for item in items]})


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table for people; a column whose name ends in ``>`` is set right."""
    made = Table(title=title, header_style="bold", title_justify="left", title_style="bold")
    for name in columns:
        made.add_column(name.removesuffix(">"), justify="right" if name.endswith(">") else "left", overflow="fold")
    return made


def show(made: Table) -> None:
    """A table on stdout: as wide as the terminal, wider where nobody looks."""
    console = out if out.is_terminal else Console(file=out.file, width=_PIPED_WIDTH, highlight=False)
    console.print(made, soft_wrap=False)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator["Bar"]:
    """A bar on stderr for work that may take longer than a second; nothing where nobody looks."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    counted = (MofNCompleteColumn(), TimeRemainingColumn()) if total is not None else ()
    with Progress(*columns, *counted, console=err, transient=True, disable=not err.is_terminal) as shown:
        yield Bar(shown, what, total)


class Bar:
    """A progress bar that counts."""

    def __init__(self, shown: Progress, what: str, total: int | None) -> None:
        self._shown, self._task = shown, shown.add_task(what, total=total)

    def step(self) -> None:
        """One more is done."""
        self._shown.advance(self._task)


def counted(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The items, with a bar that moves as they are taken."""
    with progress(what, len(items) if isinstance(items, Sized) else None) as bar:
        for item in items:
            yield item
            bar.step()


def answer_text(answer: Answer, words: Mapping[str, str] = MappingProxyType({})) -> str:
    """An answer in a few words; `words` are the names of stages, options and components by code."""
    if answer.not_applicable:
        return "不适用"
    if answer.complies is not None:
        return "是" if answer.complies else "否"
    if answer.numerator is not None or answer.denominator is not None:
        parts = (answer.numerator, answer.denominator)
        return " / ".join("—" if part is None else plain(part) for part in parts)
    if answer.components:
        return "；".join(f"{words.get(name, name)} {'是' if yes else '否'}" for name, yes in answer.components.items())
    for number in (answer.value, answer.level):
        if number is not None:
            return plain(number)
    percent = f" {plain(answer.percent)}%" if answer.percent is not None else ""
    code = answer.stage or answer.option or (str(answer.rank) if answer.rank is not None else None)
    return f"{words.get(code, code)}{percent}" if code else "—"
