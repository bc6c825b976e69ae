"""`stack up` as a newcomer meets it: an empty folder, one command, an address on the screen."""

import asyncio
import logging
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
import structlog
import typer
from typer.testing import CliRunner, Result

from kernel.embedded_postgres import Server
from stack.commands import plug
from stack.home import Home
from tests.fixtures.database import create_database, drop_database

ROOT = Path(__file__).parents[2]
PATIENCE = 120


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that does not exist yet, at a place the database's account can reach."""
    base = Path(tempfile.mkdtemp(prefix="zhibiao-up-"))
    base.chmod(0o711)
    yield base / "home"
    shutil.rmtree(base)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """The environment of a start, without whatever this shell has set for ours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ZHIBIAO_", "DATABASE_URL"))}
    return {**kept, "ZHIBIAO_HOME": str(home), "ZHIBIAO_PORT": str(free_port()), **more}


@dataclass
class Up:
    """A running `stack up`: what it said until it was up, and the process."""

    process: asyncio.subprocess.Process
    screen: str
    url: str

    @property
    def password(self) -> str | None:
        """The password it showed."""
        found = re.search(r"Password\s+(\S+)", self.screen)
        return found[1] if found else None

    async def sign_in(self, password: str) -> int:
        """The status of signing in as the administrator."""
        form = {"grant_type": "password", "username": "admin", "password": password}
        async with httpx.AsyncClient(base_url=self.url, timeout=20) as client:
            return (await client.post("/api/v1/oauth/token", data=form)).status_code

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and last words."""
        self.process.send_signal(how)
        rest, _ = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        return self.process.returncode or 0, rest.decode()


@asynccontextmanager
async def up(environment: dict[str, str]) -> AsyncIterator[Up]:
    """A system started from the command line; killed if the test has not stopped it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stack", "up"),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while b"Ctrl-C" not in said:
                line = await process.stdout.readline()
                assert line, said.decode()
                said += line
        yield Up(process, said.decode(), f"http://127.0.0.1:{environment['ZHIBIAO_PORT']}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_from_an_empty_folder_to_a_running_system_and_back(home: Path) -> None:
    environment = surroundings(home)
    async with up(environment) as first:
        password = first.password
        assert password and f"{first.url}/docs" in first.screen and str(home) in first.screen
        assert await first.sign_in(password) == 200
        async with httpx.AsyncClient(base_url=first.url) as client:
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.get("/docs")).status_code == 200
        assert await first.stop(signal.SIGINT) == (0, "\n已停止 / stopped\n")
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()
    async with up(environment) as second:
        assert second.password is None and "载入" not in second.screen
        assert await second.sign_in(password) == 200
        second.process.kill()
        await second.process.wait()
    async with up(environment) as third:
        assert await third.sign_in(password) == 200
        code, last = await third.stop(signal.SIGTERM)
        assert (code, "Traceback" in last) == (0, False)
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()
    assert {path.stat().st_mode & 0o077 for path in (home / "secrets").iterdir()} == {0}
    assert password not in "".join(path.read_text(errors="replace") for path in (home / "logs").iterdir())


async def test_a_given_database_with_and_without_the_right_to_make_logins(home: Path, server: Server) -> None:
    given = await create_database(server)
    name = given.rsplit("/", 1)[1]
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    try:
        async with up(surroundings(home, DATABASE_URL=given.replace("+asyncpg", ""))) as powerful:
            assert powerful.password and await powerful.sign_in(powerful.password) == 200
            users = await connection.fetch("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = $1", name)
            assert {f"{name}_auth", f"{name}_targets", f"{name}_progress"} <= {row[0] for row in users}
            assert (await powerful.stop())[0] == 0
        for service in ("auth", "targets", "progress"):
            await connection.execute(f'DROP OWNED BY "{name}_{service}"')
        await drop_database(server, given)
        await connection.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'plain'")
        await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        shutil.rmtree(home)
        plain = f"postgresql://{name}:plain@{server.host}:{server.port}/{name}?sslmode=disable"
        async with up(surroundings(home, DATABASE_URL=plain, ZHIBIAO_ADMIN_PASSWORD="Chosen-by-somebody-1")) as modest:
            assert modest.password is None
            assert await modest.sign_in("Chosen-by-somebody-1") == 200
            assert (await modest.stop())[0] == 0
    finally:
        await drop_database(server, given)
        for user in (name, *(f"{name}_{service}" for service in ("auth", "targets", "progress"))):
            await connection.execute(f'DROP ROLE IF EXISTS "{user}"')
        await connection.close()


@pytest.fixture
def refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Refused"]:
    """`stack up` in this process, for what it refuses; logging is put back as it was."""
    for name in [name for name in os.environ if name.startswith(("ZHIBIAO_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield Refused(home, monkeypatch)
    for handler in set(logging.root.handlers) - set(handlers):
        handler.close()
    logging.root.handlers[:], logging.root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


@dataclass
class Refused:
    """Starts that cannot succeed."""

    home: Path
    monkeypatch: pytest.MonkeyPatch

    def up(self, **environment: str) -> Result:
        """What `stack up` says in such surroundings."""
        for name, value in {**surroundings(self.home), **environment}.items():
            self.monkeypatch.setenv(name, value)
        app = typer.Typer()
        plug(app)
        return CliRunner().invoke(app, ["up"])


def check(result: Result, *said: str) -> None:
    """It failed, and said why in both languages without a stack trace."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    for words in said:
        assert words in result.output


def test_a_port_that_is_taken(refused: Refused) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        check(refused.up(ZHIBIAO_PORT=port), f"端口 {port} 已被", f"Port {port} is in use")


def test_a_home_that_cannot_be_made(refused: Refused) -> None:
    refused.home.write_text("a file")
    check(refused.up(), "无法写入数据目录", "cannot be written to")


def test_a_home_in_use(refused: Refused) -> None:
    with Home(refused.home).alone():
        check(refused.up(), "系统已在运行", "running already")


def test_a_database_that_does_not_answer(refused: Refused) -> None:
    url = f"postgresql://nobody:hidden@127.0.0.1:{free_port()}/nothing"
    result = refused.up(DATABASE_URL=url)
    check(result, "无法使用数据库", "cannot be used")
    assert "hidden" not in result.output


@pytest.mark.parametrize("url", ["sqlite:///x.db", "nonsense", "postgresql://host"])
def test_a_database_address_that_is_none(refused: Refused, url: str) -> None:
    check(refused.up(DATABASE_URL=url), "DATABASE_URL 不是", "DATABASE_URL is not")


@pytest.mark.parametrize(("name", "value"), [("ZHIBIAO_PORT", "many"), ("ZHIBIAO_ADMIN_NAME", "a b")])
def test_a_setting_that_is_wrong(refused: Refused, name: str, value: str) -> None:
    check(refused.up(**{name: value}), name, "取值不正确", "not a valid value")
