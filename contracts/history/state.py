"""The parts of a run: what the fold fills in, and everybody else reads.

A `Run` is advanced in place, by `fold` alone: a copy for each of thousands of facts would cost
more than the facts.
"""

from dataclasses import dataclass, field
from typing import Literal

from ..control import (
    InputRefused,
    InputSubmitted,
    InputTaken,
    RunCancelRequested,
    RunParentEnded,
    RunPauseRequested,
)
from ..envelope import Fact
from ..evaluation import RunEvaluated, RunLabelled
from ..guardrail import (
    AnswerBlocked,
    AnswerCleared,
    InputBlocked,
    InputCleared,
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
    ModelAttemptDue,
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelRequested,
    ModelResponded,
    ToolCall,
    Turn,
)
from ..money import ModelFunded, ModelUnfunded, MoneySettled, ToolFunded, ToolUnfunded
from ..review import (
    ReviewAnswered,
    ReviewAnswerRefused,
    ReviewDecided,
    ReviewEscalated,
    ReviewRequested,
)
from ..run import (
    AnswerProposed,
    ContextCompacted,
    RunArchived,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunStarted,
)
from ..task import TaskSubmitted
from ..tool import (
    ToolCallsRefused,
    ToolClaimed,
    ToolFailed,
    ToolRequested,
    ToolSucceeded,
    ToolUnknown,
)
from .standing import ChildWait, ParentStanding, Pause, PauseAsked

ToolVerdict = ToolCleared | ToolBlocked | ToolEscalated
ToolOutcome = ToolSucceeded | ToolFailed | ToolUnknown
RunEnd = RunCompleted | RunFailed | RunCancelled
Status = Literal[
    "submitted",
    "queued",
    "running",
    "paused",
    "waiting",
    "completed",
    "failed",
    "cancelled",
    "archived",
]


@dataclass(frozen=True, slots=True)
class Piece:
    """One turn of a conversation, with the digest and length of its canonical JSON."""

    turn: Turn
    sha256: str
    length: int


@dataclass(slots=True)
class Attempt:
    """One attempt at the model call of a step: its hold, its claim."""

    number: int
    request: Fact[ModelRequested] | Fact[ModelAttemptRequested]
    verdict: Fact[ModelFunded] | Fact[ModelUnfunded] | None = None
    claim: Fact[ModelClaimed] | None = None
    due: Fact[ModelAttemptDue] | None = None
    settled: Fact[MoneySettled] | None = None


@dataclass(slots=True)
class Review:
    """A question to people."""

    requested: Fact[ReviewRequested]
    answers: list[Fact[ReviewAnswered]] = field(default_factory=list)
    escalated: list[Fact[ReviewEscalated]] = field(default_factory=list)
    decided: Fact[ReviewDecided] | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """Who may answer it by now."""
        more = (role for step in self.escalated for role in step.body.roles)
        return tuple(dict.fromkeys((*self.requested.body.roles, *more)))


@dataclass(slots=True)
class Try:
    """One attempt at a tool call: clearance, the hold of its price if any, claim, outcome."""

    request: Fact[ToolRequested]
    verdict: Fact[ToolVerdict] | None = None
    funding: Fact[ToolFunded] | Fact[ToolUnfunded] | None = None
    claim: Fact[ToolClaimed] | None = None
    outcome: Fact[ToolOutcome] | None = None
    review: Review | None = None
    settled: Fact[MoneySettled] | None = None


@dataclass(slots=True)
class Call:
    """One tool call of a step, over all its attempts."""

    name: str
    index: int
    part: ToolCall
    tries: list[Try] = field(default_factory=list)
    result: Fact[ResultCleared] | Fact[ResultBlocked] | None = None
    refused: Fact[ToolCallsRefused] | None = None

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
    # What it adds to the conversation, from the moment when a later step was built on it.
    frozen: tuple[Piece, ...] | None = None
    cleared: tuple[Piece, ...] | None = None

    @property
    def is_summary(self) -> bool:
        """It was asked for by the context policy."""
        return self.requested.body.purpose == "summary"

    @property
    def last_attempt(self) -> Attempt:
        return self.attempts[-1]


@dataclass(slots=True)
class Answer:
    """What the model wants to say, and whether it may."""

    proposed: Fact[AnswerProposed]
    verdict: Fact[AnswerCleared] | Fact[AnswerBlocked] | None = None


@dataclass(slots=True)
class Input:
    """A follow-up to a run under way, and what became of it."""

    submitted: Fact[InputSubmitted]
    verdict: Fact[InputCleared] | Fact[InputBlocked] | None = None
    end: Fact[InputTaken] | Fact[InputRefused] | None = None


Part = Attempt | Review | Try | Call | Step | Answer | Input | Pause | ChildWait


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
    queued: Fact[RunQueued] | None = None
    started: Fact[RunStarted] | None = None
    # The run that it grew from, folded as far as it counts: whoever reads the log attaches it.
    ancestor: "Run | None" = None
    steps: list[Step] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    early_answers: list[Fact[ReviewAnswered]] = field(default_factory=list)
    refused_answers: dict[str, ReviewAnswerRefused] = field(default_factory=dict)
    compactions: list[Fact[ContextCompacted]] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    answer: Answer | None = None
    pause_asked: PauseAsked | None = None
    pauses: list[Pause] = field(default_factory=list)
    child_waits: list[ChildWait] = field(default_factory=list)
    parent_standing: ParentStanding | None = None
    cancel: Fact[RunCancelRequested] | None = None
    parent_ended: Fact[RunParentEnded] | None = None
    end: Fact[RunEnd] | None = None
    evaluated: Fact[RunEvaluated] | None = None
    labels: list[Fact[RunLabelled]] = field(default_factory=list)
    archived: bool = False
    tombstone: Fact[RunArchived] | None = None
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
        if self.pause is not None:
            return "paused"
        if self.started is None:
            return "submitted" if self.queued is None else "queued"
        return "waiting" if self.open_reviews else "running"

    @property
    def pause(self) -> Pause | None:
        """The standstill that it is in."""
        last = self.pauses[-1] if self.pauses else None
        return last if last is not None and last.resumed is None else None

    @property
    def is_asked_to_pause(self) -> bool:
        """Whether the last that people asked of it is to stand still."""
        asked = self.pause_asked
        return asked is not None and isinstance(asked.body, RunPauseRequested)

    @property
    def steps_taken(self) -> int:
        """Steps that count against the ceiling: those that the policy asked for do not."""
        return sum(not step.is_summary for step in self.steps)

    @property
    def open_reviews(self) -> list[Review]:
        """What people may still answer: of a run that is over, only what became of a call."""
        asked = (review for review in self.reviews if review.decided is None)
        return [one for one in asked if self.end is None or one.requested.body.about == "outcome"]

    def review(self, review_id: str) -> Review | None:
        """A question by its id, if it was asked."""
        named = (one for one in self.reviews if one.requested.body.review_id == review_id)
        return next(named, None)

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
