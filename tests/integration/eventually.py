"""Waiting, not for ever, until something is so."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
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


async def patiently(
    ask: Callable[[], Awaitable[T]], trouble: type[Exception], within_seconds: float
) -> T:
    """What is answered, asked again as long as there is only trouble; its last one is raised."""
    ends_at = time.monotonic() + within_seconds
    while True:
        try:
            return await ask()
        except trouble:
            if time.monotonic() > ends_at:
                raise
        await asyncio.sleep(POLL_SECONDS)
