"""`up`: everything in one process, from an empty folder to an address on the screen."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socket

import uvloop

from gateway import openapi, routes
from migrations import SERVICES
from stack import database, first_data, logs, migrate, screen, serve, system
from stack.home import Home
from stack.settings import Settings


def run(settings: Settings, *, began: float, verbose: bool = False) -> None:
    """Start everything and serve until told to stop; raises Refused, CannotStart or BadSettings with the reason.

    `began` is when the command was given, as `time.perf_counter` counts.
    """
    home = Home(settings.home)
    with home.alone(), serve.reserve(settings.port) as listener:
        logs.to_file(home.logs, verbose=verbose)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_stopped(settings, home, listener, began))
    screen.stopped()


def log_file(settings: Settings) -> Path:
    """Where the log of a start is."""
    return settings.home.expanduser().resolve() / "logs" / logs.FILE


async def _until_stopped(settings: Settings, home: Home, listener: socket, began: float) -> None:
    work = asyncio.ensure_future(_work(settings, home, listener, began))
    with serve.stopping(work), suppress(asyncio.CancelledError):
        await work


async def _work(settings: Settings, home: Home, listener: socket, began: float) -> None:
    screen.step("启动数据库", "starting the database")
    async with database.running(home, settings.database_url) as addresses:
        await migrate.migrated(dict.fromkeys(SERVICES, addresses.migration))
        published = {service: openapi.committed(service) for service in routes.SERVICES}
        built = system.build(addresses.services, _keys(home), documents=published)
        async with first_data.loaded(built, home, addresses.identity, settings) as password:
            if not await system.ready(built):
                screen.warn("部分服务尚未就绪，原因见日志", "some services are not ready yet; the log says why")
            announce = partial(
                screen.ready,
                f"http://{serve.HOST}:{settings.port}",
                administrator=settings.admin_name,
                password=password,
                home=home.root,
                began=began,
            )
            await serve.until_stopped(built.gateway, listener, announce)


def _keys(home: Home) -> system.Keys:
    return system.Keys(
        auth=home.secret("zhibiao_auth_secret"),
        targets=home.secret("zhibiao_targets_service_key"),
        progress=home.secret("zhibiao_progress_service_key"),
    )
