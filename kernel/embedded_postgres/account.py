"""The system account PostgreSQL runs as: it refuses to run as root, and we never create accounts."""

import errno
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess

from kernel.embedded_postgres.errors import CannotStart

# Nothing of the caller's: PGDATA, PGOPTIONS, LD_LIBRARY_PATH or a locale would change what is started.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
NOT_RUNNABLE = 126


@dataclass(frozen=True)
class Account:
    """An account and the right to run commands as it."""

    name: str
    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether commands have to switch to it first."""
        return self.uid != os.geteuid()

    def run(self, *command: str | Path) -> CompletedProcess[str]:
        """The finished command, output captured; 126 if it may not be executed.

        In a session of its own: Ctrl-C is for the application, which then stops the server in order.
        CannotStart if this process may not switch accounts.
        """
        words = [str(word) for word in command]
        try:
            return subprocess.run(
                words,
                user=self.uid if self.foreign else None,
                group=self.gid if self.foreign else None,
                extra_groups=[] if self.foreign else None,
                cwd="/",
                env=ENVIRONMENT,
                stdin=DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                umask=0o077,
                start_new_session=True,
                check=False,
            )
        except OSError as refused:
            if self.foreign and refused.errno in (errno.EPERM, errno.EINVAL):
                raise CannotStart(
                    f"PostgreSQL 不能以 root 身份运行，而此环境又不允许切换到账户 {self.name}；"
                    "请用普通账户启动，或用 DATABASE_URL 指定现有数据库。",
                    f"PostgreSQL does not run as root and this environment forbids switching to {self.name}; "
                    "start with an ordinary account, or name an existing database in DATABASE_URL.",
                ) from refused
            return CompletedProcess(words, NOT_RUNNABLE, "", str(refused))

    def can_enter(self, directory: Path) -> bool:
        """Whether it may write in and pass through the directory, as the kernel sees it (ACLs and all)."""
        return self.run("/bin/sh", "-c", 'test -w "$1" && test -x "$1"', "sh", directory).returncode == 0

    def own(self, path: Path) -> None:
        """Give it the path, which this process has just made. OSError if the file system knows no owners."""
        if self.foreign:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def current() -> Account:
    """The account of this process."""
    uid = os.geteuid()
    return Account(name_of(uid), uid, os.getegid())


def for_new_cluster() -> Account:
    """Ourselves, or for root the account `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return current()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        "PostgreSQL 不能以 root 身份运行，系统中又没有 postgres 或 nobody 账户；"
        "请用普通账户启动，或设置 DATABASE_URL。",
        "PostgreSQL does not run as root and there is no account postgres or nobody; "
        "start with an ordinary account, or set DATABASE_URL.",
    )


def owner_of(data: Path) -> Account:
    """The account an existing cluster belongs to. CannotStart if this process may not act as it."""
    found = data.stat()
    account = Account(name_of(found.st_uid), found.st_uid, found.st_gid)
    if found.st_uid == 0:
        raise CannotStart(
            f"数据目录 {data} 属于 root，PostgreSQL 不接受；请执行 chown -R postgres（或 nobody）后再启动。",
            f"The data directory {data} belongs to root, which PostgreSQL refuses; "
            "give it to postgres or nobody with chown -R and start again.",
        )
    if os.geteuid() not in (0, found.st_uid):
        raise belongs_to_another(data)
    return account


def belongs_to_another(path: Path) -> CannotStart:
    """The files are somebody else's: usually an earlier start was made as root."""
    name = name_of(path.stat().st_uid)
    return CannotStart(
        f"{path} 属于账户 {name}（可能曾用 root 启动）；请用原来的账户启动，或改用另一个 ZHIBIAO_HOME。",
        f"{path} belongs to the account {name} (was it started as root before?); "
        "start with that account, or use another ZHIBIAO_HOME.",
    )


def name_of(uid: int) -> str:
    """The account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
