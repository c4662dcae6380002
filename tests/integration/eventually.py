"""Waiting, not for ever, until something is so."""

import asyncio
import inspect
import time
from collections.abc import Callable

POLL_SECONDS = 0.02


async def eventually(condition: Callable[[], object], within_seconds: float = 5.0) -> None:
    """Return when the condition (plain or async) holds; fail when the time is up."""
    ends_at = time.monotonic() + within_seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return
        assert time.monotonic() < ends_at, f"not so within {within_seconds} s"
        await asyncio.sleep(POLL_SECONDS)
