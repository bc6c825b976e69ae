"""Bringing the server up, and down in order."""

import logging
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from kernel.embedded_postgres import binaries, cluster, place, postmaster
from kernel.embedded_postgres.claim import Claim, alone
from kernel.embedded_postgres.errors import CannotStart, from_output, from_system
from kernel.embedded_postgres.place import Place

HOST = "127.0.0.1"
PATIENCE = 60  # seconds: recovery after a power cut takes its time
ATTEMPTS = 5  # somebody may take the port between our look and PostgreSQL's
LOG_LIMIT = 10 * 1024 * 1024  # bytes; then one older file is kept beside the new one

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Control:
    """What is needed to start and stop one cluster."""

    home: Path
    place: Place
    programs: Path
    claim: Claim

    @property
    def pg_ctl(self) -> Path:
        return self.programs / "pg_ctl"

    @property
    def log_file(self) -> Path:
        return self.place.data / "server.log"

    def running(self) -> postmaster.Postmaster | None:
        return postmaster.running(self.place.data, self.place.account)

    def wait(self, *, ready: bool) -> postmaster.Postmaster | None:
        return postmaster.wait_until(self.place.data, self.place.account, ready=ready, seconds=PATIENCE)

    def pg_ctl_start(self) -> str | None:
        """None when the server is ready, otherwise what it said, however little."""
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        before = self.log_file.stat().st_size if self.log_file.exists() else 0
        words = ("start", "-w", "-s", "-t", str(PATIENCE), "-D", self.place.data, "-l", self.log_file)
        try:
            done = self.place.account.run(self.pg_ctl, *words)
        except BaseException:  # interrupted: nobody would know of the server
            self.pg_ctl_stop()
            raise
        if done.returncode == 0:
            return None
        said = self.log_file.read_bytes()[before:].decode(errors="replace") if self.log_file.exists() else ""
        return done.stdout + done.stderr + said

    def pg_ctl_stop(self) -> None:
        """Nothing if it is not running: a pid file may name anybody."""
        if self.running():
            words = ("stop", "-m", "fast", "-w", "-s", "-t", str(PATIENCE), "-D", self.place.data)
            done = self.place.account.run(self.pg_ctl, *words)
            if done.returncode != 0:
                log.error("the database did not stop in %d s: %s", PATIENCE, done.stderr.strip())


@dataclass(frozen=True)
class Server:
    """A running private server. `started_here` is False when a living one was found and joined."""

    host: str
    port: int
    superuser: str
    password: str = field(repr=False)
    data: Path
    started_here: bool
    _control: _Control = field(repr=False, compare=False)

    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """SQLAlchemy's address of a database; of the superuser unless another user is named."""
        secret = self.password if user is None and password is None else password
        who = quote(user or self.superuser, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        return f"postgresql+asyncpg://{who}@{self.host}:{self.port}/{quote(database, safe='')}"

    def stop(self) -> None:
        """A clean, fast stop. Calling it again does nothing.

        If other living processes have started or joined the server too, the last of them to call this
        stops it.
        """
        with suppress(FileNotFoundError), alone(self._control.home / "lock"):
            if self._control.claim.release():
                self._control.pg_ctl_stop()


def start(
    home: Path, *, version: str = "18", durable: bool = True, settings: Mapping[str, str] | None = None
) -> Server:
    """The running server of the cluster kept in `home`, made on first use.

    A living server is joined as it is, whatever the settings. An existing cluster keeps its major version.
    `durable=False` gives up safety against power cuts: for tests only. CannotStart tells the operator why
    there is no server.
    """
    if sys.platform == "win32":
        raise CannotStart(
            "内置数据库不支持 Windows；请用 DATABASE_URL 指定现有的 PostgreSQL，或在 WSL 中运行。",
            "The built-in database does not run on Windows; name a PostgreSQL in DATABASE_URL, or use WSL.",
        )
    try:
        return _start(place.prepare_home(home), version, settings or {}, durable=durable)
    except OSError as refused:
        raise from_system(refused) from refused


def _start(home: Path, version: str, settings: Mapping[str, str], *, durable: bool) -> Server:
    with alone(home / "lock"):
        found = place.find(home, forgive_loss=not durable)
        exactly = cluster.version(found)
        programs = binaries.find(found.account, place.STATE, preferred=version, exactly=exactly)
        claim = Claim(home / "in-use")
        try:
            control = _Control(home, found, programs, claim)
            return _join(control) or _launch(control, settings, durable=durable)
        except BaseException:
            claim.release()
            raise


def _join(control: _Control) -> Server | None:
    """The living server, once it is ready; None if there is none."""
    found = control.wait(ready=True)
    if found and found.stopping:
        found = control.wait(ready=False)
    if found and not found.ready:
        raise _still_recovering()
    return _server(control, found.port, started_here=False) if found else None


def _launch(control: _Control, settings: Mapping[str, str], *, durable: bool) -> Server:
    if not control.place.exists:
        secret = cluster.new_password(control.home)
        cluster.make(control.place, control.programs, secret, durable=durable)
    cluster.password(control.home)  # lost: better said before anything runs
    place.remember(control.home, control.place)
    postmaster.clear_remains(control.place.data, control.place.account, control.pg_ctl)
    for port in _ports(control.home):
        cluster.configure(control.place, port, settings, durable=durable)
        complaint = control.pg_ctl_start()
        if complaint is None:
            place.write(control.home / "port", f"{port}\n")
            return _server(control, port, started_here=True)
        if "could not bind" not in complaint:
            break
    # A start whose application was killed may have gone on and be ready first; recovery may outlast pg_ctl.
    if joined := _join(control):
        return joined
    raise from_output("数据库无法启动。", "The database cannot be started.", complaint or "")


def _still_recovering() -> CannotStart:
    return CannotStart(
        "数据库仍在恢复上次未正常关闭的数据，还没有就绪；请过一会儿再启动，恢复会继续进行。",
        "The database is still recovering from an unclean stop; start again in a while, recovery goes on.",
    )


def _server(control: _Control, port: int, *, started_here: bool) -> Server:
    secret = cluster.password(control.home)
    return Server(HOST, port, cluster.SUPERUSER, secret, control.place.data, started_here, control)


def _ports(home: Path) -> list[int]:
    """Ports to try: the one used before if it is free, then others the system says are free."""
    with suppress(OSError, ValueError):
        last = int((home / "port").read_text())
        return [_free(last), *(_free() for _ in range(ATTEMPTS))]
    return [_free() for _ in range(ATTEMPTS)]


def _free(port: int = 0) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL does: connections of the last server that linger in the kernel are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        return int(probe.getsockname()[1])
