"""How often whom has asked all replicas of the console: one count, kept in PostgreSQL.

A bucket is the moment at which it is full again, by the clock of the database: one statement takes
from it, whatever the clocks of replicas say, and a row whose moment has passed says nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import asyncpg
import structlog

from services.console.metrics import RATED_ALONE
from services.console.rules.rates import Rate
from services.console.settings import Settings
from shared.background import running
from shared.postgres import open_pool

log = structlog.get_logger()

SWEEP_SECONDS = 60.0
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

# $2: seconds that one request takes to be forgotten; $3: those of a whole burst.
TAKE = """
INSERT INTO console_rates AS known (name, full_at)
VALUES ($1, now() + $2 * interval '1 second')
ON CONFLICT (name) DO UPDATE
    SET full_at = greatest(known.full_at, now()) + $2 * interval '1 second'
    WHERE greatest(known.full_at, now()) + $2 * interval '1 second'
        <= now() + $3 * interval '1 second'
RETURNING extract(epoch FROM full_at - now())::float8
"""
SEEN = "SELECT extract(epoch FROM full_at - now())::float8 FROM console_rates WHERE name = $1"
SWEEP = "DELETE FROM console_rates WHERE full_at < now()"


@dataclass(frozen=True, slots=True)
class Counted:
    """What the count of all replicas says of one request."""

    is_taken: bool
    left: float


class SharedCounts(Protocol):
    """Where requests to all replicas are counted."""

    async def take(self, name: str, rate: Rate) -> Counted | None:
        """Take one; None where it cannot be told in time."""
        ...


@dataclass
class MemoryCounts:
    """In memory, for tests: replicas of one process may share it, and it can be away."""

    away: bool = False
    full_at: dict[str, float] = field(default_factory=dict)

    async def take(self, name: str, rate: Rate) -> Counted | None:
        if self.away:
            return None
        now = time.monotonic()
        full_in = max(0.0, self.full_at.get(name, now) - now)
        is_taken = rate.left(full_in) >= 1
        if is_taken:
            full_in += rate.each_seconds
            self.full_at[name] = now + full_in
        return Counted(is_taken, rate.left(full_in))


class PostgresCounts:
    """In PostgreSQL. Where it does not answer, it is left alone for a while."""

    def __init__(self, pool: asyncpg.Pool, answer_seconds: float, alone_seconds: float) -> None:
        self._pool = pool
        self._answer_seconds = answer_seconds
        self._alone_seconds = alone_seconds
        self._alone_until = 0.0

    async def take(self, name: str, rate: Rate) -> Counted | None:
        found = None
        if time.monotonic() >= self._alone_until:
            found = await self._asked(name, rate)
        if found is None:
            RATED_ALONE.inc()
        return found

    async def _asked(self, name: str, rate: Rate) -> Counted | None:
        try:
            async with asyncio.timeout(self._answer_seconds), self._pool.acquire() as connection:
                full_in = await connection.fetchval(
                    TAKE, name, rate.each_seconds, rate.full_seconds
                )
                is_taken = full_in is not None
                if not is_taken:
                    full_in = await connection.fetchval(SEEN, name)
        except AWAY as error:
            self._alone_until = time.monotonic() + self._alone_seconds
            log.warning("console.rates_alone", error=repr(error), seconds=self._alone_seconds)
            return None
        # Swept in between: it was empty a moment ago.
        full_in = rate.full_seconds if full_in is None else full_in
        return Counted(is_taken, rate.left(full_in))

    async def sweep(self) -> None:
        """Forget whoever has a full bucket: they find a new one full too."""
        await self._pool.execute(SWEEP)


@asynccontextmanager
async def open_counts(settings: Settings) -> AsyncIterator[PostgresCounts]:
    """The count of all replicas, swept meanwhile. It has connections of its own."""
    async with open_pool(settings, settings.rate_connections) as pool:
        counts = PostgresCounts(pool, settings.rate_answer_seconds, settings.rate_alone_seconds)
        async with running(_sweep(counts)):
            yield counts


async def _sweep(counts: PostgresCounts) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            await counts.sweep()
        except AWAY as error:
            log.warning("console.rates_unswept", error=repr(error))
