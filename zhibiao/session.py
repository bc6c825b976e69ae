"""A conversation with the gateway: who asks, in which language, and what is repeated if no answer comes.

The client is synchronous: it is made for scripts and the command line, where one thing happens after another.
There is no asynchronous twin. A session may be shared by threads.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from pydantic import BaseModel, ValidationError

from contracts.access import TokenAnswer
from contracts.base import Page
from zhibiao.errors import (
    ApiError,
    IdempotencyInProgress,
    InvalidGrant,
    Overloaded,
    RateLimited,
    Unauthenticated,
    UnexpectedAnswer,
    Unreachable,
    UpstreamTimeout,
    ZhibiaoError,
    from_response,
)
from zhibiao.tokens import Access

DEFAULT_URL = "http://127.0.0.1:8000"
API = "/api/v1/"
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_DONE = (Overloaded, RateLimited)
_UNKNOWN = (UpstreamTimeout, IdempotencyInProgress, Unreachable)

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True)
class Patience:
    """How long a call is repeated: tries in all, the longest wait and all waits together, in seconds."""

    tries: int = 5
    longest: float = 30.0
    together: float = 90.0


@dataclass(frozen=True)
class Call:
    """One request, complete enough to be sent again: `key` makes repeating a POST harmless.

    `wait` asks the server to answer long work when it is done, or after so many seconds.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    file: tuple[str, bytes] | None = None
    etag: str | None = None
    key: str | None = None
    wait: int | None = None
    signed: bool = True

    def repeatable(self) -> bool:
        """Whether sending it twice has the effect of sending it once (asking for a token has)."""
        unguarded = self.method == "PUT" and self.etag is None
        return self.method == "GET" or self.key is not None or unguarded or not self.signed

    def headers(self) -> dict[str, str]:
        """The headers that belong to this request alone."""
        prefer = f"wait={self.wait}" if self.wait is not None else None
        given = {"Idempotency-Key": self.key, "If-Match": self.etag, "Prefer": prefer}
        return {name: value for name, value in given.items() if value is not None}


class Session:
    """Sends calls: signs them, renews the token once when it is refused, repeats what may be repeated."""

    def __init__(
        self,
        base_url: str,
        access: Access,
        *,
        language: str = "zh-CN",
        timeout: float = 30.0,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._access, self._patience, self._sleep = access, patience or Patience(), sleep
        try:
            url = httpx.URL(base_url)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise Unreachable(f"地址应形如 {DEFAULT_URL} / an address looks like {DEFAULT_URL}：{base_url}")
        self._http = httpx.Client(
            base_url=url,
            timeout=timeout,
            transport=transport,
            headers={"Accept": "application/json", "Accept-Language": language},
            trust_env=not is_loopback(base_url),  # a proxy cannot reach this machine's own port
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def one(self, answer: type[Answer], call: Call) -> Answer:
        """The answer to a call, read as the given model; fields it does not know are ignored."""
        return read(answer, self.send(call))

    def each(self, item: type[Answer], path: str, params: Mapping[str, Any] | None = None) -> Iterator[Answer]:
        """Every item of a list; the next page is fetched when the one before is used up."""
        call: Call | None = Call("GET", path, params=params)
        while call is not None:
            page = read(Page[item], self.send(call))  # type: ignore[valid-type]
            yield from page.items
            call = Call("GET", _same_host(page.next)) if page.next else None

    def token(self, form: Mapping[str, str]) -> TokenAnswer:
        """What the token endpoint answers; the server answers an honest repeat of a renewal again."""
        return self.one(TokenAnswer, Call("POST", "oauth/token", form=form, signed=False))

    def send(self, call: Call) -> httpx.Response:
        """The successful answer to a call; raises the exception of its code, or Unreachable."""
        waited, tries = 0.0, 1
        while True:
            try:
                return self._signed(call)
            except ZhibiaoError as error:
                wait = self._wait(call, error, tries)
                if wait is None or waited + wait > self._patience.together:
                    raise
                waited, tries = waited + wait, tries + 1
                self._sleep(wait)

    def _wait(self, call: Call, error: ZhibiaoError, tries: int) -> float | None:
        """Seconds until the next try; None when there must not be one."""
        harmless = isinstance(error, _NOT_DONE) or isinstance(error.__cause__, _NOT_SENT)
        unknown = isinstance(error, _UNKNOWN) and call.repeatable()
        if tries >= self._patience.tries or not (harmless or unknown):
            return None
        asked = error.retry_after if isinstance(error, ApiError) else None
        wait = asked if asked is not None else random.uniform(0.5, 1.0) * min(0.2 * 2**tries, 8.0)
        return wait if wait <= self._patience.longest else None

    def _signed(self, call: Call) -> httpx.Response:
        if not call.signed:
            return self._once(call, None)
        token = self._access.current() or self._access.renew(None, self.token)
        try:
            return self._once(call, token)
        except Unauthenticated as refusal:
            return self._once(call, self._renewed(token, refusal))

    def _renewed(self, refused: str | None, refusal: Unauthenticated) -> str:
        """Another token, or the refusal if the session has ended."""
        try:
            token = self._access.renew(refused, self.token)
        except (InvalidGrant, Unauthenticated) as ended:
            raise refusal from ended
        if token is None:
            raise refusal
        return token

    def _once(self, call: Call, token: str | None) -> httpx.Response:
        headers = call.headers() | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            response = self._http.request(
                call.method,
                call.path if call.path.startswith("/") else API + call.path,
                params=query(call.params) if call.params is not None else None,
                json=call.json,
                data=call.form,
                files={"file": call.file} if call.file else None,
                headers=headers,
            )
        except httpx.TransportError as error:
            raise Unreachable(
                f"无法连接 {self._http.base_url} / cannot reach it: {error or type(error).__name__}"
            ) from error
        if response.is_success:
            return response
        raise from_response(response, _seconds(response.headers.get("Retry-After")))


def new_key() -> str:
    """A key for one intended effect; the server keeps it for seven days."""
    return uuid4().hex


def is_loopback(base_url: str) -> bool:
    """Whether an address is this machine's own."""
    return httpx.URL(base_url).host in ("127.0.0.1", "localhost", "::1")


def read(answer: type[Answer], response: httpx.Response) -> Answer:
    """An answer as a model; a newer server may add fields, so unknown ones are ignored."""
    try:
        return answer.model_validate_json(response.content, extra="ignore")
    except ValidationError as error:
        raise UnexpectedAnswer(
            f"{response.request.url.path}：回答与本版本的约定不符，请升级 zhibiao / "
            f"the answer does not have the expected form, upgrade zhibiao: {error.errors()[0]['loc']}"
        ) from error


def query(params: Mapping[str, Any]) -> dict[str, Any]:
    """Query parameters as text: what is None is left out, a list is repeated."""
    return {
        name: [str(v) for v in value] if isinstance(value, list | tuple | set) else _text(value)
        for name, value in params.items()
        if value is not None
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _same_host(link: str) -> str:
    """A page link, which must stay with the server that was asked: the token must not leave it."""
    if not link.startswith("/") or link.startswith("//"):
        raise UnexpectedAnswer(f"翻页链接不是相对地址 / a page link that is not relative: {link}")
    return link


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After as seconds: a number, or the time until a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None
