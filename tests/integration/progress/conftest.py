"""Fixtures of the progress service: a filled template, and worlds on copies of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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


@pytest.fixture
async def world(server: Server) -> AsyncIterator[World]:
    """The service with its small province, for one test."""
    async with _fresh(server) as running:
        yield running


@pytest.fixture(scope="module")
async def shared(server: Server) -> AsyncIterator[World]:
    """The same for all tests of a file that change nothing, or keep out of each other's way."""
    async with _fresh(server) as running:
        yield running
