"""The pages for people load nothing from outside."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from kernel.errors import family
from tests.integration.gateway.toys import Toy, fronted


class Links(HTMLParser):
    """Everything a page refers to, and the text of its inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if value and name in ("src", "href", "action", "srcset", "data")]
        self._script = tag == "script" and not any(name == "src" for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with fronted(Toy(), "process") as url, httpx.AsyncClient(base_url=url) as found:
        yield found


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/docs/errors"])
async def test_a_page_refers_to_this_place_only(client: httpx.AsyncClient, page: str) -> None:
    answer = await client.get(page)
    links = Links()
    links.feed(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert not [link for link in links.found if not link.startswith(("/docs/", "data:,"))]
    assert links.inline == []
    assert not re.search(r"(https?:)?//", re.sub(r"<!doctype[^>]*>", "", answer.text))
    for link in (link for link in links.found if link.startswith("/")):
        assert (await client.get(link)).status_code == 200


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/docs/errors"])
async def test_the_browser_is_told_to_load_nothing_else(client: httpx.AsyncClient, page: str) -> None:
    policy = (await client.get(page)).headers["content-security-policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


async def test_the_start_scripts_point_to_the_document(client: httpx.AsyncClient) -> None:
    for name in ("swagger-start.js", "redoc-start.js"):
        script = await client.get(f"/docs/assets/{name}")
        assert script.headers["content-type"].startswith("text/javascript")
        assert '"/openapi.json"' in script.text and "http" not in script.text
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/plans/{code}" in document["paths"]


async def test_every_error_has_its_place(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs/errors")).text
    for kind in family():
        assert f'id="{kind.code}"' in page


async def test_the_front_door_leads_to_the_documentation(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
