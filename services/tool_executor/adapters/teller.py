"""Progress from inside a worker: frames between call and reply, no more often than may be.

What comes too soon waits, and only the last of it is told. So a tool that tells of each of a
million rows is not slowed down, and the last that it said before it works in silence is not lost.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from contracts.progress import Progress

TELL_SECONDS = 0.2  # between two, of one call


class FrameTeller:
    """Tells of one call, from any thread, until it is closed."""

    def __init__(self, write: Callable[[Progress], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._latest: Progress | None = None
        self._told_at = -TELL_SECONDS
        self._open = True

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            if not self._open:
                return
            self._latest = progress
            left = self._told_at + TELL_SECONDS - time.monotonic()
            if left <= 0:
                self._tell()
            elif self._timer is None:
                self._timer = threading.Timer(left, self._on_time)
                self._timer.daemon = True
                with suppress(RuntimeError):  # There may be no thread left to be had.
                    self._timer.start()

    def close(self) -> None:
        """Once this returns nothing more is written: what follows is the reply."""
        with self._lock:
            self._open = False
            if self._timer is not None:
                self._timer.cancel()

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
            if self._open:
                self._tell()

    def _tell(self) -> None:
        if self._latest is not None:
            latest, self._latest = self._latest, None
            self._told_at = time.monotonic()
            self._write(latest)
