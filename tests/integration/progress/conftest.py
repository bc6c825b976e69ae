"""Fixtures of the progress service: a filled template, and worlds on copies of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from kernel.embedded_postgres import Server
from migrations.run import upgrade
from tests.fixtures.database import create_database, drop_database, template
from tests.integration.progress.world import World, fill
from tests.integration.progress.world import world as open_world


async def _fill(url: str) -> None:
    await upgrade("progress", url)
    await fill(url)


@asynccontextmanager
async def _fresh(server: Server) -> AsyncIterator[World]:
    url = await create_database(server, await template(server, "progress-world", _fill))
    async with open_world(url) as running:
        yield running
    await drop_database(server, url)


class Kept:
    """One world per worker: emptied after each test, and left for a new one when its directory was changed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._open = AsyncExitStack()
        self._world: World | None = None
        self._given: dict[str, str] = {}

    async def take(self) -> World:
        """A world as it was filled."""
        if self._world is None:
            self._world = await self._open.enter_async_context(_fresh(self._server))
            self._given = await self._world.contents()
        return self._world

    async def give_back(self) -> None:
        """Make it as it was, or let it go."""
        if self._world is None:
            return
        clean = False
        try:
            await self._world.reset()
            clean = await self._world.contents() == self._given
        finally:
            if not clean:
                await self.close()

    async def close(self) -> None:
        """Let it go."""
        self._world = None
        await self._open.aclose()


@pytest.fixture(scope="session")
async def kept(server: Server) -> AsyncIterator[Kept]:
    """The world of this worker."""
    kept = Kept(server)
    yield kept
    await kept.close()


@pytest.fixture
async def world(kept: Kept) -> AsyncIterator[World]:
    """The service with its small province and nothing reported yet."""
    yield await kept.take()
    await kept.give_back()


@pytest.fixture(scope="module")
async def shared(server: Server) -> AsyncIterator[World]:
    """The same for all tests of a file that change nothing, or keep out of each other's way."""
    async with _fresh(server) as running:
        yield running
