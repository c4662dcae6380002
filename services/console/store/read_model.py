"""What lists and reports are answered from."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol, TypeAlias

import asyncpg

from services.console.errors import Unavailable
from services.console.rules.frontier import Group
from services.console.store.memory_lists import page, shows
from services.console.store.outcomes import OutcomeQuery, outcome_group, sum_outcomes, summed
from services.console.store.run_lists import (
    BY_INDEX,
    CAREFULLY,
    FEW,
    TIMEOUT,
    Few,
    count_runs,
    find_few,
    list_runs,
    searches,
)
from services.console.store.run_query import RunQuery
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

QUERY_SECONDS = 5.0
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[Any]"

# What was open when its run ended is stored as open. It is told as withdrawn, unless it asks what
# became of a call.
LIST_REVIEWS = """
SELECT reviews.*, run_end IS NOT NULL AS over
FROM console_reviews AS reviews JOIN console_runs AS runs USING (tenant, run_id)
WHERE asked IS NOT NULL AND ($1::text IS NULL OR tenant = $1)
    AND ($2::text[] IS NULL OR state = ANY($2))
    AND (state <> 'open' OR $3::boolean IS NULL
        OR (run_end IS NOT NULL AND asked->>'about' <> 'outcome') = $3)
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


class ReadModel(Protocol):
    """What lists and reports are answered from."""

    async def runs(self, query: RunQuery) -> list[RunRow]:
        """One page, in the order that is asked for."""
        ...

    async def count(self, query: RunQuery, most: int) -> Mapping[str, int]:
        """How many runs there are of each status, counting no more than `most`."""
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

    async def outcomes(self, query: OutcomeQuery) -> list[Group]:
        """Evaluated runs, summed for each agent and its models; the largest groups first."""
        ...


class PostgresReadModel:
    """The read model in PostgreSQL, which the observer writes."""

    def __init__(self, pool: asyncpg.Pool, query_seconds: float = QUERY_SECONDS) -> None:
        self._pool = pool
        self._query_seconds = query_seconds

    async def runs(self, query: RunQuery) -> list[RunRow]:
        async with self._asking(query) as (connection, few):
            statement, values = list_runs(query, few)
            return [run_row(one) for one in await connection.fetch(statement, *values)]

    async def count(self, query: RunQuery, most: int) -> Mapping[str, int]:
        async with self._asking(query) as (connection, few):
            statement, values = count_runs(query, most, few)
            found = await connection.fetch(statement, *values)
            return {one["status"]: one["runs"] for one in found}

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

    async def outcomes(self, query: OutcomeQuery) -> list[Group]:
        statement, values = sum_outcomes(query)
        async with self._asking(RunQuery()) as (connection, _):
            return [outcome_group(one) for one in await connection.fetch(statement, *values)]

    @asynccontextmanager
    async def _asking(self, query: RunQuery) -> AsyncIterator[tuple[Connection, Few]]:
        """A connection for a list, and the runs that have its terms and words if they are few.

        Raises:
            Unavailable: it took longer than lists may.
        """
        milliseconds = str(int(self._query_seconds * 1000))
        try:
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                await connection.execute(CAREFULLY)
                await connection.execute(TIMEOUT, milliseconds)
                yield connection, await _few(connection, query)
        except asyncpg.QueryCanceledError:
            raise Unavailable(
                f"so many runs cannot be looked through in {self._query_seconds} seconds",
                "query_seconds",
                "narrow it: by since, agent or status",
            ) from None


class MemoryReadModel:
    """The rows in memory, for tests."""

    def __init__(self) -> None:
        self.run_rows: dict[RunKey, RunRow] = {}
        self.review_rows: dict[ReviewKey, ReviewRow] = {}
        self.costs: list[dict[str, Any]] = []

    async def runs(self, query: RunQuery) -> list[RunRow]:
        return page(self.run_rows.values(), query)

    async def count(self, query: RunQuery, most: int) -> Mapping[str, int]:
        found = (row.status for row in self.run_rows.values() if shows(query, row))
        return Counter(islice(found, most))

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

    async def outcomes(self, query: OutcomeQuery) -> list[Group]:
        return summed(self.run_rows.values(), query)


async def _few(connection: Connection, query: RunQuery) -> Few:
    if not searches(query):
        return None
    await connection.execute(BY_INDEX)
    statement, values = find_few(query)
    found = await connection.fetch(statement, *values)
    return None if len(found) > FEW else [(one["tenant"], one["run_id"]) for one in found]
