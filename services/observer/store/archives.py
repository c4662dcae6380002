"""Which runs lie in files, which are old enough to be put there, and who still reads them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from services.observer.rules.retention import Kin
from shared.readmodel import RunKey

KIN_NAMED = 5  # more than a sentence can hold
# What failed or may not go yet is not looked at again before the next round.
DUE = """
SELECT ended_at, tenant, run_id FROM console_runs
WHERE ended_at IS NOT NULL AND archived_at IS NULL AND ended_at < $1
    AND (ended_at, tenant, run_id) > ($2, $3, $4)
ORDER BY ended_at, tenant, run_id LIMIT $5
"""
READERS = """
SELECT run_id FROM console_runs
WHERE tenant = $1 AND archived_at IS NULL
    AND (parent_run = $2 OR fork_of = $2 OR continues = $2)
LIMIT $3
"""
OPEN_PARENT = """
SELECT above.run_id FROM console_runs AS own
JOIN console_runs AS above ON above.tenant = own.tenant AND above.run_id = own.parent_run
WHERE own.tenant = $1 AND own.run_id = $2 AND above.run_end IS NULL
"""
PUT = """
INSERT INTO observer_archives (tenant, run_id, place, file_sha256, digest, facts, bytes,
    last_sequence, customer, user_name, grown_from, parent_run, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (tenant, run_id) DO UPDATE SET place = $3, file_sha256 = $4, digest = $5, facts = $6,
    bytes = $7, last_sequence = $8, written_at = now()
WHERE observer_archives.purged_at IS NULL
"""
GET = "SELECT * FROM observer_archives WHERE tenant = $1 AND run_id = $2"
PURGED = "UPDATE observer_archives SET purged_at = now() WHERE tenant = $1 AND run_id = $2"
UNPURGED = """
SELECT tenant, run_id FROM observer_archives WHERE purged_at IS NULL ORDER BY written_at LIMIT $1
"""
DROP = "DELETE FROM observer_archives WHERE tenant = $1 AND run_id = $2"


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """One run in a file. `purged_at` is None until the log has only its tombstone."""

    tenant: str
    run_id: str
    place: str
    file_sha256: str
    digest: str
    facts: int
    bytes: int
    last_sequence: int
    customer: str | None
    user: str | None
    grown_from: str | None
    parent: str | None
    ended_at: datetime
    purged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A run that ended long enough ago; in the order of these."""

    ended_at: datetime
    tenant: str
    run_id: str


class PostgresArchives:
    """In PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def due(self, now: datetime, after: timedelta, last: Due, most: int) -> list[Due]:
        """The next runs that ended so long ago, after the last one that was looked at."""
        place = (last.ended_at, last.tenant, last.run_id)
        found = await self._pool.fetch(DUE, now - after, *place, most)
        return [Due(one["ended_at"], one["tenant"], one["run_id"]) for one in found]

    async def kin(self, tenant: str, run_id: str) -> Kin:
        """Who still needs a run, as lists know it."""
        readers = await self._pool.fetch(READERS, tenant, run_id, KIN_NAMED)
        parent = await self._pool.fetchval(OPEN_PARENT, tenant, run_id)
        return Kin(tuple(one["run_id"] for one in readers), parent)

    async def put(self, row: ArchiveRow) -> None:
        """Note the file of a run, unless the log has already let go of it."""
        await self._pool.execute(
            PUT,
            *(row.tenant, row.run_id, row.place, row.file_sha256, row.digest, row.facts),
            *(row.bytes, row.last_sequence, row.customer, row.user, row.grown_from, row.parent),
            row.ended_at,
        )

    async def get(self, tenant: str, run_id: str) -> ArchiveRow | None:
        one = await self._pool.fetchrow(GET, tenant, run_id)
        if one is None:
            return None
        return ArchiveRow(
            tenant=one["tenant"],
            run_id=one["run_id"],
            place=one["place"],
            file_sha256=one["file_sha256"],
            digest=one["digest"],
            facts=one["facts"],
            bytes=one["bytes"],
            last_sequence=one["last_sequence"],
            customer=one["customer"],
            user=one["user_name"],
            grown_from=one["grown_from"],
            parent=one["parent_run"],
            ended_at=one["ended_at"],
            purged_at=one["purged_at"],
        )

    async def purged(self, tenant: str, run_id: str) -> None:
        """The log has its tombstone alone."""
        await self._pool.execute(PURGED, tenant, run_id)

    async def unpurged(self, most: int) -> list[RunKey]:
        """Runs whose file was written, and that may still lie in the log too."""
        found = await self._pool.fetch(UNPURGED, most)
        return [(one["tenant"], one["run_id"]) for one in found]

    async def drop(self, tenant: str, run_id: str) -> None:
        """There is no file of it any more."""
        await self._pool.execute(DROP, tenant, run_id)
