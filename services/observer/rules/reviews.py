"""How the row of a review takes a change."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from shared.readmodel import ReviewKey, ReviewRow

from .changes import (
    Asked,
    Change,
    Decided,
    is_earlier,
)


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
