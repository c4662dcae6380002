"""Orders to archive and to delete, and the proof. The observer does the work."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import asyncpg

from contracts.audit import ErasureKind
from contracts.shape import sha256_hex

ASK = """
INSERT INTO observer_orders
    (kind, is_dry, tenant, run_id, customer, user_name, person_sha256, reason, asked_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *
"""
GET = "SELECT * FROM observer_orders WHERE id = $1"
RUNS_OF = """
SELECT run_id, evidence, tombstone, erased_at FROM observer_order_runs WHERE order_id = $1
ORDER BY number
"""
# Whoever only looked deleted nothing.
LIST = """
SELECT * FROM observer_orders WHERE kind <> 'archive' AND NOT is_dry
    AND ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL OR person_sha256 = $2)
ORDER BY id DESC LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: to archive or delete a run, or to forget a person."""

    kind: ErasureKind
    tenant: str
    reason: str
    principal: str
    run_id: str | None = None
    customer: str | None = None
    user: str | None = None
    is_dry: bool = False

    @property
    def person_sha256(self) -> str | None:
        if self.customer is None and self.user is None:
            return None
        return person_sha256(self.tenant, self.customer, self.user)


@dataclass(frozen=True, slots=True)
class ErasedRun:
    """One run of an order. `evidence`: what there was, and what is left, in counts and digests."""

    run_id: str
    evidence: Mapping[str, Any]
    tombstone: int | None
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """One order, and what became of it."""

    number: int
    kind: str
    is_dry: bool
    tenant: str
    run_id: str | None
    person_sha256: str | None
    reason: str
    asked_by: str
    asked_at: datetime
    state: str
    ended_at: datetime | None
    answer: str
    remains: tuple[str, ...] = ()
    runs: tuple[ErasedRun, ...] = field(default=())


class Erasures(Protocol):
    """Where orders are put, and found again."""

    async def ask(self, asked: Asked) -> Erasure: ...

    async def get(self, number: int) -> Erasure | None:
        """An order with its runs."""
        ...

    async def list(self, tenant: str | None, person: str | None, most: int) -> list[Erasure]:
        """Deletions, the newest first, without their runs; of a person, by the digest of whom."""
        ...


class PostgresErasures:
    """In PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def ask(self, asked: Asked) -> Erasure:
        row = await self._pool.fetchrow(
            ASK,
            *(asked.kind, asked.is_dry, asked.tenant, asked.run_id, asked.customer, asked.user),
            *(asked.person_sha256, asked.reason, asked.principal),
        )
        assert row is not None, "it was just put there"
        return _erasure(row)

    async def get(self, number: int) -> Erasure | None:
        row = await self._pool.fetchrow(GET, number)
        if row is None:
            return None
        runs = await self._pool.fetch(RUNS_OF, number)
        return replace(_erasure(row), runs=tuple(_erased_run(one) for one in runs))

    async def list(self, tenant: str | None, person: str | None, most: int) -> list[Erasure]:
        return [_erasure(row) for row in await self._pool.fetch(LIST, tenant, person, most)]


class MemoryErasures:
    """In memory, for tests. Nobody works them off."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.known: dict[int, Erasure] = {}

    async def ask(self, asked: Asked) -> Erasure:
        self.asked.append(asked)
        found = Erasure(
            number=len(self.asked),
            kind=asked.kind,
            is_dry=asked.is_dry,
            tenant=asked.tenant,
            run_id=asked.run_id,
            person_sha256=asked.person_sha256,
            reason=asked.reason,
            asked_by=asked.principal,
            asked_at=datetime.now(UTC),
            state="asked",
            ended_at=None,
            answer="",
        )
        self.known[found.number] = found
        return found

    async def get(self, number: int) -> Erasure | None:
        return self.known.get(number)

    async def list(self, tenant: str | None, person: str | None, most: int) -> list[Erasure]:
        found = [
            one
            for one in self.known.values()
            if one.kind != "archive"
            and not one.is_dry
            and tenant in (None, one.tenant)
            and person in (None, one.person_sha256)
        ]
        return found[::-1][:most]


def person_sha256(tenant: str, customer: str | None, user: str | None) -> str:
    """Who was forgotten, for whoever knows whom they ask about."""
    return sha256_hex(json.dumps([tenant, customer, user]).encode())


def _erasure(row: asyncpg.Record) -> Erasure:
    return Erasure(
        number=row["id"],
        kind=row["kind"],
        is_dry=row["is_dry"],
        tenant=row["tenant"],
        run_id=row["run_id"],
        person_sha256=row["person_sha256"],
        reason=row["reason"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        state=row["state"],
        ended_at=row["ended_at"],
        answer=row["answer"],
        remains=tuple(row["remains"]),
    )


def _erased_run(row: asyncpg.Record) -> ErasedRun:
    evidence = {} if row["evidence"] is None else json.loads(row["evidence"])
    return ErasedRun(row["run_id"], evidence, row["tombstone"], row["erased_at"])
