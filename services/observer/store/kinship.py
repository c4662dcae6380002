"""What PostgreSQL has of runs that are to go: whose they are, what reads them, their rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

OF_PERSON = """
SELECT run_id FROM console_runs WHERE tenant = $1
    AND ($2::text IS NULL OR customer = $2) AND ($3::text IS NULL OR user_name = $3)
UNION SELECT run_id FROM observer_archives WHERE tenant = $1
    AND ($2::text IS NULL OR customer = $2) AND ($3::text IS NULL OR user_name = $3)
ORDER BY run_id LIMIT $4
"""
# A continuation has its ancestor in its prompts and in its file, a child what its caller told it, a
# judge what it judges.
BELOW = """
SELECT run_id FROM console_runs WHERE tenant = $1
    AND (parent_run = ANY($2) OR fork_of = ANY($2) OR continues = ANY($2))
UNION SELECT run_id FROM observer_archives WHERE tenant = $1
    AND (parent_run = ANY($2) OR grown_from = ANY($2))
ORDER BY run_id LIMIT $3
"""
IMPORTS = "SELECT run_id, content FROM console_archives WHERE tenant = $1 AND run_id > $2 \
ORDER BY run_id LIMIT 1"
COUNTS = """
SELECT (SELECT count(*) FROM console_runs WHERE tenant = $1 AND run_id = $2) AS runs,
    (SELECT count(*) FROM console_reviews WHERE tenant = $1 AND run_id = $2) AS reviews,
    (SELECT count(*) FROM console_run_search WHERE tenant = $1 AND run_id = $2) AS search,
    (SELECT count(*) FROM console_archives WHERE tenant = $1 AND run_id = $2) AS imports
"""
DROP_ROW = "DELETE FROM console_runs WHERE tenant = $1 AND run_id = $2"
DROP_REVIEWS = "DELETE FROM console_reviews WHERE tenant = $1 AND run_id = $2"
DROP_IMPORT = "DELETE FROM console_archives WHERE tenant = $1 AND run_id = $2"


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows there are of one run."""

    runs: int
    reviews: int
    search: int
    imports: int


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that somebody imported."""

    run_id: str
    content: bytes


class PostgresKinship:
    """In PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of_person(
        self, tenant: str, customer: str | None, user: str | None, most: int
    ) -> list[str]:
        """The runs of a person, in lists and in files."""
        found = await self._pool.fetch(OF_PERSON, tenant, customer, user, most)
        return [one["run_id"] for one in found]

    async def below(self, tenant: str, run_ids: Sequence[str], most: int) -> list[str]:
        """Runs that grew from these, or were called by them: one generation."""
        return [one["run_id"] for one in await self._pool.fetch(BELOW, tenant, run_ids, most)]

    async def imported_after(self, tenant: str, run_id: str) -> Imported | None:
        """The next file that was imported into a tenant."""
        one = await self._pool.fetchrow(IMPORTS, tenant, run_id)
        return None if one is None else Imported(one["run_id"], one["content"])

    async def rows(self, tenant: str, run_id: str) -> Rows:
        one = await self._pool.fetchrow(COUNTS, tenant, run_id)
        assert one is not None, "counts are one row"
        return Rows(one["runs"], one["reviews"], one["search"], one["imports"])

    async def drop(self, tenant: str, run_id: str) -> None:
        """Delete all of them; the words that it is found by go with its row."""
        async with self._pool.acquire() as connection, connection.transaction():
            for statement in (DROP_REVIEWS, DROP_ROW, DROP_IMPORT):
                await connection.execute(statement, tenant, run_id)
