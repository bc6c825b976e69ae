"""What the operator sees: Chinese and English side by side, nothing that scrolls."""

import time
from pathlib import Path

from rich.cells import set_cell_size
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
_LABEL = 23  # columns; a Chinese character takes two
err = Console(stderr=True, highlight=False, soft_wrap=True)


def step(chinese: str, english: str) -> None:
    """Say what is being done now."""
    out.print(f"[dim]· {chinese} / {english}[/dim]")


def refuse(error: Exception) -> None:
    """Say in plain words why it cannot be done."""
    for line in str(error).splitlines():
        err.print(line, markup=False, style="red")


def warn(chinese: str, english: str) -> None:
    """Say what did not work although the rest goes on."""
    for line in (chinese, english):
        err.print(line, markup=False, style="yellow")


def failed(log: Path | None) -> None:
    """Something nobody foresaw; the details are in the log."""
    where = f" {log}" if log else ""
    err.print(f"启动未能完成，原因见日志{where}。", markup=False, style="red")
    err.print(f"It could not be done; the log says why:{where}", markup=False, style="red")


def ready(url: str, *, began: float, administrator: str, password: str | None, home: Path) -> None:
    """Where everything is, once it is up; `password` only when it was made just now."""
    rows = [
        ("网址 URL", url),
        ("接口文档 API docs", f"{url}/docs  {url}/redoc"),
        ("OpenAPI", f"{url}/openapi.json"),
        ("管理员 Administrator", administrator),
        ("密码 Password", f"{password}  （只显示这一次 / shown only this once）" if password else None),
        ("数据目录 Data", str(home)),
        ("停止 Stop", "Ctrl-C"),
    ]
    out.print(f"\n[bold]指标 Zhibiao[/bold] 已启动 / is running ({time.perf_counter() - began:.1f} s)\n")
    for label, value in rows:
        if value is not None:
            out.print(f"  {set_cell_size(label, _LABEL)}{value}", markup=False)
    out.print()


def stopped() -> None:
    """The last word."""
    out.print("已停止 / stopped")
