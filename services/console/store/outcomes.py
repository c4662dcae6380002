"""Accepted runs and their cost in SQL: summed for each agent and its models, however many runs."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from contracts.trial import EVALUATION
from services.console.rules.frontier import Group
from services.console.rules.intervals import Tally
from shared.readmodel import Record, RunRow

# Sums of squares outgrow a bigint. A run with a parent is a judge's or a child's: it is accepted
# or not as a part of another one, which is counted.
SUM_OUTCOMES = """
SELECT agent, models, count(*) AS runs, count(*) FILTER (WHERE passed) AS accepted,
    sum(cost_micro_usd) AS cost, sum(cost_micro_usd::numeric * cost_micro_usd) AS cost_squares,
    coalesce(sum(cost_micro_usd) FILTER (WHERE passed), 0) AS cost_of_accepted,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) / 1000 AS p50_seconds
FROM console_runs
WHERE run_end IS NOT NULL AND passed IS NOT NULL AND parent_run IS NULL AND submitted_sequence > 0
    AND submitted_at >= $1 AND submitted_at < $2
    AND ($3::text IS NULL OR tenant = $3) AND ($4::text IS NULL OR agent = $4)
    AND ($5::boolean OR (NOT is_shadow AND feature IS DISTINCT FROM $6))
GROUP BY agent, models ORDER BY runs DESC, agent, models LIMIT $7
"""


@dataclass(frozen=True, slots=True)
class OutcomeQuery:
    """Runs that were submitted in a window, have ended and were evaluated; None stands for any.

    `trials`: also those of suites, and shadows. `limit` is of groups, the largest first.
    """

    since: datetime
    until: datetime
    limit: int
    tenant: str | None = None
    agent: str | None = None
    trials: bool = False


def sum_outcomes(query: OutcomeQuery) -> tuple[str, list[object]]:
    """The statement and its values."""
    window = (query.since, query.until)
    return SUM_OUTCOMES, [*window, query.tenant, query.agent, query.trials, EVALUATION, query.limit]


def outcome_group(record: Record) -> Group:
    """A row of the statement."""
    names = ("runs", "accepted", "cost", "cost_squares", "cost_of_accepted")
    tally = Tally(*(int(record[name]) for name in names))
    return Group(record["agent"], tuple(record["models"]), tally, record["p50_seconds"])


def summed(rows: Iterable[RunRow], query: OutcomeQuery) -> list[Group]:
    """The same over rows in memory, for tests."""
    known: dict[tuple[str, tuple[str, ...]], list[RunRow]] = defaultdict(list)
    for row in rows:
        if _counts(row, query):
            known[row.agent, tuple(sorted(row.models))].append(row)
    found = [_group(*key, kept) for key, kept in known.items()]
    found.sort(key=lambda one: (-one.tally.runs, one.agent, one.models))
    return found[: query.limit]


def _counts(row: RunRow, query: OutcomeQuery) -> bool:
    is_trial = row.is_shadow or row.feature == EVALUATION
    return (
        row.end is not None
        and row.passed is not None
        and row.parent is None
        and row.submitted_at is not None
        and query.since <= row.submitted_at < query.until
        and query.tenant in (None, row.tenant)
        and query.agent in (None, row.agent)
        and (query.trials or not is_trial)
    )


def _group(agent: str, models: tuple[str, ...], rows: list[RunRow]) -> Group:
    tallies = (Tally.of(row.cost_micro_usd, accepted=bool(row.passed)) for row in rows)
    first = next(tallies)
    times = [row.duration_ms for row in rows if row.duration_ms is not None]
    p50_seconds = statistics.median(times) / 1000 if times else None
    return Group(agent, models, sum(tallies, start=first), p50_seconds)
