"""The whole system in one process: three services and the door in front of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from gateway.app import Documents
from gateway.app import build as build_gateway
from services.auth.app import build as build_auth
from services.auth.settings import Settings as AuthSettings
from services.progress.app import build as build_progress
from services.progress.settings import Settings as ProgressSettings
from services.targets.app import build as build_targets
from services.targets.settings import Settings as TargetsSettings

_PAUSE = 0.02


@dataclass(frozen=True)
class Keys:
    """What the services prove themselves with, and the secret of the one that signs."""

    auth: str
    targets: str
    progress: str


@dataclass(frozen=True)
class System:
    """The services and the gateway; neighbours speak to one another without a socket."""

    auth: FastAPI
    targets: FastAPI
    progress: FastAPI
    gateway: ASGIApp

    def services(self) -> dict[str, FastAPI]:
        """The services by name, in the order in which they need one another."""
        return {"auth": self.auth, "targets": self.targets, "progress": self.progress}


def build(databases: Mapping[str, str], keys: Keys, *, documents: Documents | None = None, **choices: str) -> System:
    """The system on the given databases, one address per service.

    What the gateway lets through are the operations in `documents`, or without them those of the services as
    they are, which takes a second to find out. `choices` are further settings of auth.
    """
    auth_settings = AuthSettings.read(
        database_url=databases["auth"],
        secret=keys.auth,
        targets_key=keys.targets,
        progress_key=keys.progress,
        **choices,
    )
    targets_settings = TargetsSettings.read(
        database_url=databases["targets"],
        auth_url="http://auth",
        service_key=keys.targets,
        progress_key=keys.progress,
    )
    progress_settings = ProgressSettings.read(
        database_url=databases["progress"],
        auth_url="http://auth",
        targets_url="http://targets",
        service_key=keys.progress,
    )
    auth = build_auth(auth_settings)
    targets = build_targets(targets_settings, auth_transport=inside(auth))
    progress = build_progress(progress_settings, auth_transport=inside(auth), targets_transport=inside(targets))
    apps = {"auth": auth, "targets": targets, "progress": progress}
    return System(auth, targets, progress, build_gateway(apps=apps, documents=documents))


@asynccontextmanager
async def started(*apps: FastAPI) -> AsyncIterator[None]:
    """The apps between their start and their stop, in order; an app that is only called does not start."""
    async with AsyncExitStack() as stack:
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield


async def ready(system: System, *, patience: float = 30.0) -> bool:
    """Wait until the gateway says that every service takes traffic; whether it said so in time."""
    async with httpx.AsyncClient(transport=inside(system.gateway), base_url="http://gateway") as client:
        deadline = time.monotonic() + patience
        while (await client.get("/readyz")).status_code != 200:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_PAUSE)
    return True


def inside(app: ASGIApp) -> httpx.ASGITransport:
    """The way to a neighbour in this process; its defects are answers with status 500, as over a socket."""
    return httpx.ASGITransport(app, raise_app_exceptions=False)
