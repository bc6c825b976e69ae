"""Making a cluster and telling it its settings."""

import logging
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

from kernel.embedded_postgres.account import Account
from kernel.embedded_postgres.errors import CannotStart, from_output, no_space
from kernel.embedded_postgres.place import Place, write

SUPERUSER = "postgres"
ROOM = 200 * 1024 * 1024  # bytes a new cluster and its first write-ahead log need
SETTINGS_FILE = "zhibiao.conf"
# No sockets: their path may be longer than the 107 bytes the system allows.
ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

log = logging.getLogger(__name__)


def new_password(home: Path) -> str:
    """A password for the superuser of a cluster to be made, kept in `home`, readable by its owner only."""
    write(home / "password", secrets.token_urlsafe(24))
    return password(home)


def password(home: Path) -> str:
    """The superuser's password. CannotStart if its file is lost: it cannot be read back from the cluster."""
    file = home / "password"
    if not file.exists():
        raise CannotStart(
            f"数据库的密码文件 {file} 不见了；请恢复该文件后再启动。",
            f"The database's password file {file} is gone; restore it and start again.",
        )
    return file.read_text(encoding="utf-8").strip()


def make(place: Place, programs: Path, secret: str, *, durable: bool) -> None:
    """A new cluster under a temporary name, renamed when whole. CannotStart says why it could not be made."""
    parent, account = place.data.parent, place.account
    _sweep(parent)
    if place.data.exists() and any(place.data.iterdir()):
        raise CannotStart(
            f"{place.data} 里的东西不是数据库；请先把它移开。",
            f"What is in {place.data} is not a database; move it away first.",
        )
    if shutil.disk_usage(parent).free < ROOM:
        raise no_space()
    fresh = parent / f"data.new.{uuid4().hex}"
    fresh.mkdir(0o700)
    try:
        account.own(fresh)
        done = _initdb(account, programs, fresh, secret, durable=durable)
        if done.returncode != 0:
            raise from_output("数据库无法建立。", "The database cannot be made.", done.stdout + done.stderr)
        _include_settings(fresh)
        fresh.rename(place.data)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def configure(place: Place, port: int, settings: Mapping[str, str], *, durable: bool) -> None:
    """Write our settings; what an operator sets with ALTER SYSTEM still wins. ValueError for an odd name."""
    chosen = {**ALWAYS, **({} if durable else FOR_TESTS), **settings, "port": str(port)}
    if odd := [name for name in chosen if not re.fullmatch(r"[a-z][a-z0-9_.]*", name)]:
        raise ValueError(f"not names of PostgreSQL settings: {odd}")
    lines = [f"{name} = '{_quoted(value)}'\n" for name, value in chosen.items()]
    write(place.data / SETTINGS_FILE, "".join(lines), place.account)


def version(place: Place) -> str | None:
    """The major version of the cluster; None if there is none yet."""
    return (place.data / "PG_VERSION").read_text().strip() if place.exists else None


def _initdb(
    account: Account, programs: Path, data: Path, secret: str, *, durable: bool
) -> CompletedProcess[str]:
    # The password travels in a file of the account's: another account's pipe cannot be opened by name.
    pwfile = data.with_name(f"{data.name}.pw")
    write(pwfile, secret, account)
    words = ["--auth=scram-sha-256", f"--pwfile={pwfile}", "--encoding=UTF8", "--no-instructions"]
    words += [] if durable else ["--no-sync"]
    try:
        for locale in _locales(programs, account):
            done = account.run(programs / "initdb", "-D", data, "-U", SUPERUSER, *words, *locale)
            if done.returncode == 0 or "locale" not in done.stderr:
                break
    finally:
        pwfile.unlink()
    return done


def _locales(programs: Path, account: Account) -> list[list[str]]:
    """Code point order everywhere: names are sorted by a stored key, never by the system's collation."""
    builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    has_builtin = "--builtin-locale" in account.run(programs / "initdb", "--help").stdout
    return [builtin] if has_builtin else [["--locale=C.UTF-8"], ["--locale=C"]]


def _include_settings(data: Path) -> None:
    descriptor = os.open(data / "postgresql.conf", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"\ninclude_if_exists '{SETTINGS_FILE}'\n")


def _sweep(parent: Path) -> None:
    """Remove what an interrupted attempt left; only one attempt is made at a time."""
    for left in parent.glob("data.new.*"):
        log.info("removing %s, left by an interrupted start", left)
        if left.is_dir():
            # an initdb that outlived its application may still be writing: then the next start removes it
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
