"""What each fact changes in the rows of its run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contracts.control import RunPaused, RunResumed
from contracts.envelope import Fact
from contracts.evaluation import RunEvaluated, RunLabelled
from contracts.ids import root_id
from contracts.model import ModelRequested
from contracts.money import MoneySettled
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import (
    RunArchived,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunStarted,
)
from contracts.shape import Body
from contracts.task import TaskSubmitted
from contracts.tool import ToolRequested
from services.observer.rules.retention import is_erased
from shared.readmodel import ReviewKey, RunKey

JUDGED = "judged"  # the kind of a score that judges gave
UNTOLD = "it does not tell why"  # of scores that an earlier release gave


@dataclass(frozen=True, slots=True)
class Submitted:
    task: TaskSubmitted


@dataclass(frozen=True, slots=True)
class Started:
    started: RunStarted


@dataclass(frozen=True, slots=True)
class Stepped:
    step: int


@dataclass(frozen=True, slots=True)
class Settled:
    attempt: str
    cost_micro_usd: int
    route: str | None


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a tool that the agent has; what a model makes up is not counted."""

    tool: str


@dataclass(frozen=True, slots=True)
class Ended:
    status: str
    why: str
    answer: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`split_juries`: what judges were asked and could not agree on, and why."""

    score: float
    passed: bool
    split_juries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A person said what judges were asked."""

    metric: str


@dataclass(frozen=True, slots=True)
class Archived:
    """Its facts are in a file, and no longer in the log."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a person."""

    asked: ReviewRequested


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a question."""

    decided: ReviewDecided


@dataclass(frozen=True, slots=True)
class Stands:
    """It waits for others, stands still or goes on: the latter two by their number."""

    is_queued: bool = False
    paused_number: int = 0
    resumed_number: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact that changes nothing but how far the run has come."""


What = (
    Submitted
    | Started
    | Stepped
    | Settled
    | Called
    | Ended
    | Asked
    | Decided
    | Stands
    | Evaluated
    | Labelled
    | Archived
    | Seen
)


@dataclass(frozen=True, slots=True)
class Change:
    """What one fact says of the rows of its run."""

    tenant: str
    run_id: str
    sequence: int
    at: datetime
    what: What

    @property
    def run(self) -> RunKey:
        return (self.tenant, self.run_id)

    @property
    def review(self) -> ReviewKey | None:
        match self.what:
            case Asked(asked):
                return (self.tenant, self.run_id, asked.review_id)
            case Decided(decided):
                return (self.tenant, self.run_id, decided.review_id)
            case _:
                return None


def project(fact: Fact[Body]) -> tuple[Change, ...]:
    """What a fact changes in the rows. Of a run that was deleted there is none, and none comes."""
    if isinstance(fact.body, RunArchived) and is_erased(fact.body):
        return ()
    at = fact.stored_at or fact.time
    return (Change(fact.tenant, fact.run_id, fact.sequence, at, _what(fact)),)


def _what(fact: Fact[Body]) -> What:  # noqa: C901, PLR0912 - one branch a kind of fact
    match fact.body:
        case TaskSubmitted() as task:
            return Submitted(task)
        case RunStarted() as started:
            return Started(started)
        case RunQueued() | RunPaused() | RunResumed():
            return _standing(fact.body)
        case ModelRequested(step=step):
            return Stepped(step)
        case MoneySettled() as settled:
            # A tool that has a price is no model.
            model = settled.route if settled.call is None else None
            return Settled(settled.branch, settled.cost_micro_usd, model)
        case ToolRequested(manifest_sha256=str(), tool=tool):
            return Called(tool)
        case ReviewRequested() as asked:
            return Asked(asked)
        case ReviewDecided() as decided:
            return Decided(decided)
        case RunCompleted() | RunFailed() | RunCancelled():
            # An end follows from the run itself; any other is no end.
            is_end = fact.cause_id == root_id(fact.tenant, fact.run_id)
            return _ending(fact.body) if is_end else Seen()
        case RunEvaluated(score=score, passed=passed) as evaluated:
            return Evaluated(score, passed, _split_juries(evaluated))
        case RunLabelled(metric=metric):
            return Labelled(plain(metric))
        case RunArchived():
            return Archived()
        case _:
            return Seen()


def _ending(body: RunCompleted | RunFailed | RunCancelled) -> Ended:
    match body:
        case RunCompleted(answer=answer):
            return Ended("completed", "", plain(answer))
        case RunFailed(rule=rule, reason=reason):
            return Ended("failed", plain(f"{rule}: {reason}"), rule=rule)
        case RunCancelled(principal=principal, reason=reason):
            return Ended("cancelled", plain(f"by {principal}: {reason or 'no reason given'}"))


def _standing(body: RunQueued | RunPaused | RunResumed) -> Stands:
    match body:
        case RunQueued():
            return Stands(is_queued=True)
        case RunPaused(number=number):
            return Stands(paused_number=number)
        case RunResumed(number=number):
            return Stands(resumed_number=number)


def _split_juries(evaluated: RunEvaluated) -> dict[str, str]:
    """Where a jury was asked and is undecided. Of a mistake in a scorer there is no jury."""
    return {
        plain(one.name): plain(one.doubt or UNTOLD)
        for one in evaluated.assertions
        if one.kind == JUDGED and one.by and one.undecided
    }


def is_earlier(sequence: int, than: int) -> bool:
    """Whether a fact comes before the one that a row has its value from; 0 is none."""
    return not than or sequence < than


def plain(text: str) -> str:
    """PostgreSQL keeps every character but this one."""
    return text.replace("\x00", "")
