"""What the rows tell of the whole platform: what is under way, and what waits for people."""

from dataclasses import dataclass
from typing import Protocol

import asyncpg

ROWS_LIMIT = 1000  # pairs of agent and state; more are not told
OPEN_STATES = ["submitted", "queued", "running", "waiting", "paused"]
ACTIVE = """
SELECT agent, status, count(*) AS runs FROM console_runs
WHERE status = ANY($1) GROUP BY agent, status LIMIT $2
"""
# What nobody waits for but us. Who waits for a person, or was told to stand still, is not stuck.
IDLE = """
SELECT agent, extract(epoch FROM now() - min(moved_at))::float AS seconds,
    count(*) FILTER (WHERE moved_at < now() - make_interval(secs => $1)) AS stuck
FROM console_runs WHERE status IN ('submitted', 'running') GROUP BY agent LIMIT $2
"""
WAITING = """
SELECT agent, count(*) AS reviews, extract(epoch FROM now() - min(asked_at))::float AS seconds
FROM console_reviews AS reviews JOIN console_runs AS runs USING (tenant, run_id)
WHERE state = 'open' AND asked IS NOT NULL
    AND (run_end IS NULL OR asked->>'about' = 'outcome') GROUP BY agent LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class States:
    """Counts by agent; by agent and state; ages in seconds."""

    active: dict[tuple[str, str], int]
    idle_seconds: dict[str, float]
    stuck: dict[str, int]
    reviews: dict[str, int]
    review_seconds: dict[str, float]


class Counted(Protocol):
    async def states(self, stuck_seconds: float) -> States:
        """As they are now. A run is stuck that nothing was heard of for so long."""
        ...


class PostgresStates:
    """From the rows."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def states(self, stuck_seconds: float) -> States:
        active = await self._pool.fetch(ACTIVE, OPEN_STATES, ROWS_LIMIT)
        idle = await self._pool.fetch(IDLE, stuck_seconds, ROWS_LIMIT)
        waiting = await self._pool.fetch(WAITING, ROWS_LIMIT)
        return States(
            active={(one["agent"], one["status"]): one["runs"] for one in active},
            idle_seconds={one["agent"]: one["seconds"] for one in idle},
            stuck={one["agent"]: one["stuck"] for one in idle},
            reviews={one["agent"]: one["reviews"] for one in waiting},
            review_seconds={one["agent"]: one["seconds"] for one in waiting},
        )
