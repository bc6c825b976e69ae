"""Pages for people: the interactive documentation and the list of errors; nothing comes from outside."""

import html
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from gateway.openapi import TITLE
from kernel.errors import family

Page = Callable[[Request], Awaitable[Response]]

_ASSETS = "/docs/assets"

# Scripts and styles come from here alone; what the bundles would fetch elsewhere (a logo) is blocked.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_KEPT = {"Cache-Control": "public, max-age=86400"}

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{head}</head>
<body>
{body}</body>
</html>
"""

_SWAGGER_START = """window.onload = () => SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#page", deepLinking: true, docExpansion: "none", filter: true,
  persistAuthorization: true, tryItOutEnabled: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""
_REDOC_START = """Redoc.init("/openapi.json", {nativeScrollbars: true}, document.getElementById("page"));
"""
_SCRIPTS = {"swagger-start.js": _SWAGGER_START, "redoc-start.js": _REDOC_START}
_FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js")


def _folder() -> Path:
    spec = find_spec("fastapi_offline")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise RuntimeError("the package fastapi-offline, which carries the documentation pages, is not installed")
    return Path(next(iter(places))) / "static"


def _page(title: str, *, head: str, body: str) -> Response:
    return HTMLResponse(_PAGE.format(title=title, head=head, body=body), headers={"Content-Security-Policy": _POLICY})


async def home(_request: Request) -> Response:
    """The front door leads to the documentation."""
    return RedirectResponse("/docs", status_code=307)


async def swagger(_request: Request) -> Response:
    """Swagger UI."""
    return _page(
        f"{TITLE} · 接口文档 API",
        head=f'<link rel="stylesheet" href="{_ASSETS}/swagger-ui.css">\n',
        body=f'<div id="page"></div>\n<script src="{_ASSETS}/swagger-ui-bundle.js"></script>\n'
        f'<script src="{_ASSETS}/swagger-start.js"></script>\n',
    )


async def redoc(_request: Request) -> Response:
    """ReDoc."""
    return _page(
        f"{TITLE} · 接口文档 API",
        head="<style>body { margin: 0 }</style>\n",
        body=f'<div id="page"></div>\n<script src="{_ASSETS}/redoc.standalone.js"></script>\n'
        f'<script src="{_ASSETS}/redoc-start.js"></script>\n',
    )


def _script(text: str) -> Page:
    async def script(_request: Request) -> Response:
        return Response(text, media_type="text/javascript", headers=_KEPT)

    return script


def _file(name: str) -> Page:
    async def file(_request: Request) -> Response:
        return FileResponse(_folder() / name, headers=_KEPT)

    return file


async def errors(_request: Request) -> Response:
    """Every error code with its sentence in both languages; a problem's `type` points here."""
    rows = [
        f'<tr id="{kind.code}"><td><code>{kind.code}</code></td><td>{kind.status}</td>'
        f"<td>{html.escape(kind.title().zh)}<br>{html.escape(kind.title().en)}</td></tr>\n"
        for kind in sorted(family(), key=lambda kind: (kind.status, kind.code))
    ]
    return _page(
        f"{TITLE} · 错误 Errors",
        head="<style>body { font-family: sans-serif; margin: 2rem auto; max-width: 60rem; line-height: 1.5 } "
        "td, th { padding: .4rem .8rem; text-align: left; vertical-align: top } :target { background: #fe9 }"
        "</style>\n",
        body="<h1>错误 Errors</h1>\n<table>\n<tr><th>code</th><th>HTTP</th><th>说明 Meaning</th></tr>\n"
        + "".join(rows)
        + "</table>\n",
    )


PAGES: dict[str, Page] = {
    "/": home,
    "/docs": swagger,
    "/docs/errors": errors,
    "/redoc": redoc,
    **{f"{_ASSETS}/{name}": _script(text) for name, text in _SCRIPTS.items()},
    **{f"{_ASSETS}/{name}": _file(name) for name in _FILES},
}
"""Every page by its address."""
