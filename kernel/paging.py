"""Keyset pages: stable under inserts, no offset, links bound to the list they belong to."""

import base64
import hashlib
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import asyncpg
from fastapi import Query, Request, Response
from sqlakeyset import BadBookmark, InvalidPage, serialize_bookmark, unserialize_bookmark
from sqlakeyset.asyncio import select_page
from sqlalchemy import Row, Select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.base import Page
from kernel.errors import BadCursor

Item = TypeVar("Item")
_FORGED = (asyncpg.DataError, asyncpg.SyntaxOrAccessError)
"""What PostgreSQL says of a bookmark whose values do not fit the columns."""


class PageQuery(NamedTuple):
    """Which page of which list: size, opaque cursor, and the address to build links from."""

    limit: int
    cursor: str | None
    path: str
    filters: tuple[tuple[str, str], ...]

    def _seal(self) -> bytes:
        return hashlib.sha256(repr((self.path, self.filters)).encode()).digest()[:6]

    def place(self) -> str | None:
        """The bookmark inside the cursor; raises BadCursor when it belongs to another list."""
        if self.cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(self.cursor.encode() + b"=" * (-len(self.cursor) % 4))
            seal, bookmark = raw[:6], raw[6:].decode()
        except ValueError:
            raise BadCursor() from None
        if seal != self._seal():
            raise BadCursor()
        return bookmark

    def link(self, bookmark: str) -> str:
        """The relative address of the page at a bookmark."""
        cursor = base64.urlsafe_b64encode(self._seal() + bookmark.encode()).rstrip(b"=").decode()
        return f"{self.path}?{urlencode([*self.filters, ('limit', self.limit), ('cursor', cursor)])}"


def page_query(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="Items per page")] = 50,
    cursor: Annotated[str | None, Query(max_length=1000, description="Opaque; from `next` or `prev`")] = None,
) -> PageQuery:
    """The paging parameters every list shares."""
    filters = tuple(
        (k, v) for k, v in sorted(request.query_params.multi_items()) if k not in ("limit", "cursor")
    )
    return PageQuery(limit, cursor, request.url.path, filters)


async def paged(
    conn: AsyncConnection, query: Select[Any], page: PageQuery, make: Callable[[Row[Any]], Item]
) -> Page[Item]:
    """One page of an ordered query; the order must end in a unique column."""
    bookmark = page.place()
    try:
        place = unserialize_bookmark(bookmark) if bookmark else None
        found = await select_page(conn, query, per_page=page.limit, page=place)
    except (BadBookmark, InvalidPage, ArgumentError, ValueError):
        raise BadCursor() from None
    except DBAPIError as error:
        if bookmark is not None and isinstance(getattr(error.orig, "__cause__", None), _FORGED):
            raise BadCursor() from None
        raise
    paging = found.paging
    return Page(
        items=[make(row) for row in found],
        next=page.link(serialize_bookmark(paging.next)) if paging.has_next else None,
        prev=page.link(serialize_bookmark(paging.previous)) if paging.has_previous else None,
    )


def link_header(response: Response, page: Page[Any]) -> None:
    """Repeat the page's links as a Link header."""
    links = [f'<{url}>; rel="{rel}"' for rel, url in (("next", page.next), ("prev", page.prev)) if url]
    if links:
        response.headers["Link"] = ", ".join(links)
