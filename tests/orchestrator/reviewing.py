"""Stories of reviews for tests: a run that asks people about its one call.

asking = Asking(quorum=2)
asking.answer("lea")
asking.decide()                     # appends what the orchestrator would say now
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from contracts.envelope import Fact
from contracts.guardrail import ToolEscalated
from contracts.history import Review
from contracts.review import ReviewAnswered, ReviewRequested
from contracts.shape import Body, sha256_hex
from contracts.tool import ToolRequested
from services.orchestrator.rules import Move, Say
from tests.bodies import (
    NOON,
    manifest,
    run_started,
    task,
    task_cleared,
    tool_escalated,
)
from tests.histories import History
from tests.orchestrator.deciding import decided

ARGUMENTS = '{"order_id": "1042", "amount": 80}'
EDITED = '{"amount":20,"order_id":"1042"}'
SCHEMA = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}, "amount": {"type": "number", "maximum": 500}},
    "required": ["order_id", "amount"],
    "additionalProperties": False,
}
REFUND = manifest("issue_refund", effect="money").model_copy(update={"parameters": SCHEMA})
ROLES = ("support-lead",)
ROUNDS_LIMIT = 20


def requested_calls(history: History, count: int = 1, user: str | None = None) -> list[Fact[Body]]:
    """A run of which the model has asked for this many refunds at once."""
    submitted = history.say(task().model_copy(update={"user": user, "requester": "rita"}))
    cleared = history.say(task_cleared(), submitted)
    history.say(run_started(REFUND), cleared)
    responded = history.step(calls=[("issue_refund", ARGUMENTS)] * count)
    names = range(1, count + 1)
    calls = [history.call(responded, index) for index in names]
    pinned = {"manifest_sha256": REFUND.sha256}
    for index, call in enumerate(calls):
        fact = replace(call, body=call.body.model_copy(update=pinned))
        history.facts[call.sequence - 1] = calls[index] = fact
    return calls


@dataclass
class Asking:
    """A run that waits for people, and the question that it asks them."""

    user: str | None = None
    quorum: int = 1
    changes: dict[str, object] = field(default_factory=dict)
    history: History = field(default_factory=History)
    answers: int = 0

    def __post_init__(self) -> None:
        [asked] = requested_calls(self.history, user=self.user)
        self.escalate(asked)
        self.decide()

    def escalate(self, asked: Fact[Body]) -> None:
        """The gate wants people to be asked."""
        wanted = {"quorum": self.quorum, "roles": ROLES, **self.changes}
        body = ToolEscalated.model_validate({**tool_escalated(asked.body).model_dump(), **wanted})
        self.history.say(body, asked)

    @property
    def review(self) -> Review:
        return self.history.run.reviews[-1]

    @property
    def question(self) -> ReviewRequested:
        return self.review.requested.body

    def answer(
        self, principal: str = "lea", decision: str = "approve", **changes: object
    ) -> Fact[ReviewAnswered]:
        """Somebody says something; stored where the log is now, or `at` a moment."""
        self.answers += 1
        at = changes.pop("at", None)
        body = answered(principal, decision, nonce=f"n-{self.answers}", **changes)
        fact = self.history.say(body, self.history.root)
        if at is not None:
            fact = replace(fact, stored_at=at)
            self.history.facts[-1] = fact
        return fact

    def edit(self, principal: str = "lea", arguments: str = EDITED) -> Fact[ReviewAnswered]:
        return self.answer(principal, "edit", arguments_json=arguments)

    def decide(self, now: datetime = NOON) -> list[Body]:
        """Append what the orchestrator says, until it says no more; gives all of it."""
        return settle(self.history, now)

    @property
    def outcome(self) -> str | None:
        decided = self.review.decided
        return None if decided is None else decided.body.outcome

    @property
    def rules(self) -> list[str]:
        """The rules by which answers were refused."""
        return [refused.rule for refused in self.history.run.refused_answers.values()]

    @property
    def again(self) -> ToolRequested:
        """The latest attempt at the call."""
        return self.history.run.steps[0].calls[0].last.request.body


def answered(principal: str = "lea", decision: str = "approve", **changes: object):
    body = {
        "review_id": "1-1-1",
        "decision": decision,
        "principal": principal,
        "roles": ROLES,
        "arguments_sha256": sha256_hex(ARGUMENTS.encode()),
        "nonce": "n-0",
    }
    return ReviewAnswered.model_validate(body | changes)


def settle(history: History, now: datetime = NOON) -> list[Body]:
    """Like the orchestrator: decide and append until nothing is missing."""
    found: list[Body] = []
    for _ in range(ROUNDS_LIMIT):
        moves = decided(history, now)
        if not moves:
            return found
        for move in moves:
            _append(history, move, now)
            found.append(move.body)
    raise AssertionError(f"it is not settled after {ROUNDS_LIMIT} rounds: {found}")


def _append(history: History, move: Move, now: datetime) -> None:
    """Stored now, or a second after what was stored last: deadlines go by these times."""
    fact = history.say(move.body, move.cause_id if isinstance(move, Say) else move.cause)
    moment = max(fact.time, now)
    history.facts[-1] = replace(fact, time=moment, stored_at=moment)
