"""The whole system, for tests of the whole system: it takes seconds to import, so nobody else pays for it."""

from tests.fixtures.system import system

__all__ = ["system"]
