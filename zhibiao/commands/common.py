"""Options that many commands share, and the client they speak through."""

import os
from typing import Annotated

import typer

from zhibiao import saved
from zhibiao.client import Zhibiao
from zhibiao.session import DEFAULT_URL, Patience

JsonOption = Annotated[bool, typer.Option("--json", help="机器可读：JSON 写到标准输出 / JSON on stdout, for scripts")]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="ZHIBIAO_URL", help="系统地址 / address of the gateway", show_default=False),
]
PeriodOption = Annotated[str, typer.Option("--period", "-p", help="报告期，如 2023-11 / period")]
IndicatorOption = Annotated[str | None, typer.Option("--indicator", "-i", help="指标代码 / indicator")]
OrganisationOption = Annotated[str | None, typer.Option("--organisation", "-o", help="单位代码 / organisation")]


def address(url: str | None) -> str:
    """The address to use: as told, as used last, or this machine."""
    chosen = url or saved.Store(saved.folder()).read().current or DEFAULT_URL
    return chosen.rstrip("/")


def language() -> str:
    """The language of the server's sentences: Chinese unless ZHIBIAO_LANGUAGE says otherwise."""
    return os.environ.get("ZHIBIAO_LANGUAGE", "zh-CN")


def patience() -> Patience:
    """How often a call is tried; ZHIBIAO_TRIES=1 fails at once."""
    told = os.environ.get("ZHIBIAO_TRIES", "")
    return Patience(tries=int(told)) if told.isdigit() else Patience()


def connect(url: str | None) -> Zhibiao:
    """A client of the account saved for the address; raises NotSignedIn."""
    where = address(url)
    return Zhibiao(where, access=saved.access(where), language=language(), patience=patience())


def stranger(where: str) -> Zhibiao:
    """A client that has not signed in."""
    return Zhibiao(where, language=language(), patience=patience())
