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

    def __getitem__(self, column: str, /) -> Any:
        ...


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
    is_queued: bool = False
    # Pauses are numbered, and one ends before the next begins.
    paused_number: int = 0
    resumed_number: int = 0
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
    # Told by the row of its run where it is read: nobody is asked for a run that has ended.
    over: bool = False

    @property
    def state(self) -> str:
        if self.decided is not None:
            return self.decided.outcome
        return WITHDRAWN if self.over else OPEN


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
        submitted_at=record["submitted_at"],
        submitted_sequence=record["submitted_sequence"],
        started_at=record["started_at"],
        is_queued=record["is_queued"],
        paused_number=record["paused_number"],
        resumed_number=record["resumed_number"],
        steps=record["steps"],
        costs={attempt: (one[0], one[1]) for attempt, one in costs.items()},
        asked=frozenset(record["reviews_asked"]),
        decided=frozenset(record["reviews_decided"]),
        end=record["run_end"],
        end_sequence=record["end_sequence"],
        ended_at=record["ended_at"],
        why=record["why"],
        answer=record["answer"],
        last_sequence=record["last_sequence"],
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
