"""What the observer hears: into the read models and traces, and acknowledged after that."""

import asyncio
import time
from contextlib import suppress
from typing import Annotated

import structlog
from faststream import Context

from contracts.shape import Body
from contracts.subjects import FACTS
from services.observer.rules import Change, project
from services.observer.store import Projection
from services.observer.tracing import Tracer
from shared.bus import Heard
from shared.service import Handlers

log = structlog.get_logger()
hears = Handlers()

SOON = 0.02  # of `wait_seconds`, after a quiet time: a burst comes together


class Projector:
    """Gathers the changes of facts that are heard together into one transaction.

    Who adds waits for the commit, so that a fact is acknowledged only when its rows are stored.
    After a quiet time that is soon; of what goes on and on, one batch is written each
    `wait_seconds`, since most of its facts change the same rows again, and a full one at once. How
    many may wait is bounded by the facts in flight.
    """

    def __init__(self, store: Projection, facts: int, wait_seconds: float) -> None:
        self._store = store
        self._limit = facts
        self._wait_seconds = wait_seconds
        self._next_at = 0.0
        self._is_full = asyncio.Event()
        self._waiting: list[tuple[tuple[Change, ...], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, changes: tuple[Change, ...]) -> asyncio.Future[None]:
        """Done when the changes are committed, or with what kept them from it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((changes, done))
        if len(self._waiting) >= self._limit:
            self._is_full.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch = self._waiting[: self._limit]
                del self._waiting[: self._limit]
                await self._write(batch)
        finally:
            self._writing = None

    async def _gather(self) -> None:
        if len(self._waiting) < self._limit:
            self._is_full.clear()
            seconds = max(self._next_at - time.monotonic(), self._wait_seconds * SOON)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_full.wait(), seconds)
        self._next_at = time.monotonic() + self._wait_seconds

    async def _write(self, batch: list[tuple[tuple[Change, ...], asyncio.Future[None]]]) -> None:
        try:
            await self._store.apply([change for changes, _ in batch for change in changes])
        except Exception as error:  # noqa: BLE001 - whoever added a fact is told, and raises it
            if len(batch) == 1:
                _settle(batch[0][1], error)
                return
            # One that cannot be stored must not hold up the others.
            log.warning("observer.batch_failed", facts=len(batch), error=repr(error))
            for one in batch:
                await self._write([one])
        else:
            for _, done in batch:
                _settle(done)


def _settle(done: asyncio.Future[None], error: Exception | None = None) -> None:
    """Tell who waits; whoever was cancelled meanwhile no longer does."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


@hears(*(kind.body for kind in FACTS))
async def record(
    heard: Heard[Body],
    projector: Annotated[Projector, Context()],
    tracer: Annotated[Tracer, Context()],
) -> None:
    """Put one fact into the read models, and tell the spans that it closes."""
    # Of two that fail, neither is left behind unseen.
    await asyncio.gather(projector.add(project(heard.fact)), tracer.note(heard.fact))
