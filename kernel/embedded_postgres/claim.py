"""Who may touch the server now, and who still needs it: locks the kernel lets go of when a process dies."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.embedded_postgres.account import belongs_to_another
from kernel.embedded_postgres.errors import CannotStart

if sys.platform != "win32":
    import fcntl

PATIENCE = 180.0  # seconds: a start that recovers after a power cut may be ahead of us
PAUSE = 0.02


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else starts or stops the server meanwhile. CannotStart if somebody does for minutes."""
    descriptor = _open(path)
    try:
        _wait(descriptor)
        yield
    finally:
        os.close(descriptor)


class Claim:
    """This process needs the server. Ends with `release` or with the process, however it dies."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = _open(path)
        _lock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> bool:
        """Give it up; whether this was the last claim (False if it was given up before)."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return False
        try:
            return _lock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as refused:
        raise belongs_to_another(path if path.exists() else path.parent) from refused


def _wait(descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _lock(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            raise CannotStart(
                "另一个进程一直在启动或停止这个数据库；请稍后再试。",
                "Another process has been starting or stopping this database for minutes; try again later.",
            )
        time.sleep(PAUSE)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as refused:
        if refused.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise CannotStart(
            "此文件系统不支持文件锁；请把 ZHIBIAO_HOME 放在本地磁盘上。",
            "This file system has no file locks; put ZHIBIAO_HOME on a local disk.",
        ) from refused
    return True
