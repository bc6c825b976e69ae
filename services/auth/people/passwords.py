"""Password hashes: Argon2id in a worker thread, one at a time, the same work for names that do not exist."""

import asyncio
import secrets
import unicodedata
from typing import Literal

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from kernel.errors import Unavailable

_QUEUE = 50
# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
_STRONG = (19 * 1024, 2, 1)
_LIGHT = (8, 1, 1)


class Passwords:
    """Makes and checks password hashes; more than 50 waiting callers are sent away with Unavailable."""

    def __init__(self, hashing: Literal["strong", "light"] = "strong") -> None:
        memory, passes, lanes = _STRONG if hashing == "strong" else _LIGHT
        self._hasher = PasswordHash((Argon2Hasher(time_cost=passes, memory_cost=memory, parallelism=lanes),))
        # Two cores are lost to a few dozen sign-ins a second if hashes are made side by side.
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """A new salted hash."""
        return await self._alone(password, None) or ""

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password fits; without a stored hash the same time passes and the answer is False."""
        fits = await self._alone(password, stored or self._nobody)
        return stored is not None and fits is not None

    async def _alone(self, password: str, stored: str | None) -> str | None:
        if self._waiting >= _QUEUE:
            raise Unavailable(seconds=2)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._work, unicodedata.normalize("NFC", password), stored)
        finally:
            self._waiting -= 1

    def _work(self, password: str, stored: str | None) -> str | None:
        if stored is None:
            return self._hasher.hash(password)
        return stored if self._hasher.verify(password, stored) else None
