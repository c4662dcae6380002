"""People: who submits tasks, answers reviews, cancels, and looks after dead letters."""

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field

from contracts.control import (
    InputSubmitted,
    RunCancelRequested,
    RunPauseRequested,
    RunResumeRequested,
)
from contracts.envelope import Fact, Stored, believe, encode, follow
from contracts.review import ReviewAnswered, ReviewRequested
from contracts.run import RunRedriven
from contracts.subjects import DEAD
from shared.errors import LogUnavailable
from tests.histories import Marks

from .scenarios import ROLES, TENANTS, task
from .services import HEARS
from .someone import CANCEL_WITHIN_SECONDS, Someone

RUNS_AT_MOST = 4
ANSWER_WITHIN_SECONDS = 25.0
REDRIVE_AFTER_SECONDS = 30.0
REDRIVES_AT_MOST = 3
CANCELS, CONFLICTS, IGNORES, STRANGERS = 0.4, 0.1, 0.25, 0.15
PAUSED_SECONDS = 20.0
# How often somebody interferes just when a run moves, where it matters who is first.
WHIMS = 0.03
MOVES = frozenset({"task.cleared", "model.responded", "tool.cleared", "result.cleared"})
DECISIONS = ("approve", "reject", "approve", "edit", "respond")
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

    async def _order(self, tenant: str, run_id: str) -> None:
        """Submit a task, and perhaps think better of it."""
        await self._submit(tenant, run_id, task(self.chance))
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
        if message.subject.endswith(".review.requested"):
            self._begin(self._review(believe(message, Marks())))

    async def _whim(self, run_id: str, number: int) -> None:
        """Somebody wants something of a run just while it moves."""
        match self.chance.choice(("cancel", "pause", "input", "input")):
            case "cancel":
                await self._say_of(run_id, RunCancelRequested(principal="olga", nonce=f"{number}"))
            case "pause":
                await self._say_of(run_id, RunPauseRequested(principal="olga", nonce=f"{number}"))
                await self._wait(PAUSED_SECONDS)
                await self._say_of(run_id, RunResumeRequested(principal="olga", nonce=f"{number}"))
            case _:
                policy = self.chance.choice(("reject", "enqueue", "interrupt", "rollback"))
                more = InputSubmitted(text="And hurry.", policy=policy, nonce=f"{number}")
                await self._say_of(run_id, more)

    async def _review(self, asked: Fact[ReviewRequested]) -> None:
        """Answer a question or not; what nobody can tell is answered in the end, maybe overdue."""
        question = asked.body
        ignored = self.chance.random() < IGNORES
        if ignored and question.about == "outcome":
            left = question.expires_at - self.bus.clock.now()
            await self.process.sleep(left.total_seconds())
            ignored = False
        if self.chance.random() < STRANGERS:
            await self._wait(ANSWER_WITHIN_SECONDS)
            await self._say_of(asked.run_id, self._answer(question, "mallory", ("nobody",)))
        for number in range(0 if ignored else getattr(question, "quorum", 1)):
            await self._wait(ANSWER_WITHIN_SECONDS)
            roles = (*ROLES, *question.roles)
            await self._say_of(asked.run_id, self._answer(question, f"anna-{number}", roles))

    def _answer(
        self, question: ReviewRequested, principal: str, roles: tuple[str, ...]
    ) -> ReviewAnswered:
        about_call = question.about == "call"
        decision = self.chance.choice(DECISIONS if about_call else DECISIONS[:2])
        return ReviewAnswered(
            review_id=question.review_id,
            decision=decision,
            arguments_json=_edited(question) if decision == "edit" else None,
            response="Leave it." if decision == "respond" else None,
            principal=principal,
            roles=tuple(dict.fromkeys(roles)),
            arguments_sha256=question.arguments_sha256,
            nonce=f"{question.review_id}-{principal}",
        )

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
        again = RunRedriven(
            service=service, sequence=sequence, principal="olga", nonce=f"{sequence}-{tries}"
        )
        while True:
            try:
                await self.bus.say(fact, again)
            except LogUnavailable:
                continue
            return


def _edited(question: ReviewRequested) -> str:
    """The same call for another order, as far as its arguments can be read."""
    try:
        return json.dumps({**json.loads(question.arguments_json), "order": 7})
    except ValueError:
        return question.arguments_json
