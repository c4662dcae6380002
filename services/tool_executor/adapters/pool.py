"""Warm workers, bounded in number. A worker only ever holds the secrets of its own kind of tool."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.tool_executor.errors import WorkersBusy

from .process import WorkerLimits, WorkerProcess

Secrets = tuple[str, ...]


class WorkerPool:
    """Lends workers, one call each at a time.

    Workers are kept by the names of the secrets they hold: a tool never runs in a process that
    has seen the secrets of another scope.
    """

    def __init__(
        self,
        modules: Sequence[str],
        limits: WorkerLimits,
        *,
        workers: int,
        calls_per_worker: int,
        wait_seconds: float,
    ) -> None:
        self._modules = tuple(modules)
        self._limits = limits
        self._workers = workers
        self._calls_per_worker = calls_per_worker
        self._wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(workers)
        self._lent = 0
        self._idle: list[tuple[Secrets, WorkerProcess]] = []

    async def warm(self, kinds: Sequence[Secrets]) -> None:
        """Start a worker of each kind ahead of its first call, as many as may be.

        Raises:
            WorkerUnusable: one does not start.
        """
        wanted = kinds[: self._workers]
        started = await asyncio.gather(*map(self._start, wanted), return_exceptions=True)
        failures = [one for one in started if isinstance(one, BaseException)]
        pairs = zip(wanted, started, strict=True)
        self._idle += [(kind, one) for kind, one in pairs if isinstance(one, WorkerProcess)]
        if failures:
            raise failures[0]

    @asynccontextmanager
    async def lend(self, secrets: Secrets) -> AsyncIterator[WorkerProcess]:
        """A worker for one call.

        Raises:
            WorkersBusy: none became free in time.
            WorkerUnusable: a new one does not start.
        """
        await self._wait_for_slot()
        self._lent += 1
        try:
            worker = await self._take(secrets)
            try:
                yield worker
            finally:
                await self._give_back(secrets, worker)
        finally:
            self._lent -= 1
            self._free.release()

    async def close(self) -> None:
        """End every idle worker; a lent one ends when it is given back."""
        self._calls_per_worker = 0
        while self._idle:
            await self._idle.pop()[1].close()

    async def _wait_for_slot(self) -> None:
        began = time.monotonic()
        try:
            await asyncio.wait_for(self._free.acquire(), self._wait_seconds)
        except TimeoutError:
            raise WorkersBusy(self._workers, time.monotonic() - began) from None

    async def _take(self, secrets: Secrets) -> WorkerProcess:
        fitting = [pair for pair in self._idle if pair[0] == secrets and pair[1].usable]
        if fitting:
            self._idle.remove(fitting[-1])
            return fitting[-1][1]
        # An idle one of another kind makes room: lent and idle together never pass the bound.
        while self._idle and len(self._idle) + self._lent > self._workers:
            await self._idle.pop(0)[1].close()
        return await self._start(secrets)

    async def _start(self, secrets: Secrets) -> WorkerProcess:
        return await WorkerProcess.start(self._modules, secrets, self._limits)

    async def _give_back(self, secrets: Secrets, worker: WorkerProcess) -> None:
        if worker.usable and worker.calls < self._calls_per_worker:
            self._idle.append((secrets, worker))
        else:
            await worker.close()
