"""Somebody who is no service: reaches the log as services do, and is as patient as people are.

What gets no answer is said again. People do not crash.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from random import Random

from contracts.control import RunCancelRequested
from contracts.history import Run
from contracts.shape import Body
from contracts.task import TaskSubmitted
from shared.bus import NatsBus
from shared.errors import LogUnavailable, Stale

from .engine import Engine
from .process import Process
from .scenarios import TENANTS

SUBMIT_WITHIN_SECONDS = 10.0
CANCEL_WITHIN_SECONDS = 20.0


@dataclass
class Someone:
    """What everybody can do."""

    bus: NatsBus
    process: Process
    engine: Engine
    chance: Random
    _doing: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        """Whether they still mean to say something."""
        return any(not task.done() for task in self._doing)

    def _begin(self, doing: Coroutine[None, None, None]) -> None:
        self._doing.append(self.engine.loop.create_task(doing))

    async def _wait(self, at_most_seconds: float) -> None:
        await self.process.sleep(self.chance.random() * at_most_seconds)

    async def _submit(self, tenant: str, run_id: str, wanted: TaskSubmitted) -> None:
        await self._wait(SUBMIT_WITHIN_SECONDS)
        while True:
            try:
                await self.bus.append(Run(tenant, run_id), "", wanted)
            except LogUnavailable:
                continue
            except Stale:
                pass
            return

    async def _cancel(self, run_id: str) -> None:
        await self._wait(CANCEL_WITHIN_SECONDS)
        await self._say_of(run_id, RunCancelRequested(principal="olga", nonce=f"cancel-{run_id}"))

    async def _say_of(self, run_id: str, body: Body) -> None:
        """Say something that follows from the run itself."""
        while True:
            try:
                run = await self.bus.read(self._tenant_of(run_id), run_id)
                if run.submitted is not None:
                    await self.bus.say(run.submitted, body)
                    return
            except LogUnavailable:
                pass
            await self._wait(1.0)

    def _tenant_of(self, run_id: str) -> str:
        """No two tenants of a world have a run of the same name."""
        lie = self.engine.runs.of_run
        return next(name for name in TENANTS if f"run.{name}.{run_id}" in lie)
