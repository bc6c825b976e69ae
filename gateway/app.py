"""The one public door: composition root of the gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import docs, limits, openapi
from gateway.forward import PATIENCE, AppDoor, Door
from gateway.operations import Operations
from gateway.routes import SERVICES, UPLOADS, Service
from gateway.settings import Settings
from kernel.app import Envelope
from kernel.errors import MethodNotAllowed, NotFound
from kernel.logs import configure

Documents = Mapping[Service, Mapping[str, Any]]
Page = Callable[[Request], Awaitable[Response]]
Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


class Gateway:
    """Its own pages first, then the operations the services publish; everything else does not exist."""

    def __init__(self, documents: Documents, doors: Mapping[Service, Door], lifespan: Lifespan | None = None) -> None:
        self._doors = doors
        self._operations = Operations(documents)
        self._openapi = openapi.text(openapi.merged(documents)).encode()
        self._lifespan = Router(lifespan=lifespan)
        self._pages: dict[str, Page] = {
            **docs.PAGES,
            "/openapi.json": self._document,
            "/livez": self._livez,
            "/readyz": self._readyz,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises NotFound, MethodNotAllowed, and what the way to a service raises."""
        if scope["type"] != "http":
            await self._lifespan(scope, receive, send)
        elif page := self._pages.get(scope["path"]):
            _allow(scope, {"GET", "HEAD"})
            response = await page(Request(scope, receive))
            await response(scope, receive, send)
        else:
            limits.check(scope)
            service, methods = self._operations.find(scope["raw_path"])
            if service is None or not methods:
                raise NotFound()
            _allow(scope, methods)
            await self._doors[service].serve(scope, receive, send)

    async def _document(self, _request: Request) -> Response:
        return Response(self._openapi, media_type="application/json")

    async def _livez(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, _request: Request) -> Response:
        answers = await asyncio.gather(*(door.ready() for door in self._doors.values()))
        checks = dict(zip(self._doors, answers, strict=True))
        ready = bool(checks) and all(checks.values())
        body = {"status": "ok" if ready else "not ready", "checks": checks}
        return JSONResponse(body, status_code=200 if ready else 503)


def build(
    settings: Settings | None = None,
    *,
    apps: Mapping[str, ASGIApp] | None = None,
    documents: Documents | None = None,
    patience: float = PATIENCE,
) -> ASGIApp:
    """The gateway: to services over sockets as the settings say, or to `apps` in this process.

    What can be reached are the operations in `documents`; without them, those of the apps as they are, or
    of the committed documents. `patience` is how many seconds a service may take to begin its answer.
    """
    if apps is not None:
        known = _published(apps) if documents is None else documents
        inside = {cast(Service, name): AppDoor(name, app, patience=patience) for name, app in apps.items()}
        return Envelope(Gateway(known, inside), uploads=UPLOADS)
    # Here, because a system in one process starts faster without an HTTP client it does not use.
    from gateway.sockets import HttpDoor, session

    configure("gateway")
    chosen = settings or Settings.read()
    known = {name: openapi.committed(name) for name in SERVICES} if documents is None else documents
    doors: dict[Service, Door] = {}

    @asynccontextmanager
    async def connected(_router: Any) -> AsyncIterator[None]:
        async with session(patience) as client:
            doors.update({name: HttpDoor(name, chosen.url(name), client) for name in SERVICES})
            yield

    return Envelope(Gateway(known, doors, connected), uploads=UPLOADS)


def _published(apps: Mapping[str, ASGIApp]) -> Documents:
    return {cast(Service, name): cast(Any, app).openapi() for name, app in apps.items()}


def _allow(scope: Scope, methods: set[str] | frozenset[str]) -> None:
    if scope["method"] not in methods:
        raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(methods))})
