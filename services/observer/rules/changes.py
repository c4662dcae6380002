"""What each fact changes in the rows of its run."""

from dataclasses import dataclass
from datetime import datetime

from contracts.control import RunPaused, RunResumed
from contracts.envelope import Fact
from contracts.ids import root_id
from contracts.model import ModelRequested
from contracts.money import MoneySettled
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import RunCancelled, RunCompleted, RunFailed, RunQueued, RunStarted
from contracts.shape import Body
from contracts.task import TaskSubmitted
from shared.readmodel import ReviewKey, RunKey


@dataclass(frozen=True, slots=True)
class Submitted:
    agent: str
    customer: str | None
    feature: str | None


@dataclass(frozen=True, slots=True)
class Stepped:
    step: int


@dataclass(frozen=True, slots=True)
class Settled:
    attempt: str
    cost_micro_usd: int


@dataclass(frozen=True, slots=True)
class Ended:
    status: str
    why: str
    answer: str | None = None


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
    """It waits for others, has started, stands still or goes on: each of these by its number."""

    is_queued: bool = False
    is_started: bool = False
    paused_number: int = 0
    resumed_number: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact that changes nothing but how far the run has come."""


What = Submitted | Stepped | Settled | Ended | Asked | Decided | Stands | Seen


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
    """What a fact changes in the rows. Text that PostgreSQL cannot keep loses its NUL bytes."""
    at = fact.stored_at or fact.time
    return (Change(fact.tenant, fact.run_id, fact.sequence, at, _what(fact)),)


def _what(fact: Fact[Body]) -> What:
    is_end = fact.cause_id == root_id(fact.tenant, fact.run_id)
    match fact.body:
        case TaskSubmitted() as task:
            return Submitted(task.agent, _plain(task.customer), _plain(task.feature))
        case RunQueued() | RunStarted() | RunPaused() | RunResumed():
            return _standing(fact.body)
        case ModelRequested(step=step):
            return Stepped(step)
        case MoneySettled() as settled:
            return Settled(settled.branch, settled.cost_micro_usd)
        case ReviewRequested() as asked:
            return Asked(asked)
        case ReviewDecided() as decided:
            return Decided(decided)
        case RunCompleted(answer=answer) if is_end:
            return Ended("completed", "", _plain(answer))
        case RunFailed(rule=rule, reason=reason) if is_end:
            return Ended("failed", f"{rule}: {_plain(reason)}")
        case RunCancelled(principal=principal, reason=reason) if is_end:
            return Ended(
                "cancelled", _plain(f"by {principal}: {reason or 'no reason given'}") or ""
            )
        case _:
            return Seen()


def _standing(body: RunQueued | RunStarted | RunPaused | RunResumed) -> Stands:
    match body:
        case RunQueued():
            return Stands(is_queued=True)
        case RunStarted():
            return Stands(is_started=True)
        case RunPaused(number=number):
            return Stands(paused_number=number)
        case RunResumed(number=number):
            return Stands(resumed_number=number)


def is_earlier(sequence: int, than: int) -> bool:
    """Whether a fact comes before the one that a row has its value from; 0 is none."""
    return not than or sequence < than


def _plain(text: str | None) -> str | None:
    """PostgreSQL keeps every character but this one."""
    return None if text is None else text.replace("\x00", "")
