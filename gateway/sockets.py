"""The door to a service behind a socket: bytes pass as they are, in both directions, as they come."""

import aiohttp
from starlette.types import Receive, Scope, Send
from yarl import URL

from gateway import headers
from gateway.forward import PATIENCE, READY, request_headers
from gateway.inbound import Inbound
from kernel.errors import BadUpstream, DependencyUnavailable, UpstreamTimeout

CONNECT = 0.5
"""Seconds to reach a service."""
_UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""No byte of the request can have reached the service."""
_NO_ANSWER = (*_UNREACHED, aiohttp.ServerDisconnectedError)
"""Neither that, or a connection kept from before was closed meanwhile."""


class HttpDoor:
    """A service behind a socket."""

    def __init__(self, service: str, url: str, session: aiohttp.ClientSession) -> None:
        self._service, self._base, self._session = service, url.rstrip("/"), session

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and its answer back.

        Raises DependencyUnavailable, UpstreamTimeout, BadUpstream, and what is wrong with the request's body.
        """
        inbound = Inbound(scope, receive)
        await inbound.while_present(self._exchange(scope, inbound, send))

    async def _exchange(self, scope: Scope, inbound: Inbound, send: Send) -> None:
        answer = await self._ask(scope, inbound)
        try:
            await send(headers.outbound(answer.status, answer.raw_headers))
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            raise UpstreamTimeout() from None
        except aiohttp.ClientError:
            raise BadUpstream() from None
        finally:
            # an answer read to its end gives its connection back; any other ends with its connection
            answer.close()
        await send({"type": "http.response.body", "body": b""})

    async def _ask(self, scope: Scope, inbound: Inbound) -> aiohttp.ClientResponse:
        """The beginning of the answer; only a GET that got none is repeated, once."""
        repeats = 1 if scope["method"] == "GET" else 0
        while True:
            try:
                return await self._send(scope, inbound)
            except (aiohttp.ClientError, TimeoutError) as failure:
                if not repeats or not isinstance(failure, _NO_ANSWER):
                    raise self._explained(failure, inbound) from None
                repeats -= 1

    async def _send(self, scope: Scope, inbound: Inbound) -> aiohttp.ClientResponse:
        query = scope["query_string"].decode("latin-1")
        address = self._base + scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        return await self._session.request(
            scope["method"],
            URL(address, encoded=True),
            headers=[(k.decode("latin-1"), v.decode("latin-1")) for k, v in request_headers(scope, self._service)],
            data=None if inbound.empty else inbound.chunks(),
            allow_redirects=False,
        )

    def _explained(self, failure: Exception, inbound: Inbound) -> Exception:
        """What a failure of the client means in our family."""
        if inbound.fault is not None:
            return inbound.fault
        if isinstance(failure, _UNREACHED):
            return DependencyUnavailable()
        if isinstance(failure, TimeoutError | aiohttp.ClientConnectionError):
            return UpstreamTimeout()
        return BadUpstream()

    async def ready(self) -> bool:
        """Whether the service says that it can take traffic."""
        limit = aiohttp.ClientTimeout(total=READY)
        try:
            async with self._session.get(self._base + "/readyz", timeout=limit) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def session(patience: float = PATIENCE) -> aiohttp.ClientSession:
    """A client that passes bytes on as they are: no cookies kept, nothing unpacked, nothing added."""
    made = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=400, keepalive_timeout=3.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_connect=CONNECT, sock_read=patience),
        trust_env=False,
    )
    # Without this aiohttp repeats PUT and DELETE by itself when a kept connection turns out to be closed.
    made._retry_connection = False
    return made
