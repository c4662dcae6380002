"""How the row of a run takes a change."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from shared.readmodel import RunKey, RunRow

from .changes import (
    Asked,
    Change,
    Decided,
    Ended,
    Seen,
    Settled,
    Stands,
    Stepped,
    Submitted,
    is_earlier,
)


def advance_run(row: RunRow, change: Change) -> RunRow:
    """The row after a change, in whatever order changes come."""
    row = replace(row, last_sequence=max(row.last_sequence, change.sequence))
    match change.what:
        case Submitted() as task:
            if not is_earlier(change.sequence, row.submitted_sequence):
                return row
            return replace(
                row,
                agent=task.agent,
                customer=task.customer,
                feature=task.feature,
                submitted_at=change.at,
                submitted_sequence=change.sequence,
            )
        case Stands() as stands:
            return _stand(row, change, stands)
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


def advanced_runs(known: Mapping[RunKey, RunRow], changes: Iterable[Change]) -> list[RunRow]:
    """The run rows that these changes touch, after them."""
    rows: dict[RunKey, RunRow] = {}
    for change in changes:
        row = rows.get(change.run) or known.get(change.run) or RunRow(*change.run)
        rows[change.run] = advance_run(row, change)
    return list(rows.values())


def _stand(row: RunRow, change: Change, stands: Stands) -> RunRow:
    started_at = row.started_at
    if stands.is_started:
        started_at = min(started_at or change.at, change.at)
    return replace(
        row,
        is_queued=row.is_queued or stands.is_queued,
        started_at=started_at,
        paused_number=max(row.paused_number, stands.paused_number),
        resumed_number=max(row.resumed_number, stands.resumed_number),
    )


def _end(row: RunRow, change: Change, end: Ended) -> RunRow:
    if not is_earlier(change.sequence, row.end_sequence):
        return row
    return replace(
        row,
        end=end.status,
        why=end.why,
        answer=end.answer,
        ended_at=change.at,
        end_sequence=change.sequence,
    )
