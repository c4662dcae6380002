"""What calls are run with."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contracts.history import Run
from contracts.pins import Pins
from shared.orders import EVERYTHING_RUNS, InForce, why_stopped
from shared.pins import why_held

from .adapters.registry import Registry
from .adapters.runner import NO_SERVERS, Runner, Servers
from .rules import Act, Submit


@dataclass(frozen=True)
class Desk:
    """What calls are run with."""

    registry: Registry
    runner: Runner
    start_within_seconds: float = 5.0
    margin_seconds: float = 1.0
    busy_pause_seconds: float = 1.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    orders: InForce = EVERYTHING_RUNS
    pins: Pins | None = None
    servers: Servers = NO_SERVERS

    def why_not(self, run: Run, work: Act | Submit) -> str | None:
        """Why a call may not be started: a stop of its run or its tool, or its quarantine.

        Raises:
            Again: the orders could not be read for too long to be relied upon.
        """
        stopped = why_stopped(self.orders, run)
        if stopped is not None or isinstance(work, Submit):
            return stopped
        return why_held(work.manifest, self.pins, self.orders.for_tool(work.manifest.name))
