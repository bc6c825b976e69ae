"""Doors to auth: what this service needs of it, and the form that takes over HTTP."""

from typing import Protocol

import httpx

from kernel.feed import HttpSource, Source
from kernel.rights import PublishedKeys, RightsCopy
from kernel.upstream import Upstream
from services.targets.settings import Settings


class Organisations(Protocol):
    """The copy of organisations, which can be asked to hurry."""

    async def catch_up(self) -> None:
        """Copy everything auth knows by now; raises DependencyUnavailable when it does not answer."""
        ...


class Auth:
    """Auth over HTTP: its published keys, its stream of rights, its feed of organisations."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._upstream = Upstream(settings.auth_url, service_key=settings.service_key, transport=transport)
        self.rights = RightsCopy(self._upstream, service="targets", lease=settings.lease_seconds)
        self.keys = PublishedKeys(self._upstream)
        self.organisations: Source = HttpSource(self._upstream)

    async def close(self) -> None:
        """Close the connections."""
        await self._upstream.close()
