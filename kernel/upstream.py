"""Calling another service: one client per neighbour, its key, the trace, and errors of our own family."""

import httpx

from contracts.problems import Problem
from kernel.errors import AppError, DependencyUnavailable, Gone
from kernel.trace import current_trace

KEY_HEADER = "X-Zhibiao-Service-Key"
_TIMEOUT = httpx.Timeout(5.0, connect=0.5)


class Upstream:
    """A neighbour service, over sockets or (with an ASGI transport) in the same process."""

    def __init__(
        self, base_url: str, *, service_key: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url, transport=transport, timeout=_TIMEOUT, headers={KEY_HEADER: service_key}
        )

    async def get(self, path: str, *, patience: float | None = None, **params: str | int) -> bytes:
        """The body of an answer; raises DependencyUnavailable when none comes, Gone for a 410."""
        trace = current_trace()
        headers = {"traceparent": trace.header()} if trace else {}
        try:
            answer = await self._client.get(
                path, params=params, headers=headers, timeout=_TIMEOUT if patience is None else patience
            )
        except httpx.HTTPError as error:
            raise DependencyUnavailable() from error
        if answer.status_code == 410:
            raise Gone()
        if answer.status_code != 200:
            raise _translated(answer)
        return answer.content

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _translated(answer: httpx.Response) -> AppError:
    try:
        code = Problem.model_validate_json(answer.content).code
    except ValueError:
        code = str(answer.status_code)
    error = DependencyUnavailable()
    error.add_note(f"{answer.request.url.path} answered {code}")
    return error
