"""Somebody who is no service: asks the console, or reaches the log as a plain client does.

What gets no answer is asked again. People do not crash.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from fastapi import Response

from contracts.control import RunCancelRequested
from contracts.history import Run
from contracts.shape import Body
from contracts.task import TaskSubmitted
from services.console.api import requests, tasks
from services.console.api.desk import Desk
from services.console.api.people import Person
from services.console.api.shapes import Accepted, ControlAsked, InputAnswer
from services.console.api.tasks import NewTask
from services.console.errors import ConsoleError, NotFound
from shared.bus import NatsBus
from shared.errors import LogUnavailable, Stale

from .asked import Submission
from .consoles import Consoles
from .engine import Engine
from .process import Process
from .scenarios import AGENTS, TENANTS

T = TypeVar("T")
SUBMIT_WITHIN_SECONDS = 10.0
CANCEL_WITHIN_SECONDS = 20.0
# The others are plain clients, who get no answer and are refused by services alone.
BY_CONSOLE = 0.6
AGAIN_WITHIN_SECONDS = 2.0
TRIES_AT_MOST = 400
LOOKS_AT_MOST = 5  # for what a copy of the log that lags does not show
OLGA = Person(principal="olga", roles=("operator",))


@dataclass
class Someone:
    """What everybody can do."""

    consoles: Consoles
    bus: NatsBus
    process: Process
    engine: Engine
    chance: Random
    _doing: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        """Whether they still mean to say something."""
        return any(not task.done() for task in self._doing)

    def begin(self) -> None:
        """What they do of their own accord."""
        raise NotImplementedError

    def _begin(self, doing: Coroutine[None, None, None]) -> None:
        self._doing.append(self.engine.loop.create_task(doing))

    async def _wait(self, at_most_seconds: float) -> None:
        await self.process.sleep(self.chance.random() * at_most_seconds)

    async def _ask(self, work: Callable[[Desk], Coroutine[Any, Any, T]]) -> T | ConsoleError:
        """Ask the console until it answers."""
        looks = 0
        for _ in range(TRIES_AT_MOST):
            try:
                answer = await self.consoles.ask(work)
            except ConnectionError:
                await self._wait(AGAIN_WITHIN_SECONDS)
                continue
            looks += 1
            if not isinstance(answer, NotFound) or looks >= LOOKS_AT_MOST:
                return answer
            await self._wait(AGAIN_WITHIN_SECONDS)
        self.consoles.asked.unanswered(TRIES_AT_MOST)
        raise asyncio.CancelledError

    async def _submit(self, tenant: str, run_id: str, wanted: TaskSubmitted) -> None:
        """Submit a task, until it is a run."""
        await self._wait(SUBMIT_WITHIN_SECONDS)
        if wanted.agent in AGENTS and self.chance.random() < BY_CONSOLE:
            await self._submit_by_console(tenant, run_id, wanted)
            return
        while True:
            try:
                await self.bus.append(Run(tenant, run_id), "", wanted)
            except LogUnavailable:
                continue
            except Stale:
                pass
            return

    async def _submit_by_console(self, tenant: str, run_id: str, wanted: TaskSubmitted) -> None:
        new, sam = _new(wanted, run_id), _sam(tenant)
        told = await self._ask(lambda desk: tasks.submit(new, sam, desk, Response()))
        self.consoles.asked.submitted(Submission(wanted, told))

    async def _submit_nameless(self, tenant: str, wanted: TaskSubmitted) -> None:
        """Who gives no name asks once: nobody could tell that a second time is the same task."""
        new, sam = _new(wanted, None), _sam(tenant)
        told: Accepted | ConsoleError | None = None
        await self._wait(SUBMIT_WITHIN_SECONDS)
        with contextlib.suppress(ConnectionError):
            told = await self.consoles.ask(lambda desk: tasks.submit(new, sam, desk, Response()))
        self.consoles.asked.submitted(Submission(wanted, told))

    async def _cancel(self, run_id: str) -> None:
        await self._wait(CANCEL_WITHIN_SECONDS)
        if self.chance.random() < BY_CONSOLE:
            await self._request(run_id, requests.cancel)
            return
        await self._say_of(run_id, RunCancelRequested(principal="olga", nonce=f"cancel-{run_id}"))

    async def _request(self, run_id: str, handler: Callable[..., Any]) -> None:
        """Ask something of a run under way: a handler of the console that takes it first."""
        tenant = self._tenant_of(run_id)
        if tenant is None:
            return
        olga = OLGA.model_copy(update={"tenant": tenant})
        told = await self._ask(lambda desk: handler(run_id, olga, desk))
        if isinstance(told, ControlAsked | InputAnswer):
            self.consoles.asked.requested(told)

    async def _say_of(self, run_id: str, body: Body) -> None:
        """Say something that follows from the run itself."""
        tenant = self._tenant_of(run_id)
        while tenant is not None:
            try:
                run = await self.bus.read(tenant, run_id)
                if run.submitted is not None:
                    await self.bus.say(run.submitted, body)
                    return
            except LogUnavailable:
                pass
            await self._wait(1.0)

    def _tenant_of(self, run_id: str) -> str | None:
        """Whose run it is: no two tenants have one of the same name. None where there is none."""
        lie = self.engine.runs.of_run
        return next((name for name in TENANTS if f"run.{name}.{run_id}" in lie), None)


def _new(wanted: TaskSubmitted, run_id: str | None) -> NewTask:
    return NewTask(**wanted.model_dump(exclude_unset=True), run_id=run_id)


def _sam(tenant: str) -> Person:
    """Whoever asks for tasks, and so may not approve what they do."""
    return Person(principal="sam", roles=("operator",), tenant=tenant)
