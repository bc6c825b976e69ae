"""Is a cluster's server running? `postmaster.pid` alone does not say: pids are reused and zombies linger."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kernel.embedded_postgres.account import Account

PAUSE = 0.02
ORPHANS_LEAVE = 5.0  # seconds a dead server's processes get to notice before they are told to quit
GONE = "ZX"  # zombie, dead: only a parent that never asks keeps these entries


@dataclass(frozen=True)
class Postmaster:
    """A server process as its pid file describes it."""

    pid: int
    port: int
    ready: bool
    stopping: bool


def running(data: Path, account: Account) -> Postmaster | None:
    """The cluster's living server, or None: a pid of nobody, a zombie or somebody else does not count."""
    found = _read(data)
    if found and found.pid in _at_work_in(data, account, [found.pid]):
        return found
    return None


def wait_until(data: Path, account: Account, *, ready: bool, seconds: float) -> Postmaster | None:
    """The server as soon as it is ready (or None as soon as it is gone); the last look when time is up."""
    deadline = time.monotonic() + seconds
    while (found := running(data, account)) and (not ready or not found.ready):
        if time.monotonic() > deadline or (ready and found.stopping):
            break
        time.sleep(PAUSE)
    return found


def clear_remains(data: Path, account: Account, pg_ctl: Path) -> None:
    """After a death: end what is left of the server, then remove a pid file that PostgreSQL would trip over.

    A file whose pid nobody has stays: it carries the key by which PostgreSQL itself sees surviving processes.
    """
    if not (data / "postmaster.pid").exists():
        return
    _end_orphans(data, account, pg_ctl)
    if running(data, account):  # somebody's start, cut short before we looked, has come through
        return
    found = _read(data)
    if found is None or _exists(found.pid):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _end_orphans(data: Path, account: Account, pg_ctl: Path) -> None:
    deadline = time.monotonic() + ORPHANS_LEAVE
    told = False
    while (orphans := _at_work_in(data, account, _named_postgres())) and not running(data, account):
        if time.monotonic() > deadline:
            if told:
                return
            for pid in orphans:
                account.run(pg_ctl, "kill", "QUIT", str(pid))
            told, deadline = True, time.monotonic() + ORPHANS_LEAVE
        time.sleep(PAUSE)


def _read(data: Path) -> Postmaster | None:
    """What the pid file says; None if there is none or it is not one."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        status = lines[7].strip() if len(lines) > 7 else ""
        port = int(lines[3]) if len(lines) > 3 else 0
        return Postmaster(int(lines[0]), port, status == "ready", status == "stopping")
    except (OSError, ValueError, IndexError):
        return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _at_work_in(data: Path, account: Account, pids: Iterable[int]) -> set[int]:
    """Those of the pids that are living postgres processes whose working directory is this cluster."""
    alive = [pid for pid in pids if _is_postgres(pid)]
    if sys.platform != "linux" or not alive:
        return set(alive)
    where = os.path.realpath(data)
    return {pid for pid, directory in _working_directories(alive, account).items() if directory == where}


def _is_postgres(pid: int) -> bool:
    if sys.platform != "linux":
        return _ps_says_postgres(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    head, _, tail = stat.rpartition(")")
    return head.endswith("(postgres") and tail.split()[0] not in GONE


def _ps_says_postgres(pid: int) -> bool:
    words = ["ps", "-o", "stat=,comm=", "-p", str(pid)]
    state, _, name = subprocess.run(words, capture_output=True, text=True, check=False).stdout.partition(" ")
    return bool(state) and state[0] not in GONE and os.path.basename(name.strip()) == "postgres"


def _named_postgres() -> list[int]:
    if sys.platform != "linux":
        return []
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_postgres(pid)]


def _working_directories(pids: list[int], account: Account) -> dict[int, str]:
    """Asked as the account itself: root without the right to trace (any container) may not look."""
    if not account.foreign:
        return {pid: _link(f"/proc/{pid}/cwd") for pid in pids}
    script = 'for each do printf "%s %s\\n" "$each" "$(readlink "/proc/$each/cwd")"; done'
    listing = account.run("/bin/sh", "-c", script, "sh", *map(str, pids)).stdout
    pairs = (line.partition(" ") for line in listing.splitlines())
    return {int(pid): directory for pid, _, directory in pairs}


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
