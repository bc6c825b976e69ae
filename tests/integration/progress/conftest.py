"""Fixtures of the progress service: a migrated template, and a world on a copy of it."""

from collections.abc import AsyncIterator

import pytest

from kernel.embedded_postgres import Server
from migrations.run import upgrade
from tests.fixtures.database import create_database, drop_database, template
from tests.integration.progress.world import World
from tests.integration.progress.world import world as open_world


@pytest.fixture
async def world(server: Server) -> AsyncIterator[World]:
    """The service with its small province."""

    async def fill(url: str) -> None:
        await upgrade("progress", url)

    made = await template(server, "progress", fill)
    url = await create_database(server, made)
    async with open_world(url) as running:
        yield running
    await drop_database(server, url)
