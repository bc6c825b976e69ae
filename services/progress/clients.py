"""Doors to other services: auth (rights, keys, organisations) and targets (plans and what they hold)."""

from dataclasses import dataclass

import httpx

from kernel.feed import HttpSource, Source
from kernel.rights import PublishedKeys, RightsCopy
from kernel.upstream import Upstream
from services.progress.settings import Settings


@dataclass(frozen=True)
class Neighbours:
    """Everything this service asks of others."""

    rights: RightsCopy
    keys: PublishedKeys
    organisations: Source
    plans: Source
    upstreams: tuple[Upstream, ...]


def connect(
    settings: Settings,
    auth_transport: httpx.AsyncBaseTransport | None,
    targets_transport: httpx.AsyncBaseTransport | None,
) -> Neighbours:
    """Open the doors; the transports stand in for sockets when all services share one process."""
    auth = Upstream(settings.auth_url, service_key=settings.service_key, transport=auth_transport)
    targets = Upstream(settings.targets_url, service_key=settings.service_key, transport=targets_transport)
    return Neighbours(
        rights=RightsCopy(auth, service="progress", lease=settings.lease_seconds),
        keys=PublishedKeys(auth),
        organisations=HttpSource(auth),
        plans=HttpSource(targets),
        upstreams=(auth, targets),
    )
