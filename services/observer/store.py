"""All SQL of the observer: the read models.

A batch of changes is one transaction: rows are made where absent, locked in one order (so that
replicas never wait for each other in a circle), advanced by the rules, and written back.
"""

import json
from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg

from services.observer.rules import Change, advanced_reviews, advanced_runs
from shared.readmodel import (
    ReviewKey,
    ReviewRow,
    RunKey,
    RunRow,
    review_row,
    row_key,
    run_row,
)

MAKE_RUNS = """
INSERT INTO console_runs (tenant, run_id) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT DO NOTHING
"""
LOCK_RUNS = """
SELECT * FROM console_runs
WHERE (tenant, run_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
ORDER BY tenant, run_id FOR UPDATE
"""
WRITE_RUN = """
UPDATE console_runs SET status = $3, agent = $4, customer = $5, feature = $6, submitted_at = $7,
    submitted_sequence = $8, started_at = $9, steps = $10, cost_micro_usd = $11, costs = $12,
    reviews_asked = $13, reviews_decided = $14, run_end = $15, end_sequence = $16, ended_at = $17,
    why = $18, answer = $19, last_sequence = $20, is_queued = $21, paused_number = $22,
    resumed_number = $23
WHERE tenant = $1 AND run_id = $2
"""
READ_REVIEWS = """
SELECT * FROM console_reviews
WHERE (tenant, run_id, review_id) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
"""
WRITE_REVIEW = """
INSERT INTO console_reviews VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant, run_id, review_id) DO UPDATE SET state = $4, asked = $5, asked_at = $6,
    decided = $7, decided_at = $8, decided_sequence = $9
"""


class Projection(Protocol):
    """Where the rows are kept."""

    async def apply(self, changes: Sequence[Change]) -> None:
        """Take changes, all of them or none."""
        ...


class PostgresProjection:
    """The read models in PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def apply(self, changes: Sequence[Change]) -> None:
        keys = sorted({change.run for change in changes})
        tenants, run_ids = [key[0] for key in keys], [key[1] for key in keys]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(MAKE_RUNS, tenants, run_ids)
            locked = await connection.fetch(LOCK_RUNS, tenants, run_ids)
            runs = advanced_runs(
                {(one["tenant"], one["run_id"]): run_row(one) for one in locked}, changes
            )
            await connection.executemany(WRITE_RUN, [_run_values(row) for row in runs])
            await self._apply_reviews(connection, changes)

    async def _apply_reviews(
        self, connection: "asyncpg.pool.PoolConnectionProxy[Any]", changes: Sequence[Change]
    ) -> None:
        """Reviews are below their run, whose row is locked."""
        keys = sorted({key for change in changes if (key := change.review) is not None})
        if not keys:
            return
        found = await connection.fetch(READ_REVIEWS, *([k[i] for k in keys] for i in range(3)))
        known = {row_key(row): row for row in map(review_row, found)}
        rows = advanced_reviews(known, changes)
        await connection.executemany(WRITE_REVIEW, [_review_values(row) for row in rows])


class MemoryProjection:
    """The read models in memory, for tests: the same rules, no database."""

    def __init__(self) -> None:
        self.run_rows: dict[RunKey, RunRow] = {}
        self.review_rows: dict[ReviewKey, ReviewRow] = {}
        self.batches: list[int] = []

    async def apply(self, changes: Sequence[Change]) -> None:
        self.batches.append(len(changes))
        for row in advanced_runs(self.run_rows, changes):
            self.run_rows[row.tenant, row.run_id] = row
        for review in advanced_reviews(self.review_rows, changes):
            self.review_rows[row_key(review)] = review


def _run_values(row: RunRow) -> tuple[object, ...]:
    """In the order of WRITE_RUN."""
    return (
        *(row.tenant, row.run_id, row.status, row.agent, row.customer, row.feature),
        *(row.submitted_at, row.submitted_sequence, row.started_at, row.steps),
        *(row.cost_micro_usd, json.dumps(row.costs), sorted(row.asked), sorted(row.decided)),
        *(row.end, row.end_sequence, row.ended_at, row.why, row.answer, row.last_sequence),
        *(row.is_queued, row.paused_number, row.resumed_number),
    )


def _review_values(row: ReviewRow) -> tuple[object, ...]:
    """In the order of WRITE_REVIEW."""
    return (
        *(row.tenant, row.run_id, row.review_id, row.state),
        *(None if row.asked is None else row.asked.model_dump_json(), row.asked_at),
        *(None if row.decided is None else row.decided.model_dump_json(), row.decided_at),
        row.decided_sequence,
    )
