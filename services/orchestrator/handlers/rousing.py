"""An order has changed: the open runs that it is about are looked at now, not at their next sweep.

Their timers are set to fire at once. So replicas share the work, each may do it, and a crash in the
middle leaves what the sweep will find.
"""

import asyncio

import structlog

from contracts.control import ControlOrdered
from services.orchestrator.adapters import Timers
from shared.clock import Clock

log = structlog.get_logger()


class Rouser:
    """Sets the timers of the runs that an order is about. It may be told of any number."""

    def __init__(self, timers: Timers, clock: Clock, at_once: int) -> None:
        self._timers = timers
        self._clock = clock
        self._slots = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, order: ControlOrdered) -> None:
        if order.scope == "tool":
            return  # It is about calls, and changes no run.
        task = asyncio.create_task(self.rouse(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def rouse(self, order: ControlOrdered) -> None:
        """Set the timers. Which agent a run is of is not known before it is read."""
        try:
            runs = await self._timers.armed(order.name if order.scope == "tenant" else None)
            await asyncio.gather(*(self._wake(*run) for run in runs))
        except Exception:
            log.exception("orchestrator.rousing_failed", subject=order.subject)
        else:
            log.info("orchestrator.roused", subject=order.subject, runs=len(runs))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wake(self, tenant: str, run_id: str) -> None:
        async with self._slots:
            await self._timers.wake(tenant, run_id, self._clock.now())
