"""Fixtures every test may ask for; what they do is in tests/fixtures."""

from tests.fixtures.database import database, server, server_16
from tests.fixtures.services import auth_database, progress_database, targets_database

__all__ = ["auth_database", "database", "progress_database", "server", "server_16", "targets_database"]
