"""Running what docker-compose.yml says with processes of this machine instead of containers.

Commands, environment, secrets, health checks and the order of starting are taken from the file; only host names,
ports and paths are put in place of those that exist inside containers.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import yaml

from kernel.embedded_postgres import Server

ROOT = Path(__file__).parents[2]
INSIDE_PORT = "8000"
DATABASE = "postgres"
PATIENCE = 90.0
PAUSE = 0.5


def document() -> dict[str, Any]:
    """The file with its anchors resolved and its variables at their defaults."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    return found


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Compose:
    """The services of the file, started one after another as their dependencies allow."""

    folder: Path
    server: Server
    said: dict[str, Any] = field(default_factory=document)
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        services = self.said["services"]
        self.ports = {name: free_port() for name in services if name != DATABASE}
        self.made = self.folder / "secrets"

    def order(self) -> list[str]:
        """Names of the services, each after those it depends on."""
        found: list[str] = []
        waiting = dict(self.said["services"])
        while waiting:
            ready = [name for name, said in waiting.items() if set(said.get("depends_on", {})) <= set(found)]
            assert ready, f"a circle: {sorted(waiting)}"
            found += ready
            for name in ready:
                del waiting[name]
        return found

    async def up(self) -> None:
        """Start everything, each service when the conditions of the file hold."""
        self.make_secrets()
        await self.make_database()
        for name in self.order():
            for other, wanted in self.said["services"][name].get("depends_on", {}).items():
                await self.until(other, wanted["condition"])
            if name != DATABASE:
                await self.start(name)
        for name in self.processes:
            if "healthcheck" in self.said["services"][name]:
                await self.until(name, "service_healthy")

    def make_secrets(self) -> None:
        """What an operator does first."""
        where = f"{self.server.host}:{self.server.port}"
        subprocess.run([ROOT / "deploy" / "make-secrets", self.made, where], check=True, capture_output=True)

    async def make_database(self) -> None:
        """What the image of PostgreSQL does when its volume is empty."""
        name = self.said["services"][DATABASE]["environment"]["POSTGRES_DB"]
        connection = await asyncpg.connect(self.server.url().replace("+asyncpg", ""))
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()
        for script in sorted((ROOT / "deploy" / "postgres").glob("*.sh")):
            environment = {"POSTGRES_DB": name, "ZHIBIAO_SECRETS_DIR": str(self.secrets(DATABASE))}
            subprocess.run([script], check=True, env=self.postgres_environment() | environment)

    def secrets(self, service: str) -> Path:
        """A folder with the secrets of one service under the names it sees them by."""
        folder = self.folder / service
        folder.mkdir(exist_ok=True)
        for secret in self.said["services"][service].get("secrets", []):
            source, target = (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
            assert self.said["secrets"][source]["file"] == f"./deploy/secrets/{source}"
            (folder / target).write_bytes((self.made / source).read_bytes())
        return folder

    def postgres_environment(self) -> dict[str, str]:
        """For PostgreSQL's own programs, which find a socket inside the container."""
        programs = self.server._control.programs
        return {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": self.server.host,
            "PGPORT": str(self.server.port),
            "PGPASSWORD": self.server.password,
        }

    def here(self, service: str, words: str) -> str:
        """Host names, ports and paths of the containers as they are on this machine."""
        for name, port in self.ports.items():
            words = words.replace(f"http://{name}:{INSIDE_PORT}", f"http://127.0.0.1:{port}")
        if service != DATABASE:
            words = words.replace(f"127.0.0.1:{INSIDE_PORT}", f"127.0.0.1:{self.ports[service]}")
        return words.replace("/run/secrets", str(self.secrets(service)))

    def environment(self, service: str) -> dict[str, str]:
        """The environment of a service: nothing of this shell's but the path."""
        given: Mapping[str, str] = self.said["services"][service].get("environment", {})
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **{name: self.here(service, value) for name, value in given.items()},
        }

    async def start(self, service: str) -> None:
        """Start the command of a service."""
        command = [self.here(service, word) for word in self.said["services"][service]["command"]]
        words = " ".join(command).replace(f"--port {INSIDE_PORT}", f"--port {self.ports[service]}")
        with (self.folder / f"{service}.log").open("wb") as log:
            self.processes[service] = await asyncio.create_subprocess_exec(
                *words.replace("--host 0.0.0.0", "--host 127.0.0.1").split(" "),
                cwd=ROOT,
                env=self.environment(service),
                stdout=log,
                stderr=log,
            )

    async def until(self, service: str, condition: str) -> None:
        """Wait for what another service needs of this one; fails with its log."""
        async with asyncio.timeout(PATIENCE):
            if condition == "service_completed_successfully":
                assert await self.processes[service].wait() == 0, self.log(service)
                return
            assert condition == "service_healthy"
            while not await self.healthy(service):
                if service in self.processes:
                    assert self.processes[service].returncode is None, self.log(service)
                await asyncio.sleep(PAUSE)

    async def healthy(self, service: str) -> bool:
        """The health check of the file, once."""
        kind, *command = self.said["services"][service]["healthcheck"]["test"]
        assert kind == "CMD"
        environment = self.postgres_environment() if service == DATABASE else self.environment(service)
        check = await asyncio.create_subprocess_exec(
            *(self.here(service, word) for word in command),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await check.wait() == 0

    def log(self, service: str) -> str:
        """What a service has written so far."""
        return (self.folder / f"{service}.log").read_text(encoding="utf-8", errors="replace")

    async def down(self) -> dict[str, int]:
        """Stop everything, last first; how each service ended."""
        for process in reversed(self.processes.values()):
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return {name: await process.wait() for name, process in self.processes.items()}
