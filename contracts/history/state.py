"""The parts of a run: what the fold fills in, and everybody else reads.

A `Run` is advanced in place, by `fold` alone: a copy for each of thousands of facts would cost
more than the facts.
"""

from dataclasses import dataclass, field
from typing import Literal

from ..envelope import Fact
from ..evaluation import RunEvaluated
from ..guardrail import (
    AnswerBlocked,
    AnswerCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
    ToolBlocked,
    ToolCleared,
    ToolEscalated,
)
from ..ids import root_id
from ..model import (
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelRequested,
    ModelResponded,
    ToolCall,
)
from ..money import ModelFunded, ModelUnfunded, MoneySettled
from ..review import ReviewAnswered, ReviewDecided, ReviewRequested
from ..run import (
    AnswerProposed,
    RunCancelled,
    RunCancelRequested,
    RunCompleted,
    RunFailed,
    RunStarted,
)
from ..task import TaskSubmitted
from ..tool import ToolClaimed, ToolFailed, ToolRequested, ToolSucceeded, ToolUnknown

ToolVerdict = ToolCleared | ToolBlocked | ToolEscalated
ToolOutcome = ToolSucceeded | ToolFailed | ToolUnknown
RunEnd = RunCompleted | RunFailed | RunCancelled
Status = Literal["submitted", "running", "waiting", "completed", "failed", "cancelled", "archived"]


@dataclass(slots=True)
class Attempt:
    """One attempt at the model call of a step: its hold, its claim."""

    number: int
    request: Fact[ModelRequested] | Fact[ModelAttemptRequested]
    verdict: Fact[ModelFunded] | Fact[ModelUnfunded] | None = None
    claim: Fact[ModelClaimed] | None = None
    settled: Fact[MoneySettled] | None = None


@dataclass(slots=True)
class Review:
    """A question to a person."""

    requested: Fact[ReviewRequested]
    answers: list[Fact[ReviewAnswered]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    decided: Fact[ReviewDecided] | None = None


@dataclass(slots=True)
class Try:
    """One attempt at a tool call: clearance, claim, outcome."""

    request: Fact[ToolRequested]
    verdict: Fact[ToolVerdict] | None = None
    claim: Fact[ToolClaimed] | None = None
    outcome: Fact[ToolOutcome] | None = None
    review: Review | None = None


@dataclass(slots=True)
class Call:
    """One tool call of a step, over all its attempts."""

    name: str
    index: int
    part: ToolCall
    tries: list[Try] = field(default_factory=list)
    result: Fact[ResultCleared] | Fact[ResultBlocked] | None = None

    @property
    def last(self) -> Try | None:
        return self.tries[-1] if self.tries else None


@dataclass(slots=True)
class Step:
    """One turn of the loop: a model call, and the tool calls that it asks for."""

    number: int
    requested: Fact[ModelRequested]
    attempts: list[Attempt] = field(default_factory=list)
    outcome: Fact[ModelResponded] | Fact[ModelFailed] | None = None
    calls: list[Call] = field(default_factory=list)

    @property
    def last_attempt(self) -> Attempt:
        return self.attempts[-1]


@dataclass(slots=True)
class Answer:
    """What the model wants to say, and whether it may."""

    proposed: Fact[AnswerProposed]
    verdict: Fact[AnswerCleared] | Fact[AnswerBlocked] | None = None


Part = Attempt | Review | Try | Call | Step | Answer


@dataclass(slots=True)
class Run:
    """The state of one run. `last_sequence` is that of the last fact folded, believed or not."""

    tenant: str
    run_id: str
    first_sequence: int = 0
    last_sequence: int = 0
    submitted: Fact[TaskSubmitted] | None = None
    conflicts: list[Fact[TaskSubmitted]] = field(default_factory=list)
    verdict: Fact[TaskCleared] | Fact[TaskBlocked] | None = None
    started: Fact[RunStarted] | None = None
    steps: list[Step] = field(default_factory=list)
    answer: Answer | None = None
    cancel: Fact[RunCancelRequested] | None = None
    end: Fact[RunEnd] | None = None
    evaluated: Fact[RunEvaluated] | None = None
    archived: bool = False
    cost_micro_usd: int = 0
    seen: set[str] = field(default_factory=set)
    places: dict[str, Part] = field(default_factory=dict)

    @property
    def root(self) -> str:
        return root_id(self.tenant, self.run_id)

    @property
    def step(self) -> Step | None:
        """The step that is being worked on."""
        return self.steps[-1] if self.steps else None

    @property
    def status(self) -> Status:
        if self.archived:
            return "archived"
        match self.end:
            case Fact(body=RunCompleted()):
                return "completed"
            case Fact(body=RunFailed()):
                return "failed"
            case Fact(body=RunCancelled()):
                return "cancelled"
        if self.started is None:
            return "submitted"
        return "waiting" if self.open_reviews else "running"

    @property
    def reviews(self) -> list[Review]:
        tries = (each for step in self.steps for call in step.calls for each in call.tries)
        return [each.review for each in tries if each.review is not None]

    @property
    def open_reviews(self) -> list[Review]:
        if self.end is not None:
            return []
        return [review for review in self.reviews if review.decided is None]

    def attempt(self, step: int, number: int) -> Attempt | None:
        """An attempt by its numbers, if the run has it."""
        if not 1 <= step <= len(self.steps):
            return None
        found = self.steps[step - 1].attempts
        return found[number - 1] if 1 <= number <= len(found) else None

    def call(self, name: str) -> Call | None:
        """A tool call by its name, `<step>-<index>`, if the run has it."""
        calls = (call for step in reversed(self.steps) for call in step.calls)
        return next((call for call in calls if call.name == name), None)
