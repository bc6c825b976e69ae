"""Strong entity tags: the version of what can be changed, then a digest of everything else the answer shows."""

import hashlib
from typing import Annotated, TypeVar

from fastapi import Header, Response
from pydantic import BaseModel

from kernel.errors import PreconditionRequired, StaleVersion

Body = TypeVar("Body", bound=BaseModel)

IfMatch = Annotated[
    str | None, Header(description="The ETag that was read; the change is refused if it is stale")
]
IfNoneMatch = Annotated[str | None, Header(description="An ETag that is known; 304 if nothing changed")]


def of(version: int, *shown: object) -> str:
    """The tag of one thing: ``"3"``, or ``"3-5f0c…"`` when neighbours' names and the like are shown with it."""
    return f'"{version}-{_digest(repr(shown).encode())}"' if shown else f'"{version}"'


def of_content(body: BaseModel) -> str:
    """The tag of a collection: a digest of what it holds."""
    return f'"{_digest(body.model_dump_json().encode())}"'


def require_match(if_match: str | None, etag: str) -> None:
    """Let a change pass only on the version that was read; raises PreconditionRequired or StaleVersion.

    Only versions are compared: a neighbour's new name must not refuse a change that it has nothing to do with.
    """
    if if_match is None:
        raise PreconditionRequired()
    given = [tag.strip() for tag in if_match.split(",")]
    if "*" not in given and _version(etag) not in map(_version, given):
        raise StaleVersion()


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the reader has this answer already (weak comparison, RFC 9110 §13.1.2)."""
    given = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in given or etag in given


def conditional(response: Response, if_none_match: str | None, etag: str, body: Body) -> Body | Response:
    """The body with its ETag header, or 304 for a reader who has it."""
    if not_modified(if_none_match, etag):
        return Response(status_code=304, headers={"ETag": etag})
    response.headers["ETag"] = etag
    return body


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _version(etag: str) -> str:
    """The tag without its digest, still quoted; unquoted and weak tags match nothing."""
    return etag.rstrip('"').split("-")[0] if etag.startswith('"') else ""
