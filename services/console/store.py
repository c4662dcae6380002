"""All SQL of the console: the read models, and reports over the ledger's view.

A batch of changes is one transaction: rows are made where absent, locked in one order (so that
replicas never wait for each other in a circle), advanced by the rules, and written back.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import asyncpg

from contracts.review import ReviewDecided, ReviewRequested
from services.console.errors import Unavailable
from services.console.rules import (
    OPEN,
    WITHDRAWN,
    Change,
    ReviewKey,
    ReviewRow,
    RunKey,
    RunRow,
    advanced_reviews,
    advanced_runs,
    row_key,
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
LIST_RUNS = """
SELECT * FROM console_runs
WHERE submitted_sequence > 0 AND ($1::text IS NULL OR tenant = $1)
    AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR agent = $3) AND ($4::text IS NULL OR customer = $4)
ORDER BY submitted_sequence DESC LIMIT $5
"""
# What was open when its run ended is stored as open, and told as withdrawn.
LIST_REVIEWS = """
SELECT reviews.*, run_end IS NOT NULL AS over
FROM console_reviews AS reviews JOIN console_runs AS runs USING (tenant, run_id)
WHERE asked IS NOT NULL AND ($1::text IS NULL OR tenant = $1)
    AND ($2::text[] IS NULL OR state = ANY($2))
    AND (state <> 'open' OR $3::boolean IS NULL OR (run_end IS NOT NULL) = $3)
ORDER BY asked_at DESC LIMIT $4
"""
TENANTS = "SELECT tenant FROM console_runs WHERE run_id = $1 ORDER BY tenant LIMIT 10"

# Names of the view's columns; what a caller asks for is looked up here and never put into SQL.
DIMENSIONS = ("tenant", "customer", "feature", "agent", "provider", "model", "run")
COST = """
SELECT {dimensions}, count(DISTINCT run) AS runs, count(*) AS attempts,
    sum(cost_micro_usd)::bigint AS cost_micro_usd, sum(held_micro_usd)::bigint AS held_micro_usd,
    sum(liability_micro_usd)::bigint AS liability_micro_usd
FROM cost_by_attempt WHERE ($1::text IS NULL OR tenant = $1)
GROUP BY {dimensions} ORDER BY cost_micro_usd DESC, {dimensions} LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs a list shows; None stands for any."""

    tenant: str | None = None
    status: str | None = None
    agent: str | None = None
    customer: str | None = None
    limit: int = 50


class ReadModel(Protocol):
    """What lists and reports are answered from."""

    async def apply(self, changes: Sequence[Change]) -> None:
        """Take changes, all of them or none."""
        ...

    async def runs(self, query: RunQuery) -> list[RunRow]:
        """The newest first."""
        ...

    async def reviews(self, tenant: str | None, state: str | None, limit: int) -> list[ReviewRow]:
        """The newest first."""
        ...

    async def tenants_of(self, run_id: str) -> list[str]:
        """Every tenant that has a run of this id."""
        ...

    async def cost(
        self, dimensions: Sequence[str], tenant: str | None, limit: int
    ) -> list[dict[str, Any]]:
        """What was spent, the most expensive first."""
        ...


class PostgresReadModel:
    """The read model in PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def apply(self, changes: Sequence[Change]) -> None:
        keys = sorted({change.run for change in changes})
        tenants, run_ids = [key[0] for key in keys], [key[1] for key in keys]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(MAKE_RUNS, tenants, run_ids)
            locked = await connection.fetch(LOCK_RUNS, tenants, run_ids)
            runs = advanced_runs({_run_key(one): _run_row(one) for one in locked}, changes)
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
        known = {row_key(row): row for row in map(_review_row, found)}
        rows = advanced_reviews(known, changes)
        await connection.executemany(WRITE_REVIEW, [_review_values(row) for row in rows])

    async def runs(self, query: RunQuery) -> list[RunRow]:
        found = await self._pool.fetch(
            LIST_RUNS, query.tenant, query.status, query.agent, query.customer, query.limit
        )
        return [_run_row(one) for one in found]

    async def reviews(self, tenant: str | None, state: str | None, limit: int) -> list[ReviewRow]:
        stored = None if state is None else [OPEN, WITHDRAWN] if state == WITHDRAWN else [state]
        over = {OPEN: False, WITHDRAWN: True}.get(state or "")
        found = await self._pool.fetch(LIST_REVIEWS, tenant, stored, over, limit)
        return [replace(_review_row(one), over=one["over"]) for one in found]

    async def tenants_of(self, run_id: str) -> list[str]:
        return [one["tenant"] for one in await self._pool.fetch(TENANTS, run_id)]

    async def cost(
        self, dimensions: Sequence[str], tenant: str | None, limit: int
    ) -> list[dict[str, Any]]:
        assert set(dimensions) <= set(DIMENSIONS), "the API lets no other name through"
        try:
            found = await self._pool.fetch(
                COST.format(dimensions=", ".join(dimensions)), tenant, limit
            )
        except asyncpg.UndefinedTableError:
            raise Unavailable(
                "the ledger has no tables", "cost_by_attempt", "run the migrations: interlock dev"
            ) from None
        return [dict(one) for one in found]


class MemoryReadModel:
    """The read model in memory, for tests: the same rules, no database."""

    def __init__(self) -> None:
        self.run_rows: dict[RunKey, RunRow] = {}
        self.review_rows: dict[ReviewKey, ReviewRow] = {}
        self.costs: list[dict[str, Any]] = []
        self.batches: list[int] = []

    async def apply(self, changes: Sequence[Change]) -> None:
        self.batches.append(len(changes))
        for row in advanced_runs(self.run_rows, changes):
            self.run_rows[row.tenant, row.run_id] = row
        for review in advanced_reviews(self.review_rows, changes):
            self.review_rows[row_key(review)] = review

    async def runs(self, query: RunQuery) -> list[RunRow]:
        wanted = [(name, getattr(query, name)) for name in ("tenant", "status", "agent")]
        wanted.append(("customer", query.customer))
        found = [
            row
            for row in self.run_rows.values()
            if row.submitted_sequence
            and all(value is None or getattr(row, name) == value for name, value in wanted)
        ]
        return sorted(found, key=lambda row: -row.submitted_sequence)[: query.limit]

    async def reviews(self, tenant: str | None, state: str | None, limit: int) -> list[ReviewRow]:
        rows = (self._with_run(row) for row in self.review_rows.values())
        found = [
            row
            for row in rows
            if row.asked and tenant in (None, row.tenant) and state in (None, row.state)
        ]
        return found[:limit]

    def _with_run(self, row: ReviewRow) -> ReviewRow:
        return replace(row, over=self.run_rows[row.tenant, row.run_id].end is not None)

    async def tenants_of(self, run_id: str) -> list[str]:
        return sorted(tenant for tenant, known in self.run_rows if known == run_id)

    async def cost(
        self, dimensions: Sequence[str], tenant: str | None, limit: int
    ) -> list[dict[str, Any]]:
        shown = (*dimensions, "cost_micro_usd")
        found = [one for one in self.costs if tenant in (None, one["tenant"])]
        return [{name: one[name] for name in shown} for one in found[:limit]]


def _run_key(record: asyncpg.Record) -> RunKey:
    return (record["tenant"], record["run_id"])


def _run_row(record: asyncpg.Record) -> RunRow:
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


def _run_values(row: RunRow) -> tuple[object, ...]:
    """In the order of WRITE_RUN."""
    return (
        *(row.tenant, row.run_id, row.status, row.agent, row.customer, row.feature),
        *(row.submitted_at, row.submitted_sequence, row.started_at, row.steps),
        *(row.cost_micro_usd, json.dumps(row.costs), sorted(row.asked), sorted(row.decided)),
        *(row.end, row.end_sequence, row.ended_at, row.why, row.answer, row.last_sequence),
        *(row.is_queued, row.paused_number, row.resumed_number),
    )


def _review_row(record: asyncpg.Record) -> ReviewRow:
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


def _review_values(row: ReviewRow) -> tuple[object, ...]:
    """In the order of WRITE_REVIEW."""
    return (
        *(row.tenant, row.run_id, row.review_id, row.state),
        *(None if row.asked is None else row.asked.model_dump_json(), row.asked_at),
        *(None if row.decided is None else row.decided.model_dump_json(), row.decided_at),
        row.decided_sequence,
    )
