"""Asking for a place, and giving it back: the rules of admission on a value that replicas share.

Whoever changes the value, or only looks whether it must, sets the timer of the run that time lets
in next. What a crash leaves out, the next delivery does, or at the latest the sweep of that run.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from contracts.history import Run
from contracts.model import ModelResponded
from services.orchestrator.adapters import Timers
from services.orchestrator.rules.admission import (
    ADMITTED,
    Admissions,
    Admitted,
    Answer,
    Caps,
    Turn,
    Waiter,
    arrive,
    leave,
    soonest,
)
from shared.bus import Bus
from shared.clock import Clock
from shared.errors import Again
from shared.register import Register

log = structlog.get_logger()

VALUE = "runs"
TRIES = 100
PAUSE_SECONDS = 0.005
RECLAIMED_AT_ONCE = 20

Change = Callable[[Admissions], Turn]


@dataclass
class Admission:
    """The places of one platform. What this replica last saw is kept, and mostly still so."""

    register: Register
    caps: Caps
    clock: Clock
    reclaim_after: timedelta
    timers: Timers
    _seen: tuple[Admissions, int] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def concerns(self, run: Run) -> bool:
        """Whether a run needs a place: a child lives in that of the run that called it.

        So does a check: what it checks may hold the last place, and wait for it.
        """
        task = run.submitted.body if run.submitted is not None else None
        if task is None or task.parent is not None or task.checking is not None:
            return False
        return self.caps.are_set or task.concurrency_key is not None

    async def ask(self, run: Run) -> tuple[Answer, tuple[Waiter, ...]]:
        """A place for the run, and who else was admitted by the way."""
        if not self.concerns(run):
            return ADMITTED, ()
        asks = _waiter(run)
        answers: list[Answer] = [ADMITTED]

        def change(state: Admissions) -> Turn:
            turn, answers[0] = arrive(state, asks, self.caps, self.clock.now())
            return turn

        turn = await self._change(change)
        others = tuple(one for one in turn.admitted if one.name != asks.name)
        if not isinstance(answers[0], Admitted):
            log.info("orchestrator.queued", tenant=run.tenant, run_id=run.run_id)
        return answers[0], others

    async def give_back(self, run: Run) -> tuple[Waiter, ...]:
        """The run has ended; gives those that have a place now."""
        if not self.concerns(run) and not self.caps.are_set:
            return ()
        return await self._leave((run.tenant, run.run_id), run)

    def let_in_at(self, run: Run) -> datetime | None:
        """When time lets the run in, if it is the next and nothing has changed meanwhile."""
        if self._seen is None:
            return None
        soon = soonest(self._seen[0], self.caps, self.clock.now())
        is_next = soon is not None and soon.waiter.name == (run.tenant, run.run_id)
        return soon.at if soon is not None and is_next else None

    async def reclaim(self, run: Run, bus: Bus) -> tuple[Waiter, ...]:
        """Where the first in the queue still waits: take places from runs that have ended.

        Whoever ends a run gives its place back. This is for places that nobody gave back: the
        fact of an end was put aside as a dead letter, or the run was purged by then.
        """
        state, _ = await self._load(anew=True)
        if not state.waiting or state.waiting[0].name != (run.tenant, run.run_id):
            return ()
        before = self.clock.now() - self.reclaim_after
        old = [place for place in state.open if place.since < before]
        admitted: list[Waiter] = []
        for place in old[:RECLAIMED_AT_ONCE]:
            found = await bus.read(place.tenant, place.run_id)
            if found.end is not None or found.archived or found.submitted is None:
                log.warning("orchestrator.place_reclaimed", run_id=place.run_id)
                admitted += await self._leave(place.name, found)
        return tuple(admitted)

    async def _leave(self, name: tuple[str, str], run: Run) -> tuple[Waiter, ...]:
        tokens = _tokens(run)
        turn = await self._change(
            lambda state: leave(state, name, tokens, self.caps, self.clock.now()), proven=True
        )
        return turn.admitted

    async def _change(self, change: Change, *, proven: bool = False) -> Turn:
        """Change the value, and have who is next by the clock woken then."""
        turn = await self._decide(change, proven=proven)
        if turn.soon is not None:
            waiter = turn.soon.waiter
            await self.timers.wake(waiter.tenant, waiter.run_id, turn.soon.at)
        return turn

    async def _decide(self, change: Change, *, proven: bool) -> Turn:
        """Decide on the last state, and store that; again where somebody else was faster.

        What needs no change may only look so in a copy that lags. Who asks will ask again; what is
        done once must be `proven`: that the state was the last one, by storing it once more.

        Raises:
            Again: others kept changing it.
        """
        async with self._lock:
            for number in range(TRIES):
                is_sure = number > 0 or self._seen is None
                state, revision = await self._load(anew=is_sure)
                turn = change(state)
                if turn.state == state and not is_sure:
                    continue
                if turn.state == state and not proven:
                    return turn
                body = turn.state.model_dump_json(exclude_none=True).encode()
                stored = await self._store(body, revision)
                if stored is not None:
                    self._seen = turn.state, stored
                    return turn
                await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311 - jitter
        raise Again(f"places were given and taken {TRIES} times meanwhile")

    async def _store(self, body: bytes, revision: int) -> int | None:
        try:
            return await self.register.store(VALUE, body, revision)
        except BaseException:
            self._seen = None  # Nobody knows what lies there.
            raise

    async def _load(self, *, anew: bool) -> tuple[Admissions, int]:
        if anew or self._seen is None:
            body, revision = await self.register.load(VALUE)
            state = Admissions.model_validate_json(body) if body else Admissions()
            self._seen = state, revision
        return self._seen


def _waiter(run: Run) -> Waiter:
    assert run.submitted is not None, "only a submitted run asks for a place"
    task = run.submitted.body
    return Waiter(
        tenant=run.tenant,
        run_id=run.run_id,
        concurrency_key=task.concurrency_key,
        priority=task.priority,
        since=run.submitted.stored_at or run.submitted.time,
    )


def _tokens(run: Run) -> int:
    """What the models were asked and what they answered."""
    outcomes = (step.outcome.body for step in run.steps if step.outcome is not None)
    return sum(
        body.usage.input_total + body.usage.output_total
        for body in outcomes
        if isinstance(body, ModelResponded)
    )
