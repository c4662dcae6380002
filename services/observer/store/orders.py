"""Orders to archive and to delete, and the proof: people give them by the console."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

# Who holds it archives and deletes; the others wait. It is let go with the connection.
LOCK = "SELECT pg_try_advisory_lock(7340301)"
UNLOCK = "SELECT pg_advisory_unlock(7340301)"

TAKE = """
UPDATE observer_orders SET state = 'running' WHERE id = (
    SELECT id FROM observer_orders WHERE state IN ('asked', 'running') ORDER BY tries, id LIMIT 1)
RETURNING *
"""
AGAIN = "UPDATE observer_orders SET tries = tries + 1, answer = $2 WHERE id = $1 RETURNING tries"
# Whom it was about is not kept once it is forgotten, nor after a look.
END = """
UPDATE observer_orders SET state = $2, answer = $3, remains = $4, ended_at = now(),
    customer = NULL, user_name = NULL
WHERE id = $1
"""
PLAN = """
INSERT INTO observer_order_runs (order_id, number, tenant, run_id)
SELECT $1, number, $2, run_id FROM unnest($3::text[]) WITH ORDINALITY AS runs (run_id, number)
ON CONFLICT DO NOTHING
"""
PLANNED = "SELECT * FROM observer_order_runs WHERE order_id = $1 ORDER BY number"
NOTE = """
UPDATE observer_order_runs SET evidence = $3 WHERE order_id = $1 AND run_id = $2
    AND evidence IS NULL
"""
CLOSED = "UPDATE observer_order_runs SET tombstone = $3 WHERE order_id = $1 AND run_id = $2"
ERASED = """
UPDATE observer_order_runs SET erased_at = now(), evidence = evidence || $3
WHERE order_id = $1 AND run_id = $2
"""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked for: one run, or the runs of one person."""

    number: int
    kind: str
    is_dry: bool
    tenant: str
    run_id: str | None
    customer: str | None
    user: str | None
    person_sha256: str | None
    asked_by: str


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of an order, and how far it is."""

    tenant: str
    run_id: str
    evidence: Mapping[str, Any] | None
    tombstone: int | None
    is_erased: bool


class PostgresOrders:
    """In PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def take(self) -> Order | None:
        """The order to work on: the one that was tried least, or is the oldest."""
        one = await self._pool.fetchrow(TAKE)
        if one is None:
            return None
        return Order(
            number=one["id"],
            kind=one["kind"],
            is_dry=one["is_dry"],
            tenant=one["tenant"],
            run_id=one["run_id"],
            customer=one["customer"],
            user=one["user_name"],
            person_sha256=one["person_sha256"],
            asked_by=one["asked_by"],
        )

    async def again(self, number: int, why: str) -> int:
        """It could not be finished this time; how often that was so."""
        return int(await self._pool.fetchval(AGAIN, number, why))

    async def end(self, number: int, state: str, answer: str, remains: Sequence[str] = ()) -> None:
        """What became of it, and what it did not reach."""
        await self._pool.execute(END, number, state, answer, list(remains))

    async def plan(self, number: int, tenant: str, run_ids: Sequence[str]) -> list[PlannedRun]:
        """Note which runs it is about; what was noted before stays."""
        await self._pool.execute(PLAN, number, tenant, list(run_ids))
        return await self.planned(number)

    async def planned(self, number: int) -> list[PlannedRun]:
        found = await self._pool.fetch(PLANNED, number)
        return [
            PlannedRun(
                one["tenant"],
                one["run_id"],
                None if one["evidence"] is None else json.loads(one["evidence"]),
                one["tombstone"],
                one["erased_at"] is not None,
            )
            for one in found
        ]

    async def note(self, number: int, run_id: str, evidence: Mapping[str, Any]) -> None:
        """What there is of a run, before anything of it is removed; the first time counts."""
        await self._pool.execute(NOTE, number, run_id, json.dumps(evidence))

    async def closed(self, number: int, run_id: str, tombstone: int) -> None:
        """What the log keeps of it lies there."""
        await self._pool.execute(CLOSED, number, run_id, tombstone)

    async def erased(self, number: int, run_id: str, after: Mapping[str, Any]) -> None:
        """Nothing is left of it but this."""
        await self._pool.execute(ERASED, number, run_id, json.dumps(after))
