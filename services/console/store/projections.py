"""Orders to build the read models again, and what became of them. The observer works them off."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import asyncpg

NEWEST = "SELECT * FROM observer_rebuilds ORDER BY id DESC LIMIT 1"
ORDER = "INSERT INTO observer_rebuilds (asked_by) VALUES ($1) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class RebuildView:
    """One rebuild: how far it is in the log, and what it changed."""

    number: int
    state: str
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    position: int
    until: int
    rebuilt: int
    differed: int
    removed: int
    reason: str


class Projections(Protocol):
    """The read models as somebody's work."""

    async def newest_rebuild(self) -> RebuildView | None: ...

    async def order_rebuild(self, principal: str) -> RebuildView:
        """The rebuild that goes on or is waited for; a new one, where there is none."""
        ...


class PostgresProjections:
    """In PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def newest_rebuild(self) -> RebuildView | None:
        found = await self._pool.fetchrow(NEWEST)
        if found is None:
            return None
        return RebuildView(
            number=found["id"],
            state=found["state"],
            asked_by=found["asked_by"],
            asked_at=found["asked_at"],
            ended_at=found["ended_at"],
            position=found["position"],
            until=found["until"],
            rebuilt=found["rebuilt"],
            differed=found["differed"],
            removed=found["removed"],
            reason=found["reason"],
        )

    async def order_rebuild(self, principal: str) -> RebuildView:
        await self._pool.execute(ORDER, principal)
        found = await self.newest_rebuild()
        assert found is not None, "orders are never deleted"
        return found


class MemoryProjections:
    """In memory, for tests."""

    def __init__(self) -> None:
        self.rebuilds: list[RebuildView] = []

    async def newest_rebuild(self) -> RebuildView | None:
        return self.rebuilds[-1] if self.rebuilds else None

    async def order_rebuild(self, principal: str) -> RebuildView:
        if not self.rebuilds or self.rebuilds[-1].ended_at is not None:
            number, now = len(self.rebuilds) + 1, datetime.now(UTC)
            zeros = dict.fromkeys(("position", "until", "rebuilt", "differed", "removed"), 0)
            asked = RebuildView(number, "asked", principal, now, ended_at=None, reason="", **zeros)
            self.rebuilds.append(asked)
        return self.rebuilds[-1]
