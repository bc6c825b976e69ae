"""Listening on a port until told to stop."""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from stack.errors import Refused

HOST = "127.0.0.1"
FAREWELL = 5
"""Seconds requests at work get to finish."""


class _Server(uvicorn.Server):
    """Says when it listens; signals are caught around the whole start and stop (`stopping`)."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def reserve(port: int) -> socket.socket:
    """The port, taken before anything slow begins; raises Refused when somebody else has it."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
    except OSError as refused:
        found.close()
        taken = refused.errno == errno.EADDRINUSE
        raise Refused(
            f"端口 {port} {'已被其他程序占用' if taken else '不能使用'}；请用 ZHIBIAO_PORT 换一个。",
            f"Port {port} {'is in use by another program' if taken else 'cannot be used'}; "
            "choose another with ZHIBIAO_PORT.",
        ) from refused
    return found


async def until_stopped(app: ASGIApp, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve requests; `announce` is called once they are answered. Returns when the task is cancelled.

    A server that cannot start ends the task with what uvicorn raises.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        http="httptools",
        timeout_graceful_shutdown=FAREWELL,
    )
    server = _Server(config, announce)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        # Told to stop, which is how a system ends: what encloses this ends in order, not in failure.
        if task := asyncio.current_task():
            task.uncancel()
    finally:
        server.should_exit = True
        await serving


@contextmanager
def stopping(task: asyncio.Task[None]) -> Generator[None, None, None]:
    """Meanwhile Ctrl-C and SIGTERM end the task in order, and a second one does not interrupt that."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        if not told:
            told.append(True)
            task.cancel()

    told: list[bool] = []
    for each in signals:
        loop.add_signal_handler(each, stop)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
