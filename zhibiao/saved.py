"""Signed-in accounts: one file in the user's configuration folder that only the user can read."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import typer
from pydantic import BaseModel, ValidationError

from contracts.access import TokenAnswer
from zhibiao.errors import NotSignedIn
from zhibiao.tokens import Access, Ask, Held, Machine, client_form


class Account(BaseModel):
    """What is needed to go on as somebody: tokens of a person, or the secret of an API client."""

    login: str
    access: str | None = None
    refresh: str | None = None
    client_secret: str | None = None


class Accounts(BaseModel):
    """Every account by the address it belongs to, and the address used last."""

    current: str | None = None
    by_url: dict[str, Account] = {}


class Store:
    """The file of accounts; every change is made alone and replaces the whole file."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "accounts.json"

    def read(self) -> Accounts:
        """What is saved; nothing if there is no file or it cannot be read."""
        try:
            return Accounts.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, ValidationError):
            return Accounts()

    def account(self, url: str) -> Account | None:
        """The account saved for an address."""
        return self.read().by_url.get(url)

    def save(self, url: str, account: Account) -> None:
        """Keep an account and make its address the current one."""
        with self.alone():
            self.replace(url, account)

    def replace(self, url: str, account: Account) -> None:
        """Keep an account; the caller holds the lock."""
        kept = self.read()
        write_private(self._file, Accounts(current=url, by_url=kept.by_url | {url: account}).model_dump_json())

    def forget(self, url: str) -> bool:
        """Remove an account; False if there was none."""
        with self.alone():
            kept = self.read()
            found = kept.by_url.pop(url, None)
            write_private(self._file, kept.model_dump_json())
        return found is not None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else changes the file meanwhile, whatever the process."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self._folder / "accounts.lock", "a+b") as handle:
            _lock(handle)
            yield


class Saved:
    """The tokens of a saved account. A refresh token serves once, so processes renew one after another."""

    def __init__(self, store: Store, url: str) -> None:
        self._store, self._url = store, url
        account = store.account(url)
        self._access = account.access if account else None

    def current(self) -> str | None:
        """The token read or fetched last."""
        return self._access

    def renew(self, refused: str | None, ask: Ask) -> str | None:
        """The token another process has saved meanwhile, or a new one, saved for all."""
        with self._store.alone():
            account = self._store.account(self._url)
            if account is None:
                return None
            if account.access is None or account.access == refused:
                answer = _ask_for(account, ask)
                if answer is None:
                    return None
                tokens = {"access": answer.access_token, "refresh": answer.refresh_token or account.refresh}
                account = account.model_copy(update=tokens)
                self._store.replace(self._url, account)
            self._access = account.access
        return self._access


def _ask_for(account: Account, ask: Ask) -> TokenAnswer | None:
    if account.client_secret is not None:
        return ask(client_form(account.login, account.client_secret))
    if account.refresh is not None:
        return ask({"grant_type": "refresh_token", "refresh_token": account.refresh})
    return None


def folder() -> Path:
    """The user's configuration folder; ZHIBIAO_CONFIG names another one."""
    return Path(os.environ.get("ZHIBIAO_CONFIG") or typer.get_app_dir("zhibiao"))


def access(url: str) -> Access:
    """Who to be at an address: by the environment (for machines), or as saved; raises NotSignedIn."""
    if token := os.environ.get("ZHIBIAO_TOKEN"):
        return Held(token)
    name, secret = os.environ.get("ZHIBIAO_CLIENT_ID"), os.environ.get("ZHIBIAO_CLIENT_SECRET")
    if name and secret:
        return Machine(name, secret)
    store = Store(folder())
    if store.account(url) is None:
        raise NotSignedIn(f"尚未登录 {url}，请执行 zhibiao login --url {url} / not signed in there, run: zhibiao login")
    return Saved(store, url)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    os.replace(draft, file)


def _lock(handle: IO[bytes]) -> None:
    """Hold the file until it is closed."""
    if sys.platform == "win32":
        import msvcrt

        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
