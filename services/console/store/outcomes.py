"""Accepted runs and their cost in SQL: summed for each agent and its models, however many runs.

A run costs what it and all runs below it cost that were begun for it. Those that judge it are begun
once it is over, and evaluation pays for them.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.trial import EVALUATION
from services.console.rules.frontier import Group
from services.console.rules.intervals import Tally
from shared.readmodel import Record, RunKey, RunRow

DEPTH_LIMIT = 20  # runs below one another; the orchestrator stops far before

# Sums of squares outgrow a bigint. A run with a parent is a judge's or a child's: it is accepted
# or not as a part of another one, which is counted.
SUM_OUTCOMES = """
WITH RECURSIVE counted AS (
    SELECT tenant, run_id, agent, models, passed, cost_micro_usd, duration_ms, end_sequence
    FROM console_runs
    WHERE run_end IS NOT NULL AND passed IS NOT NULL AND parent_run IS NULL
        AND submitted_sequence > 0 AND submitted_at >= $1 AND submitted_at < $2
        AND ($3::text IS NULL OR tenant = $3) AND ($4::text IS NULL OR agent = $4)
        AND ($5::boolean OR (NOT is_shadow AND feature IS DISTINCT FROM $6))
), family AS (
    SELECT child.tenant, counted.run_id AS top, child.run_id, child.cost_micro_usd,
        child.end_sequence, 1 AS depth
    FROM counted JOIN console_runs AS child
        ON child.tenant = counted.tenant AND child.parent_run = counted.run_id
        AND child.submitted_sequence > 0 AND child.submitted_sequence < counted.end_sequence
    UNION ALL
    SELECT child.tenant, top, child.run_id, child.cost_micro_usd, child.end_sequence, depth + 1
    FROM family JOIN console_runs AS child
        ON child.tenant = family.tenant AND child.parent_run = family.run_id
        AND child.submitted_sequence > 0
        AND (family.end_sequence = 0 OR child.submitted_sequence < family.end_sequence)
    WHERE depth < $8
), children AS (
    SELECT tenant, top AS run_id, sum(cost_micro_usd) AS cost FROM family GROUP BY tenant, top
), billed AS (
    SELECT counted.*, cost_micro_usd + coalesce(children.cost, 0) AS bill
    FROM counted LEFT JOIN children USING (tenant, run_id)
)
SELECT agent, models, count(*) AS runs, count(*) FILTER (WHERE passed) AS accepted,
    sum(bill) AS cost, sum(bill * bill) AS cost_squares,
    coalesce(sum(bill) FILTER (WHERE passed), 0) AS cost_of_accepted,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) / 1000 AS p50_seconds
FROM billed
GROUP BY agent, models ORDER BY runs DESC, agent, models LIMIT $7
"""


Below = Mapping[RunKey, list[RunRow]]


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
    asked = (query.since, query.until, query.tenant, query.agent, query.trials)
    return SUM_OUTCOMES, [*asked, EVALUATION, query.limit, DEPTH_LIMIT]


def outcome_group(record: Record) -> Group:
    """A row of the statement."""
    names = ("runs", "accepted", "cost", "cost_squares", "cost_of_accepted")
    tally = Tally(*(int(record[name]) for name in names))
    return Group(record["agent"], tuple(record["models"]), tally, record["p50_seconds"])


def summed(rows: Iterable[RunRow], query: OutcomeQuery) -> list[Group]:
    """The same over rows in memory, for tests."""
    known: dict[tuple[str, tuple[str, ...]], list[RunRow]] = defaultdict(list)
    below: dict[RunKey, list[RunRow]] = defaultdict(list)
    for row in rows:
        if row.parent is not None and row.submitted_sequence:
            below[row.tenant, row.parent].append(row)
        if _counts(row, query):
            known[row.agent, tuple(sorted(row.models))].append(row)
    found = [_group(*key, kept, below) for key, kept in known.items()]
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


def _bill(row: RunRow, below: Below, depth: int = 0) -> int:
    """What a run cost, and those that were begun for it before it was over."""
    if depth == DEPTH_LIMIT:
        return row.cost_micro_usd
    children = [
        one
        for one in below.get((row.tenant, row.run_id), ())
        if not row.end_sequence or one.submitted_sequence < row.end_sequence
    ]
    return row.cost_micro_usd + sum(_bill(one, below, depth + 1) for one in children)


def _group(agent: str, models: tuple[str, ...], rows: list[RunRow], below: Below) -> Group:
    tallies = (Tally.of(_bill(row, below), accepted=bool(row.passed)) for row in rows)
    first = next(tallies)
    times = [row.duration_ms for row in rows if row.duration_ms is not None]
    p50_seconds = statistics.median(times) / 1000 if times else None
    return Group(agent, models, sum(tallies, start=first), p50_seconds)
