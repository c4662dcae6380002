"""How long a tool may tell nothing: a time limit that begins anew with whatever it tells."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from contracts.progress import Progress
from services.tool_executor.rules import Silent


class Silence:
    """The silence of one call. None is no limit."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._limit: asyncio.Timeout | None = None

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """What runs in here is stopped when the silence is too long.

        Raises:
            TimeoutError: it was.
        """
        async with asyncio.timeout(self._seconds) as self._limit:
            yield

    def broken_by(self, report: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """A report that breaks the silence; from any thread."""
        loop = asyncio.get_running_loop()

        def told(progress: Progress) -> None:
            loop.call_soon_threadsafe(self._begin_anew)
            report(progress)

        return told

    @property
    def ending(self) -> Silent | None:
        """How the call ended, if it was too silent."""
        is_over = self._limit is not None and self._limit.expired()
        return Silent(self._seconds) if is_over and self._seconds is not None else None

    def _begin_anew(self) -> None:
        limit = self._limit
        if self._seconds is not None and limit is not None and not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time() + self._seconds)
