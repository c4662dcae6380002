"""The read model: what each fact changes in it, and how a row takes a change.

Rows only grow: the first submission and the first end in log order stand, steps only rise, the
latest settlement of an attempt counts. So facts may come in any order and any number of times,
and the rows are the same; no fact has to wait for another, and a replay changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from contracts.envelope import Fact
from contracts.ids import root_id
from contracts.model import ModelRequested
from contracts.money import MoneySettled
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import RunCancelled, RunCompleted, RunFailed, RunStarted
from contracts.shape import Body
from contracts.task import TaskSubmitted


@dataclass(frozen=True, slots=True)
class Submitted:
    agent: str
    customer: str | None
    feature: str | None


@dataclass(frozen=True, slots=True)
class Started:
    pass


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
class Seen:
    """A fact that changes nothing but how far the run has come."""


What = Submitted | Started | Stepped | Settled | Ended | Asked | Decided | Seen
RunKey = tuple[str, str]
ReviewKey = tuple[str, str, str]


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


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in lists. Sequences beside a value say which fact it came from; 0 is none."""

    tenant: str
    run_id: str
    agent: str = ""
    customer: str | None = None
    feature: str | None = None
    submitted_at: datetime | None = None
    submitted_sequence: int = 0
    started_at: datetime | None = None
    steps: int = 0
    costs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    decided: frozenset[str] = frozenset()
    end: str | None = None
    end_sequence: int = 0
    ended_at: datetime | None = None
    why: str = ""
    answer: str | None = None
    last_sequence: int = 0

    @property
    def status(self) -> str:
        if self.end is not None:
            return self.end
        if self.asked - self.decided:
            return "waiting"
        return "running" if self.started_at is not None else "submitted"

    @property
    def cost_micro_usd(self) -> int:
        return sum(cost for _, cost in self.costs.values())


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One question to a person. `asked` is None where its decision was heard before it."""

    tenant: str
    run_id: str
    review_id: str
    asked: ReviewRequested | None = None
    asked_at: datetime | None = None
    decided: ReviewDecided | None = None
    decided_at: datetime | None = None
    decided_sequence: int = 0

    @property
    def state(self) -> str:
        return "open" if self.decided is None else self.decided.outcome


def project(fact: Fact[Body]) -> tuple[Change, ...]:
    """What a fact changes in the rows. Text that PostgreSQL cannot keep loses its NUL bytes."""
    at = fact.stored_at or fact.time
    return (Change(fact.tenant, fact.run_id, fact.sequence, at, _what(fact)),)


def _what(fact: Fact[Body]) -> What:
    is_end = fact.cause_id == root_id(fact.tenant, fact.run_id)
    match fact.body:
        case TaskSubmitted() as task:
            return Submitted(task.agent, _plain(task.customer), _plain(task.feature))
        case RunStarted():
            return Started()
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


def advance_run(row: RunRow, change: Change) -> RunRow:
    """The row after a change, in whatever order changes come."""
    row = replace(row, last_sequence=max(row.last_sequence, change.sequence))
    match change.what:
        case Submitted() as task:
            if not _is_earlier(change.sequence, row.submitted_sequence):
                return row
            return replace(
                row,
                agent=task.agent,
                customer=task.customer,
                feature=task.feature,
                submitted_at=change.at,
                submitted_sequence=change.sequence,
            )
        case Started():
            return replace(row, started_at=min(row.started_at or change.at, change.at))
        case Stepped(step):
            return replace(row, steps=max(row.steps, step))
        case Settled(attempt, cost):
            latest = max(row.costs.get(attempt, (0, 0)), (change.sequence, cost))
            return replace(row, costs={**row.costs, attempt: latest})
        case Ended() as end:
            return _end(row, change, end)
        case Asked(asked):
            return replace(row, asked=row.asked | {asked.review_id})
        case Decided(decided):
            return replace(row, decided=row.decided | {decided.review_id})
        case Seen():
            return row
        case _:
            assert_never(change.what)


def advance_review(row: ReviewRow, change: Change) -> ReviewRow:
    """The row after a change; the first decision in log order stands."""
    match change.what:
        case Asked(asked):
            return replace(row, asked=row.asked or asked, asked_at=row.asked_at or change.at)
        case Decided(decided) if _is_earlier(change.sequence, row.decided_sequence):
            return replace(
                row, decided=decided, decided_at=change.at, decided_sequence=change.sequence
            )
        case _:
            return row


def _end(row: RunRow, change: Change, end: Ended) -> RunRow:
    if not _is_earlier(change.sequence, row.end_sequence):
        return row
    return replace(
        row,
        end=end.status,
        why=end.why,
        answer=end.answer,
        ended_at=change.at,
        end_sequence=change.sequence,
    )


def _is_earlier(sequence: int, than: int) -> bool:
    return not than or sequence < than


def _plain(text: str | None) -> str | None:
    """PostgreSQL keeps every character but this one."""
    return None if text is None else text.replace("\x00", "")
