"""Signing in and out, and who I am."""

import os
from typing import Annotated

import typer
from rich.markup import escape

from contracts.access import Me, TokenAnswer
from zhibiao import saved
from zhibiao.commands.common import JsonOption, UrlOption, address, connect, stranger
from zhibiao.session import is_loopback
from zhibiao.terminal import emit, note, out, show, table
from zhibiao.tokens import client_form, password_form


def plug(app: typer.Typer) -> None:
    """Add login, logout, password and whoami."""
    app.command("login")(login)
    app.command("logout")(logout)
    app.command("password")(password)
    app.command("whoami")(whoami)


def login(
    name: Annotated[str | None, typer.Argument(help="登录名 / login name", show_default=False)] = None,
    url: UrlOption = None,
    client_id: Annotated[
        str | None,
        typer.Option(envvar="ZHIBIAO_CLIENT_ID", help="以接口客户端登录 / sign in as an API client"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """登录并保存令牌 / sign in and keep the tokens.

    密码取自 ZHIBIAO_PASSWORD，没有时提问；接口客户端的密钥取自 ZHIBIAO_CLIENT_SECRET。
    The password comes from ZHIBIAO_PASSWORD or is asked for, a client's secret from ZHIBIAO_CLIENT_SECRET.
    """
    where = address(url)
    if where.startswith("http:") and not is_loopback(where):
        note("[yellow]![/] 连接未加密，密码可能被截取 / this connection is not encrypted")
    account, answer = _machine(where, client_id) if client_id else _person(where, name)
    saved.Store(saved.folder()).save(where, account)
    if answer.must_change_password:
        note("[yellow]![/] 请先修改初始密码 / change the first password: zhibiao password")
    if json:
        emit({"url": where, "login": account.login, "must_change_password": answer.must_change_password})
    else:
        out.print(f"[green]✓[/] 已登录 / signed in：{escape(account.login)} @ {where}")


def logout(url: UrlOption = None, json: JsonOption = False) -> None:
    """删除保存的令牌 / forget the saved tokens."""
    where = address(url)
    found = saved.Store(saved.folder()).forget(where)
    if json:
        emit({"url": where, "forgotten": found})
    else:
        out.print(f"{'已删除 / forgotten' if found else '没有保存的登录 / nothing was saved'}：{where}")


def password(url: UrlOption = None, json: JsonOption = False) -> None:
    """修改自己的密码 / change one's own password."""
    with connect(url) as client:
        current = secret("ZHIBIAO_PASSWORD", "当前密码 / current password")
        client.change_password(current, secret("ZHIBIAO_NEW_PASSWORD", "新密码 / new password", twice=True))
    if json:
        emit({"changed": True})
    else:
        out.print("[green]✓[/] 密码已修改 / changed；请重新登录 / sign in again: zhibiao login")


def whoami(url: UrlOption = None, json: JsonOption = False) -> None:
    """当前账号和权限 / who I am and what I may do."""
    with connect(url) as client:
        me = client.me()
    if json:
        emit(me)
    else:
        _show(me, address(url))


def secret(variable: str, prompt: str, *, twice: bool = False) -> str:
    """A secret from the environment, else from the keyboard; never from the command line."""
    found = os.environ.get(variable)
    return found or str(typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))


def _person(where: str, name: str | None) -> tuple[saved.Account, TokenAnswer]:
    who = name or str(typer.prompt("登录名 / login", err=True))
    answer = _token(where, password_form(who, secret("ZHIBIAO_PASSWORD", "密码 / password")))
    return saved.Account(login=who, access=answer.access_token, refresh=answer.refresh_token), answer


def _machine(where: str, client_id: str) -> tuple[saved.Account, TokenAnswer]:
    key = secret("ZHIBIAO_CLIENT_SECRET", "密钥 / client secret")
    answer = _token(where, client_form(client_id, key))
    return saved.Account(login=client_id, access=answer.access_token, client_secret=key), answer


def _token(where: str, form: dict[str, str]) -> TokenAnswer:
    with stranger(where) as client:
        return client.token(form)


def _show(me: Me, where: str) -> None:
    out.print(f"[bold]{escape(me.name)}[/] {escape(me.login or '')} [dim]@ {where}[/]")
    grants = table("角色 role", "单位 organisation", "事项 items", "期限 until")
    for grant in me.grants:
        unit = f"{escape(grant.organisation_name)} [dim]{grant.organisation}[/]"
        until = grant.valid_until.isoformat() if grant.valid_until else "—"
        grants.add_row(grant.role.zh, unit, " ".join(grant.items or ()) or "全部 all", until)
    show(grants)
