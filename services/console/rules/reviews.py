"""The row of a review, and how it takes a change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.review import ReviewDecided, ReviewRequested

from .changes import (
    Asked,
    Change,
    Decided,
    ReviewKey,
    is_earlier,
)

OPEN, WITHDRAWN = "open", "withdrawn"


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


def advance_review(row: ReviewRow, change: Change) -> ReviewRow:
    """The row after a change; the first decision in log order stands."""
    match change.what:
        case Asked(asked):
            return replace(row, asked=row.asked or asked, asked_at=row.asked_at or change.at)
        case Decided(decided) if is_earlier(change.sequence, row.decided_sequence):
            return replace(
                row, decided=decided, decided_at=change.at, decided_sequence=change.sequence
            )
        case _:
            return row


def advanced_reviews(
    known: Mapping[ReviewKey, ReviewRow], changes: Iterable[Change]
) -> list[ReviewRow]:
    """The review rows that these changes touch, after them."""
    rows: dict[ReviewKey, ReviewRow] = {}
    for change in changes:
        if (key := change.review) is not None:
            row = rows.get(key) or known.get(key) or ReviewRow(*key)
            rows[key] = advance_review(row, change)
    return list(rows.values())


def row_key(row: ReviewRow) -> ReviewKey:
    return (row.tenant, row.run_id, row.review_id)
