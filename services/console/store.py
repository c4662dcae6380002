"""All SQL of the console: lists from the read models, and reports over the ledger's view."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import asyncpg

from services.console.errors import Unavailable
from shared.readmodel import (
    OPEN,
    WITHDRAWN,
    ReviewKey,
    ReviewRow,
    RunKey,
    RunRow,
    review_row,
    run_row,
)

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
    """The read model in PostgreSQL, which the observer writes."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def runs(self, query: RunQuery) -> list[RunRow]:
        found = await self._pool.fetch(
            LIST_RUNS, query.tenant, query.status, query.agent, query.customer, query.limit
        )
        return [run_row(one) for one in found]

    async def reviews(self, tenant: str | None, state: str | None, limit: int) -> list[ReviewRow]:
        stored = None if state is None else [OPEN, WITHDRAWN] if state == WITHDRAWN else [state]
        over = {OPEN: False, WITHDRAWN: True}.get(state or "")
        found = await self._pool.fetch(LIST_REVIEWS, tenant, stored, over, limit)
        return [replace(review_row(one), over=one["over"]) for one in found]

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
    """The rows in memory, for tests."""

    def __init__(self) -> None:
        self.run_rows: dict[RunKey, RunRow] = {}
        self.review_rows: dict[ReviewKey, ReviewRow] = {}
        self.costs: list[dict[str, Any]] = []

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
