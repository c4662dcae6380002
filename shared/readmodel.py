"""The rows of the read models: what the observer writes, and the console answers lists from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from contracts.review import ReviewDecided, ReviewRequested

OPEN, WITHDRAWN = "open", "withdrawn"
RunKey = tuple[str, str]
ReviewKey = tuple[str, str, str]


class Record(Protocol):
    """One row of PostgreSQL."""

    def __getitem__(self, column: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in lists. Sequences beside a value say which fact it came from; 0 is none."""

    tenant: str
    run_id: str
    agent: str = ""
    customer: str | None = None
    feature: str | None = None
    user: str | None = None
    input: str = ""
    parent: str | None = None
    fork_of: str | None = None
    continues: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    submitted_at: datetime | None = None
    submitted_sequence: int = 0
    started_at: datetime | None = None
    started_sequence: int = 0
    agent_version: str | None = None
    root: str | None = None
    is_shadow: bool = False
    is_queued: bool = False
    # Pauses are numbered, and one ends before the next begins.
    paused_number: int = 0
    resumed_number: int = 0
    steps: int = 0
    costs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    decided: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    end: str | None = None
    end_sequence: int = 0
    ended_at: datetime | None = None
    rule: str | None = None
    why: str = ""
    answer: str | None = None
    score: float | None = None
    passed: bool | None = None
    evaluated_sequence: int = 0
    # Of every judged metric that is undecided, why; and every metric that people labelled.
    split_juries: Mapping[str, str] = field(default_factory=dict)
    labelled: frozenset[str] = frozenset()
    archived_at: datetime | None = None
    last_sequence: int = 0
    moved_at: datetime | None = None

    @property
    def status(self) -> str:
        if self.end is not None:
            return self.end
        if self.paused_number > self.resumed_number:
            return "paused"
        if self.asked - self.decided:
            return "waiting"
        if self.started_at is None:
            return "queued" if self.is_queued else "submitted"
        return "running"

    @property
    def cost_micro_usd(self) -> int:
        return sum(cost for _, cost in self.costs.values())

    @property
    def duration_ms(self) -> int | None:
        """From submission to end; None while it is open."""
        if self.ended_at is None or self.submitted_at is None:
            return None
        return int((self.ended_at - self.submitted_at).total_seconds() * 1000)

    @property
    def waits_for_review(self) -> bool:
        return self.end is None and bool(self.asked - self.decided)

    @property
    def waits_for_label(self) -> Mapping[str, str]:
        """Metrics that its juries leave to people, and why. An archived run takes no label."""
        if self.archived_at is not None:
            return {}
        left = self.split_juries.items()
        return {metric: why for metric, why in left if metric not in self.labelled}

    @property
    def kinds(self) -> frozenset[str]:
        """What it is besides a task that somebody submitted."""
        known = {
            "child": self.parent is not None,
            "fork": self.fork_of is not None,
            "continued": self.continues is not None,
            "shadow": self.is_shadow,
        }
        return frozenset(kind for kind, is_so in known.items() if is_so)


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
    # Told by the row of its run where it is read.
    over: bool = False

    @property
    def state(self) -> str:
        if self.decided is not None:
            return self.decided.outcome
        # Nobody is asked what a run that has ended may do, but what it did.
        is_open = not self.over or (self.asked is not None and self.asked.about == "outcome")
        return OPEN if is_open else WITHDRAWN


def row_key(row: ReviewRow) -> ReviewKey:
    return (row.tenant, row.run_id, row.review_id)


def run_row(record: Record) -> RunRow:
    """A run as it is stored."""
    costs = json.loads(record["costs"])
    return RunRow(
        tenant=record["tenant"],
        run_id=record["run_id"],
        agent=record["agent"],
        customer=record["customer"],
        feature=record["feature"],
        user=record["user_name"],
        input=record["input"],
        parent=record["parent_run"],
        fork_of=record["fork_of"],
        continues=record["continues"],
        metadata=json.loads(record["metadata"]),
        submitted_at=record["submitted_at"],
        submitted_sequence=record["submitted_sequence"],
        started_at=record["started_at"],
        started_sequence=record["started_sequence"],
        agent_version=record["agent_version"],
        root=record["root_run"],
        is_shadow=record["is_shadow"],
        is_queued=record["is_queued"],
        paused_number=record["paused_number"],
        resumed_number=record["resumed_number"],
        steps=record["steps"],
        costs={attempt: (one[0], one[1]) for attempt, one in costs.items()},
        asked=frozenset(record["reviews_asked"]),
        decided=frozenset(record["reviews_decided"]),
        reasons=frozenset(record["reasons"]),
        tools=frozenset(record["tools"]),
        models=frozenset(record["models"]),
        end=record["run_end"],
        end_sequence=record["end_sequence"],
        ended_at=record["ended_at"],
        rule=record["rule"],
        why=record["why"],
        answer=record["answer"],
        score=record["score"],
        passed=record["passed"],
        evaluated_sequence=record["evaluated_sequence"],
        split_juries=json.loads(record["split_juries"]),
        labelled=frozenset(record["labelled"]),
        archived_at=record["archived_at"],
        last_sequence=record["last_sequence"],
        moved_at=record["moved_at"],
    )


def review_row(record: Record) -> ReviewRow:
    """A review as it is stored."""
    asked, decided = record["asked"], record["decided"]
    return ReviewRow(
        tenant=record["tenant"],
        run_id=record["run_id"],
        review_id=record["review_id"],
        asked=None if asked is None else ReviewRequested.model_validate_json(asked),
        asked_at=record["asked_at"],
        decided=None if decided is None else ReviewDecided.model_validate_json(decided),
        decided_at=record["decided_at"],
        decided_sequence=record["decided_sequence"],
    )
