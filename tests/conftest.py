"""Fixtures every test may ask for; what they do is in tests/fixtures."""

from tests.fixtures.database import database, server, server_16

__all__ = ["database", "server", "server_16"]
