"""Virtual time: an event loop that never waits, and every source of chance under one seed.

When nothing is ready the loop jumps to its next timer. A simulated hour takes as long as what
happens in it, and the same seed gives the same order of events, to the byte.
"""

import asyncio
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from unittest.mock import patch

import structlog

T = TypeVar("T")

EPOCH = datetime(2026, 1, 1, 12, tzinfo=UTC)
SILENT = logging.CRITICAL  # nobody says that


class NothingScheduled(RuntimeError):
    """Everybody waits for somebody else: the simulation itself is at fault."""


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without sockets, whose clock moves only from timer to timer."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self  # what the base class asks how long it may wait
        self._seconds = 0.0

    def time(self) -> float:
        return self._seconds

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise NothingScheduled("no timer is set and no task is ready")
        self._seconds += timeout
        return []

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """What a service would do in a thread is done at once: a thread knows no virtual time."""
        assert executor is None, "a simulated service has no executor of its own"
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it raises it
            done.set_exception(error)
        return done

    def _process_events(self, event_list: list[object]) -> None:
        """No sockets, no events."""

    def _write_to_self(self) -> None:
        """Nobody else's thread ever wakes it."""


class VirtualClock:
    """The time of the loop, as services ask for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._loop.time())


@contextmanager
def determined(seed: int, loop: VirtualLoop) -> Iterator[None]:
    """Inside, nonces, ids, jitter and monotonic clocks follow from the seed and from virtual time.

    `secrets` and `uuid4` both draw from the operating system's entropy, so that is what is
    replaced, whoever imported them by which name.
    """
    entropy = random.Random(f"entropy {seed}").randbytes
    before = random.getstate()
    random.seed(seed)
    logs = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(SILENT), cache_logger_on_first_use=False
    )
    with (
        patch.object(os, "urandom", entropy),
        patch.object(random, "_urandom", entropy),
        patch.object(time, "monotonic", loop.time),
        patch.object(time, "perf_counter", loop.time),
    ):
        try:
            yield
        finally:
            random.setstate(before)
            structlog.configure(**logs)
