"""Work beside the work: it runs for as long as a block lasts, and ends with it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

log = structlog.get_logger()


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Each of them goes on until the block is left; an error of one is logged, and raised there."""
    tasks = [asyncio.create_task(one) for one in work]
    for task in tasks:
        task.add_done_callback(_tell)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def _tell(task: asyncio.Task[None]) -> None:
    """What ended early is missed long before its block is left."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background.ended", work=repr(task.get_coro()), error=repr(error))
