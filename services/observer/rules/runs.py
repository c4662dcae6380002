"""How the row of a run takes a change."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from contracts.run import RunStarted
from contracts.task import TaskSubmitted
from shared.readmodel import RunKey, RunRow
from shared.runterms import searched

from .changes import (
    Archived,
    Asked,
    Called,
    Change,
    Decided,
    Ended,
    Evaluated,
    Labelled,
    Seen,
    Settled,
    Stands,
    Started,
    Stepped,
    Submitted,
    is_earlier,
    plain,
)


def advance_run(row: RunRow, change: Change) -> RunRow:  # noqa: C901, PLR0912 - one a kind
    """The row after a change, in whatever order changes come."""
    row = replace(
        row,
        last_sequence=max(row.last_sequence, change.sequence),
        moved_at=max(row.moved_at or change.at, change.at),
    )
    match change.what:
        case Submitted(task):
            return _submit(row, change, task)
        case Started(started):
            return _start(row, change, started)
        case Stands() as stands:
            return _stand(row, stands)
        case Stepped(step):
            return replace(row, steps=max(row.steps, step))
        case Settled() as settled:
            return _settle(row, change, settled)
        case Called(tool):
            return row if tool in row.tools else replace(row, tools=row.tools | {tool})
        case Ended() as end:
            return _end(row, change, end)
        case Asked(asked):
            return _explain(replace(row, asked=row.asked | {asked.review_id}), asked.reason)
        case Decided(decided):
            return _explain(replace(row, decided=row.decided | {decided.review_id}), decided.reason)
        case Evaluated() as evaluated:
            return _evaluate(row, change, evaluated)
        case Labelled(metric):
            return replace(row, labelled=row.labelled | {metric})
        case Archived():
            return replace(row, archived_at=min(row.archived_at or change.at, change.at))
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


def _submit(row: RunRow, change: Change, task: TaskSubmitted) -> RunRow:
    if not is_earlier(change.sequence, row.submitted_sequence):
        return row
    return replace(
        row,
        agent=task.agent,
        customer=_named(task.customer),
        feature=_named(task.feature),
        user=_named(task.user),
        input=searched(plain(task.input)),
        parent=task.parent_run_id,
        fork_of=task.fork.run_id if task.fork else None,
        continues=task.continues,
        metadata={plain(key): plain(value) for key, value in task.metadata.items()},
        submitted_at=change.at,
        submitted_sequence=change.sequence,
    )


def _start(row: RunRow, change: Change, started: RunStarted) -> RunRow:
    if not is_earlier(change.sequence, row.started_sequence):
        return row
    return replace(
        row,
        agent_version=started.agent_version,
        root=started.parents[0].run_id if started.parents else None,
        is_shadow=started.shadow,
        started_at=change.at,
        started_sequence=change.sequence,
    )


def _stand(row: RunRow, stands: Stands) -> RunRow:
    return replace(
        row,
        is_queued=row.is_queued or stands.is_queued,
        paused_number=max(row.paused_number, stands.paused_number),
        resumed_number=max(row.resumed_number, stands.resumed_number),
    )


def _settle(row: RunRow, change: Change, settled: Settled) -> RunRow:
    known = row.costs.get(settled.attempt, (0, 0))
    latest = max(known, (change.sequence, settled.cost_micro_usd))
    models = row.models if settled.route is None else row.models | {settled.route}
    return replace(row, costs={**row.costs, settled.attempt: latest}, models=models)


def _explain(row: RunRow, reason: str) -> RunRow:
    """People look for a run by what they wrote about it."""
    text = searched(plain(reason))
    return replace(row, reasons=row.reasons | {text}) if text else row


def _end(row: RunRow, change: Change, end: Ended) -> RunRow:
    if not is_earlier(change.sequence, row.end_sequence):
        return row
    return replace(
        row,
        end=end.status,
        rule=end.rule,
        why=end.why,
        answer=end.answer,
        ended_at=change.at,
        end_sequence=change.sequence,
    )


def _evaluate(row: RunRow, change: Change, evaluated: Evaluated) -> RunRow:
    """The latest counts: a run may be judged again."""
    if change.sequence < row.evaluated_sequence:
        return row
    return replace(
        row,
        score=evaluated.score,
        passed=evaluated.passed,
        split_juries=evaluated.split_juries,
        evaluated_sequence=change.sequence,
    )


def _named(text: str | None) -> str | None:
    return None if text is None else plain(text)
