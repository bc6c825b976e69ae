"""The system the demonstration runs on: one that answers already, or one started for it and stopped afterwards."""

import hashlib
import hmac
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import typer

from zhibiao import saved
from zhibiao.client import Zhibiao
from zhibiao.errors import NotSignedIn, Unauthenticated, Unreachable
from zhibiao.session import is_loopback
from zhibiao.terminal import note, progress

STARTING = 180.0
STOPPING = 60.0
LAST_LINES = 15


class Passwords:
    """Passwords of the demonstration's people: made from one random secret that is kept for later runs."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "demo-secret"
        if not self.file.exists():
            saved.write_private(self.file, secrets.token_hex(32))
        self._secret = self.file.read_text(encoding="utf-8").strip().encode()

    def of(self, login: str) -> str:
        """The password of a login, always the same one."""
        return urlsafe_b64encode(hmac.digest(self._secret, login.encode(), hashlib.sha256))[:24].decode()


@dataclass(frozen=True)
class System:
    """Where the system is, who administers it, and the passwords of the demonstration's people."""

    url: str
    admin: str
    admin_password: str
    passwords: Passwords
    started_here: bool

    def client(self, login: str, password: str) -> Zhibiao:
        """A client for one person."""
        return Zhibiao.sign_in(self.url, login, password)


@contextmanager
def running(url: str) -> Iterator[System]:
    """The system at an address; started there if nobody answers and the address is this machine's own."""
    if answers(url):
        passwords = Passwords(saved.folder())
        yield System(url, admin_name(), _known_password() or _asked_password(), passwords, started_here=False)
        return
    if not is_loopback(url):
        raise Unreachable(f"{url} 没有应答 / nobody answers there")
    with _started(url) as system:
        yield system


def answers(url: str) -> bool:
    """Whether a system is ready at an address."""
    try:
        return httpx.get(f"{url}/readyz", timeout=5.0, trust_env=not is_loopback(url)).is_success
    except httpx.TransportError:
        return False


def admin_name() -> str:
    """The administrator's login."""
    return os.environ.get("ZHIBIAO_ADMIN_NAME") or "admin"


def _known_password() -> str | None:
    return os.environ.get("ZHIBIAO_ADMIN_PASSWORD") or None


def _asked_password() -> str:
    if not sys.stdin.isatty():
        raise NotSignedIn(
            "请用 ZHIBIAO_ADMIN_PASSWORD 提供管理员密码 / give the administrator's password in ZHIBIAO_ADMIN_PASSWORD"
        )
    return str(typer.prompt(f"{admin_name()} 的密码 / password", hide_input=True, err=True))


@contextmanager
def _started(url: str) -> Iterator[System]:
    """A system of the demonstration's own, in a folder of its own unless ZHIBIAO_HOME names one."""
    home = Path(os.environ.get("ZHIBIAO_HOME") or Path(".data") / "demo").resolve()
    passwords = Passwords(home.with_name(f"{home.name}-people"))  # the folder itself is the system's
    password = _known_password() or passwords.of(admin_name())
    environment = os.environ | {
        "ZHIBIAO_HOME": str(home),
        "ZHIBIAO_PORT": str(httpx.URL(url).port or 80),
        "ZHIBIAO_ADMIN_NAME": admin_name(),
        "ZHIBIAO_ADMIN_PASSWORD": password,
    }
    note(f"{url} 没有系统在运行，为演示启动一个 / starting a system for the demonstration：{home}")
    with tempfile.TemporaryFile() as said, _child(environment, said) as child:
        with progress("启动系统 / starting"):
            _wait(url, child, said)
        yield System(url, admin_name(), _fitting(url, password), passwords, started_here=True)
    note("演示用的系统已停止 / the demonstration's system has been stopped")


def _fitting(url: str, password: str) -> str:
    """The password if it fits; a folder that was in use before has an administrator with another one."""
    try:
        Zhibiao.sign_in(url, admin_name(), password).close()
    except Unauthenticated:
        return _asked_password()
    return password


@contextmanager
def _child(environment: dict[str, str], said: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """`zhibiao up` as a process that is stopped at the end, whatever happens."""
    command = [sys.executable, "-m", "zhibiao", "up"]
    # in a session of its own, so that Ctrl-C reaches it through us, once
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
    )
    try:
        yield child
    finally:
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGINT)
    try:
        child.wait(STOPPING)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _wait(url: str, child: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    """Until the system answers; raises Unreachable with its last words if it does not."""
    until = time.monotonic() + STARTING
    while not answers(url):
        if child.poll() is not None or time.monotonic() > until:
            said.seek(0)
            words = said.read().decode(errors="replace").splitlines()[-LAST_LINES:]
            raise Unreachable("系统没有启动 / the system did not start：\n" + "\n".join(words))
        time.sleep(0.2)
