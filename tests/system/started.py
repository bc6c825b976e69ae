"""The whole system behind a real socket, for clients that are programs of their own."""

import asyncio
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from kernel.embedded_postgres import Server
from stack import serve
from tests.fixtures import system
from tests.fixtures.database import CHECKOUT, create_database, drop_database, template

STARTING = 60.0
LONGEST = 300.0


@asynccontextmanager
async def served_system(server: Server, folder: Path) -> AsyncIterator[str]:
    """The address of a loaded system; the environment names it, its administrator and a folder for accounts."""
    database = await create_database(server, await template(server, "system", system.fill))
    with pytest.MonkeyPatch.context() as patch, served(database) as url:
        patch.setenv("ZHIBIAO_URL", url)
        patch.setenv("ZHIBIAO_ADMIN_NAME", system.ADMINISTRATOR)
        patch.setenv("ZHIBIAO_ADMIN_PASSWORD", system.PASSWORD)
        patch.setenv("ZHIBIAO_CONFIG", str(folder / "config"))
        yield url
    await drop_database(server, database)


def zhibiao(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of the command line as a process of its own, with further environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "zhibiao", *arguments],
        env=os.environ | environment,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def fresh_folders(at: Path) -> dict[str, str]:
    """The environment of a machine on which nothing was ever started; no administrator is named."""
    known = {name: "" for name in os.environ if name.startswith(("ZHIBIAO_ADMIN", "DATABASE_URL"))}
    return known | {"ZHIBIAO_HOME": str(at / "home"), "ZHIBIAO_CONFIG": str(at / "config")}


@contextmanager
def served(database: str) -> Iterator[str]:
    """The system on a database, served by a thread with a loop of its own."""
    ready: queue.Queue[Callable[[], object]] = queue.Queue()
    with serve.reserve(0) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(_serve(database, listener, ready)))
        thread.start()
        stop = ready.get(timeout=STARTING)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop()
            thread.join()


async def _serve(database: str, listener: socket.socket, ready: "queue.Queue[Callable[[], object]]") -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    async with system.running(database) as found:
        await serve.until_stopped(
            found.apps.gateway, listener, lambda: ready.put(partial(loop.call_soon_threadsafe, task.cancel))
        )
