"""Orders to build the rows again: people give them by the console, an observer works them off."""

from dataclasses import dataclass, field
from typing import Protocol

import asyncpg

from .rows import Rebuilt

# One whose worker has not been heard of for so long is taken over, and begins again.
TAKE = """
UPDATE observer_rebuilds SET state = 'running', beat_at = now(), position = 0, rebuilt = 0,
    differed = 0, removed = 0
WHERE state = 'asked' OR (state = 'running' AND beat_at < now() - make_interval(secs => $1))
RETURNING id
"""
BEAT = """
UPDATE observer_rebuilds SET beat_at = now(), position = $2, until = $3, rebuilt = $4,
    differed = $5, removed = $6
WHERE id = $1
"""
END = """
UPDATE observer_rebuilds SET state = $2, reason = $3, ended_at = now(), position = until
WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """How far one has come: in the log, and what it changed so far."""

    number: int
    position: int = 0
    until: int = 0
    done: Rebuilt = field(default_factory=Rebuilt)


class Rebuilds(Protocol):
    """The orders."""

    async def take(self, lost_after_seconds: float) -> int | None:
        """The number of the order to work on, if there is one that nobody works on."""
        ...

    async def tell(self, rebuild: Rebuild) -> None:
        """How far it has come: also that somebody works on it."""
        ...

    async def end(self, number: int, reason: str = "") -> None:
        """It is done; or, with a reason, has failed."""
        ...


class PostgresRebuilds:
    """The orders in PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def take(self, lost_after_seconds: float) -> int | None:
        number: int | None = await self._pool.fetchval(TAKE, lost_after_seconds)
        return number

    async def tell(self, rebuild: Rebuild) -> None:
        done = rebuild.done
        await self._pool.execute(
            BEAT,
            *(rebuild.number, rebuild.position, rebuild.until),
            *(done.rebuilt, done.differed, done.removed),
        )

    async def end(self, number: int, reason: str = "") -> None:
        await self._pool.execute(END, number, "failed" if reason else "done", reason)


class MemoryRebuilds:
    """The orders in memory, for tests."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.told: list[Rebuild] = []
        self.ended: dict[int, str] = {}

    async def take(self, lost_after_seconds: float) -> int | None:
        del lost_after_seconds
        return self.asked.pop(0) if self.asked else None

    async def tell(self, rebuild: Rebuild) -> None:
        self.told.append(rebuild)

    async def end(self, number: int, reason: str = "") -> None:
        self.ended[number] = reason
