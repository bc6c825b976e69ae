"""What every process is made of: error shape, trace id, limits, health, clean start and stop."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.problems import Problem
from kernel import problems, trace
from kernel.errors import AppError, TooLarge
from kernel.exact_json import ExactRequest
from kernel.logs import configure_once, log

JSON_LIMIT = 1024 * 1024
UPLOAD_LIMIT = 64 * 1024 * 1024

Check = Callable[[], Awaitable[bool]]
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class ExactRoute(APIRoute):
    """A route whose JSON is read by `exact_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler so that it sees an ExactRequest."""
        handler = super().get_route_handler()

        async def exact(request: Request) -> Response:
            return await handler(ExactRequest(request.scope, request.receive))

        return exact


_ERRORS: dict[int, str] = {
    400: "Malformed request",
    401: "Not signed in",
    403: "Not allowed for this role",
    404: "Absent or out of scope",
    409: "The state does not allow this",
    412: "Changed since it was read",
    413: "Too large",
    415: "Wrong media type",
    422: "Fields that are not right",
    428: "If-Match is missing",
    429: "Too many requests",
    503: "Not possible right now",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: the problem document for each status it can answer."""
    always = (400, 401, 422, 503)
    return {
        status: {
            "description": _ERRORS[status],
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*always, *statuses})
    }


def router(prefix: str = "", *, tags: Sequence[str] = ()) -> APIRouter:
    """A route table whose routes read JSON exactly; operation ids are `<tag>_<function>`."""

    def name(route: APIRoute) -> str:
        tag = str(route.tags[0]).lower().replace(" ", "_") if route.tags else "internal"
        return f"{tag}_{route.name}"

    return APIRouter(prefix=prefix, tags=list(tags), route_class=ExactRoute, generate_unique_id_function=name)


class Envelope:
    """The outermost layer: trace id in and out, body limits, security headers, one log line per request."""

    def __init__(self, app: ASGIApp, *, uploads: Sequence[str] = ()) -> None:
        self.app = app
        self.uploads = tuple(uploads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        current, token = trace.enter(scope["headers"])
        started = time.perf_counter()
        status = 0

        async def seal(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *_stamp(message, current.id)]
            await send(message)

        try:
            await self._serve(scope, receive, seal, lambda: status > 0)
        finally:
            quiet = scope["path"] in ("/livez", "/readyz") or scope["path"].startswith("/internal/")
            if not quiet or status >= 500:
                log().info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )
            trace.leave(token)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, begun: Callable[[], bool]) -> None:
        limit = UPLOAD_LIMIT if scope["path"].startswith(self.uploads or ("\0",)) else JSON_LIMIT
        language = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"accept-language"), None)
        try:
            await self.app(scope, _bounded(scope, receive, limit), send)
        except Exception as error:
            if not isinstance(error, AppError):
                log().error("request.failed", path=scope["path"], exc_info=error)
            if begun():
                raise
            failure = error if isinstance(error, AppError) else AppError()
            await problems.respond(failure, language)(scope, receive, send)


def _stamp(message: Message, trace_id: str) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in message.get("headers", [])}
    extra = [(b"x-request-id", trace_id.encode()), *_SECURITY]
    if b"cache-control" not in present:
        extra.append((b"cache-control", b"no-store"))
    return [pair for pair in extra if pair[0] not in present]


def _bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge()
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLarge()
        return message

    return counted


def create_app(
    title: str,
    *,
    routers: Sequence[APIRouter],
    description: str = "",
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    ready: Mapping[str, Check],
    uploads: Sequence[str] = (),
) -> FastAPI:
    """An application with the given routes; `ready` names what must hold before it takes traffic."""
    configure_once(title)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan(app):
            log().info("started", app=title)
            yield
        log().info("stopped", app=title)

    app = FastAPI(
        title=title,
        version="1",
        description=description,
        lifespan=running,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    problems.install(app)
    for table in routers:
        app.include_router(table)
    _health(app, ready)
    _publish_problem_schema(app)
    app.add_middleware(Envelope, uploads=uploads)
    return app


def _health(app: FastAPI, ready: Mapping[str, Check]) -> None:
    @app.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(response: Response) -> dict[str, Any]:
        checks = {name: await check() for name, check in ready.items()}
        response.status_code = 200 if all(checks.values()) else 503
        return {"status": "ok" if all(checks.values()) else "not ready", "checks": checks}


def _publish_problem_schema(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        full = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(full.pop("$defs", {}))
        schemas["Problem"] = full
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path in document.get("paths", {}).values():
            for operation in path.values():
                answers = operation.get("responses", {}) if isinstance(operation, dict) else {}
                content = answers.get("422", {}).get("content", {})
                if "HTTPValidationError" in str(content.get("application/json", "")):
                    answers["422"] = errors()[422]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
