"""What every noun has: the session it speaks through."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

from zhibiao.session import Call, Session, new_key

Answer = TypeVar("Answer", bound=BaseModel)


class Noun:
    """A group of use cases about one kind of thing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _get(self, answer: type[Answer], path: str, /, **params: Any) -> Answer:
        return self._session.one(answer, Call("GET", path, params=params))

    def _each(self, item: type[Answer], path: str, /, **params: Any) -> Iterator[Answer]:
        return self._session.each(item, path, params)

    def _post(
        self,
        answer: type[Answer],
        path: str,
        body: BaseModel | None,
        *,
        etag: str | None = None,
        key: str | None = None,
    ) -> Answer:
        """Post a message; `key` is made here unless the caller has one that survives his own restart."""
        content = body.model_dump(mode="json", by_alias=True, exclude_unset=True) if body is not None else {}
        return self._session.one(answer, Call("POST", path, json=content, etag=etag, key=key or new_key()))
