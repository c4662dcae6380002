"""What a tool tells of its progress, on its way to who watches: the last of it, and not too often.

It is worth nothing once the call has ended, and nobody waits for it. So what cannot be told is left
out, and a call never fails because of it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from contracts.progress import Progress

from .teller import TELL_SECONDS

log = structlog.get_logger()


class Telling:
    """Tells of one call, until it is closed."""

    def __init__(self, tell: Callable[[Progress], Awaitable[None]]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._latest: Progress | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def __call__(self, progress: Progress) -> None:
        """The tool has come so far; it may say so from any thread."""
        self._loop.call_soon_threadsafe(self._take, progress)

    def close(self) -> None:
        """The call has ended, and its outcome says the rest."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    def _take(self, progress: Progress) -> None:
        if self._closed:
            return
        self._latest = progress
        if self._task is None:
            self._task = asyncio.create_task(self._tell_latest())

    async def _tell_latest(self) -> None:
        while self._latest is not None:
            latest, self._latest = self._latest, None
            try:
                await self._tell(latest)
            except Exception as error:  # noqa: BLE001 - whatever it is, the call goes on
                log.warning("executor.progress_not_told", error=repr(error))
            await asyncio.sleep(TELL_SECONDS)
        self._task = None
