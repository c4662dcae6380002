"""People: who submits tasks, cancels and pauses runs, and looks after dead letters."""

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from contracts.control import (
    InputPolicy,
    InputSubmitted,
    RunPauseRequested,
    RunResumeRequested,
)
from contracts.envelope import Stored, believe, encode, follow
from contracts.run import RunRedriven
from contracts.subjects import DEAD
from services.console.api import requests
from services.console.api.desk import Desk
from services.console.api.people import Person
from services.console.api.requests import NewInput
from services.console.api.shapes import InputAnswer
from shared.errors import LogUnavailable
from tests.histories import Marks

from .scenarios import TENANTS, named, task
from .services import HEARS
from .someone import BY_CONSOLE, CANCEL_WITHIN_SECONDS, Someone

RUNS_AT_MOST = 4
REDRIVE_AFTER_SECONDS = 30.0
REDRIVES_AT_MOST = 3
CANCELS, CONFLICTS, NAMELESS = 0.4, 0.1, 0.2
PAUSED_SECONDS = 20.0
# How often somebody interferes just when a run moves, where it matters who is first.
WHIMS = 0.03
MOVES = frozenset({"task.cleared", "model.responded", "tool.cleared", "result.cleared"})
REDRIVABLE = ("crash_loop", "deliveries_used_up", "handler_failed")


@dataclass
class People(Someone):
    """Those who look at every run."""

    _redriven: Counter[tuple[str, int]] = field(default_factory=Counter)

    def begin(self) -> None:
        """Submit a few tasks, and look at what becomes of them."""
        self.engine.runs.listeners.append(self._on_fact)
        self.engine.streams[DEAD].listeners.append(self._on_dead_letter)
        for number in range(1, self.chance.randrange(1, RUNS_AT_MOST + 1) + 1):
            self._begin(self._order(self.chance.choice(TENANTS), f"r-{number}"))
        if self.chance.random() < NAMELESS:
            tenant, wanted = self.chance.choice(TENANTS), named(task(self.chance), "nameless")
            self._begin(self._submit_nameless(tenant, wanted))

    async def _order(self, tenant: str, run_id: str) -> None:
        """Submit a task, and perhaps think better of it."""
        await self._submit(tenant, run_id, named(task(self.chance), run_id))
        if self.chance.random() < CONFLICTS:
            self._begin(self._submit_another(tenant, run_id))
        if self.chance.random() < CANCELS:
            self._begin(self._cancel(run_id))

    async def _submit_another(self, tenant: str, run_id: str) -> None:
        """A plain client takes a run id that is taken."""
        await self._wait(CANCEL_WITHIN_SECONDS)
        other = follow(tenant, run_id, task(self.chance), cause_id="", time=self.bus.clock.now())
        message = encode(other)
        message.headers["Nats-Msg-Id"] += "-another"
        with contextlib.suppress(LogUnavailable):
            await self.bus.publisher.say(message)

    def _on_fact(self, message: Stored) -> None:
        run_id = message.subject.split(".")[2]
        if message.headers.get("ce-type") in MOVES and self.chance.random() < WHIMS:
            self._begin(self._whim(run_id, message.sequence))

    async def _whim(self, run_id: str, number: int) -> None:
        """Somebody wants something of a run just while it moves."""
        match self.chance.choice(("cancel", "pause", "input", "input", "input", "input")):
            case "cancel":
                await self._request(run_id, requests.cancel)
            case "pause":
                await self._pause(run_id, number)
            case _:
                policy = self.chance.choice(("reject", "enqueue", "interrupt", "rollback"))
                await self._give(run_id, number, policy)

    async def _pause(self, run_id: str, number: int) -> None:
        """Let a run stand still for a while."""
        if self.chance.random() < BY_CONSOLE:
            await self._request(run_id, requests.pause)
            await self._wait(PAUSED_SECONDS)
            await self._request(run_id, requests.resume)
            return
        await self._say_of(run_id, RunPauseRequested(principal="olga", nonce=f"{number}"))
        await self._wait(PAUSED_SECONDS)
        await self._say_of(run_id, RunResumeRequested(principal="olga", nonce=f"{number}"))

    async def _give(self, run_id: str, number: int, policy: InputPolicy) -> None:
        """Give a run more input."""
        if self.chance.random() < BY_CONSOLE:
            new = NewInput(text="And hurry.", policy=policy)
            await self._request(run_id, partial(_give_input, new))
            return
        more = InputSubmitted(text="And hurry.", policy=policy, nonce=f"{number}")
        await self._say_of(run_id, more)

    def _on_dead_letter(self, message: Stored) -> None:
        letter = json.loads(message.body)
        service, sequence = letter["service"], letter["sequence"]
        if letter["rule"] not in REDRIVABLE or letter["stream"] == "TIMERS" or service not in HEARS:
            return
        self._redriven[service, sequence] += 1
        if (tries := self._redriven[service, sequence]) <= REDRIVES_AT_MOST:
            self._begin(self._redrive(service, sequence, tries))

    async def _redrive(self, service: str, sequence: int, tries: int) -> None:
        await self._wait(REDRIVE_AFTER_SECONDS)
        fact = believe(self.engine.runs.messages[sequence - 1], Marks())
        if isinstance(fact.body, RunRedriven):
            return
        # Two services may give up on one fact: these are two orders.
        nonce = f"{service}-{sequence}-{tries}"
        again = RunRedriven(service=service, sequence=sequence, principal="olga", nonce=nonce)
        while True:
            try:
                await self.bus.say(fact, again)
            except LogUnavailable:
                continue
            return


async def _give_input(new: NewInput, run_id: str, person: Person, desk: Desk) -> InputAnswer:
    return await requests.give_input(run_id, new, person, desk)
