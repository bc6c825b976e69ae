"""What runs beside the requests, for as long as the service does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def running(work: Sequence[Work], closing: Sequence[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Do the work while the block lasts, end it cleanly, then close what it stood on."""
    tasks = [asyncio.create_task(each()) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for close in closing:
            await close()
