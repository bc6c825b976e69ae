"""Which neighbour services may use the internal routes: each has a key of its own."""

import hmac
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from kernel.errors import NotFound


def _admitted(key: str, keys: Sequence[str]) -> bool:
    # Every key is compared before deciding, so that the time taken tells nothing.
    verdicts = [hmac.compare_digest(key.encode(), known.encode()) for known in keys]
    return any(verdicts)


async def _neighbour(
    request: Request, x_zhibiao_service_key: Annotated[str, Header(include_in_schema=False)] = ""
) -> None:
    if not _admitted(x_zhibiao_service_key, request.app.state.neighbour_keys):
        raise NotFound()


neighbours_only: Any = Depends(_neighbour)
"""Route dependency: only neighbour services; to anybody else the route does not exist."""
