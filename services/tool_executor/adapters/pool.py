"""Warm workers, bounded in number. Each only ever serves tools of its own kind."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from services.tool_executor.errors import WorkersBusy, WorkerUnusable

from .kinds import WorkerKind
from .process import WorkerProcess

Start = Callable[[WorkerKind], Awaitable[WorkerProcess]]


class WorkerPool:
    """Lends workers, one call each at a time.

    One that is for a single call is replaced while nobody waits, so that the next call finds the
    next worker warm. Lent, idle and starting ones together never pass the bound.
    """

    def __init__(
        self, start: Start, *, workers: int, calls_per_worker: int, wait_seconds: float
    ) -> None:
        self._start = start
        self._workers = workers
        self._calls_per_worker = calls_per_worker
        self._wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(workers)
        self._lent = 0
        self._idle: list[tuple[WorkerKind, asyncio.Future[WorkerProcess]]] = []
        self._closed = False

    async def warm(self, kinds: Sequence[WorkerKind]) -> None:
        """Start a worker of each kind ahead of its first call, as many as may be.

        Raises:
            WorkerUnusable: one does not start.
        """
        for kind in kinds[: self._workers]:
            self._prepare(kind)
        started = await asyncio.gather(*(one for _, one in self._idle), return_exceptions=True)
        failures = [one for one in started if isinstance(one, BaseException)]
        if failures:
            raise failures[0]

    @asynccontextmanager
    async def lend(self, kind: WorkerKind) -> AsyncIterator[WorkerProcess]:
        """A worker for one call.

        Raises:
            WorkersBusy: none became free in time.
            WorkerUnusable: a new one does not start.
        """
        await self._wait_for_slot()
        self._lent += 1
        try:
            worker = await self._take(kind)
            try:
                yield worker
            finally:
                await self._give_back(kind, worker)
        finally:
            self._lent -= 1
            self._free.release()

    async def close(self) -> None:
        """End every idle worker; a lent one ends when it is given back."""
        self._closed = True
        while self._idle:
            await self._drop(self._idle.pop()[1])

    async def _wait_for_slot(self) -> None:
        began = time.monotonic()
        try:
            await asyncio.wait_for(self._free.acquire(), self._wait_seconds)
        except TimeoutError:
            raise WorkersBusy(self._workers, time.monotonic() - began) from None

    async def _take(self, kind: WorkerKind) -> WorkerProcess:
        for pair in [pair for pair in self._idle if kind.replaces(pair[0])]:
            self._idle.remove(pair)
            await self._drop(pair[1])
        while fitting := [pair for pair in self._idle if pair[0] == kind]:
            self._idle.remove(fitting[-1])
            with contextlib.suppress(WorkerUnusable):
                worker = await fitting[-1][1]
                if worker.usable:
                    return worker
                await worker.close()
        await self._make_room(self._lent)
        return await self._start(kind)

    async def _make_room(self, wanted: int) -> None:
        """An idle one of another kind makes room."""
        while self._idle and len(self._idle) + wanted > self._workers:
            await self._drop(self._idle.pop(0)[1])

    async def _give_back(self, kind: WorkerKind, worker: WorkerProcess) -> None:
        calls = 1 if kind.once else self._calls_per_worker
        if worker.usable and worker.calls < calls and not self._closed:
            ready: asyncio.Future[WorkerProcess] = asyncio.get_running_loop().create_future()
            ready.set_result(worker)
            self._idle.append((kind, ready))
            return
        await worker.close()
        if kind.once and not self._closed and len(self._idle) + self._lent <= self._workers:
            self._prepare(kind)

    def _prepare(self, kind: WorkerKind) -> None:
        self._idle.append((kind, asyncio.ensure_future(self._start(kind))))

    async def _drop(self, coming: asyncio.Future[WorkerProcess]) -> None:
        """End one that is idle, or about to be."""
        coming.cancel()
        await asyncio.wait([coming])
        if not coming.cancelled() and coming.exception() is None:
            await coming.result().close()
