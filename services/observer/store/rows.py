"""The rows of runs and reviews: batches of changes, and whole runs built again.

A batch is one transaction: rows are made where absent, locked in one order (so that replicas never
wait for each other in a circle), advanced by the rules, and written back.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import asyncpg

from services.observer.rules import Change, advanced_reviews, advanced_runs
from shared.readmodel import (
    ReviewKey,
    ReviewRow,
    RunKey,
    RunRow,
    review_row,
    row_key,
    run_row,
)

from .columns import (
    WRITE_REVIEW,
    WRITE_RUN,
    WRITE_SEARCH,
    SearchValues,
    review_values,
    run_values,
    search_values,
)

MAKE_RUNS = """
INSERT INTO console_runs (tenant, run_id) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT DO NOTHING
"""
LOCK_RUNS = """
SELECT * FROM console_runs
WHERE (tenant, run_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
ORDER BY tenant, run_id FOR UPDATE
"""
READ_REVIEWS = """
SELECT * FROM console_reviews
WHERE (tenant, run_id, review_id) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
"""
REVIEWS_OF_RUNS = """
SELECT * FROM console_reviews
WHERE (tenant, run_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
DROP_RUNS = """
DELETE FROM console_runs WHERE (tenant, run_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
MARK_RUNS = """
UPDATE console_runs SET rebuild = $3
WHERE (tenant, run_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
UNMARKED = """
SELECT tenant, run_id FROM console_runs
WHERE (tenant, run_id) > ($1, $2) AND rebuild <> $3 ORDER BY tenant, run_id LIMIT $4
"""
DROP_REVIEW = "DELETE FROM console_reviews WHERE tenant = $1 AND run_id = $2 AND review_id = $3"
GO = """
DELETE FROM console_runs WHERE (tenant, run_id) IN (
    SELECT tenant, run_id FROM console_runs
    WHERE archived_at IS NOT NULL AND ended_at < now() - make_interval(days => $1)
    ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[Any]"
# What there is to tell of runs, asked once their rows are locked. Of a run that nothing tells of
# it is empty, and its row goes; None leaves a row as it is.
Told = Mapping[RunKey, Sequence[Change] | None]
Tell = Callable[[Mapping[RunKey, RunRow]], Awaitable[Told]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What building rows again changed."""

    rebuilt: int = 0
    differed: int = 0
    removed: int = 0

    def __add__(self, other: "Rebuilt") -> "Rebuilt":
        return Rebuilt(
            self.rebuilt + other.rebuilt,
            self.differed + other.differed,
            self.removed + other.removed,
        )


class Projection(Protocol):
    """Where the rows are kept."""

    async def apply(self, changes: Sequence[Change]) -> None:
        """Take changes, all of them or none."""
        ...

    async def rebuild(self, number: int, keys: Iterable[RunKey], tell: Tell) -> Rebuilt:
        """Put in place of the rows of these runs what `tell` says of them, all of it or nothing.

        Whoever projects a fact of them meanwhile waits, and adds it afterwards: so what was told
        once the rows were locked, and what comes later, are together everything.
        """
        ...

    async def not_rebuilt(self, number: int, after: RunKey, most: int) -> list[RunKey]:
        """Runs in lists that this rebuild has not looked at, by their keys after one."""
        ...

    async def let_go(self, days: int, most: int) -> int:
        """Delete rows of archived runs that ended so many days ago; how many, of at most `most`."""
        ...


class PostgresProjection:
    """The read models in PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def apply(self, changes: Sequence[Change]) -> None:
        keys = sorted({change.run for change in changes})
        async with self._pool.acquire() as connection, connection.transaction():
            known = await _lock(connection, keys)
            runs = advanced_runs(known, changes)
            await connection.executemany(WRITE_RUN, [run_values(row) for row in runs])
            found = [_search_change(known[row.tenant, row.run_id], row) for row in runs]
            await _write_search(connection, [one for one in found if one is not None])
            await _apply_reviews(connection, changes)

    async def rebuild(self, number: int, keys: Iterable[RunKey], tell: Tell) -> Rebuilt:
        async with self._pool.acquire() as connection, connection.transaction():
            known = await _lock(connection, sorted(set(keys)))
            await connection.execute(MARK_RUNS, *_columns(known), number)
            told = await tell(known)
            # Also rows that locking has just made, of which there is nothing to keep.
            gone = [key for key, row in known.items() if _goes(told[key], row)]
            await connection.execute(DROP_RUNS, *_columns(gone))
            differed = await _replace(connection, known, told)
            removed = sum(known[key].last_sequence > 0 for key in gone)
            return Rebuilt(sum(map(bool, told.values())), differed, removed)

    async def not_rebuilt(self, number: int, after: RunKey, most: int) -> list[RunKey]:
        found = await self._pool.fetch(UNMARKED, *after, number, most)
        return [(one["tenant"], one["run_id"]) for one in found]

    async def let_go(self, days: int, most: int) -> int:
        return int((await self._pool.execute(GO, days, most)).split()[-1])


class MemoryProjection:
    """The read models in memory, for tests: the same rules, no database."""

    def __init__(self) -> None:
        self.run_rows: dict[RunKey, RunRow] = {}
        self.review_rows: dict[ReviewKey, ReviewRow] = {}
        self.rebuilt_by: dict[RunKey, int] = {}
        self.batches: list[int] = []

    async def apply(self, changes: Sequence[Change]) -> None:
        self.batches.append(len(changes))
        for row in advanced_runs(self.run_rows, changes):
            self.run_rows[row.tenant, row.run_id] = row
        for review in advanced_reviews(self.review_rows, changes):
            self.review_rows[row_key(review)] = review

    async def rebuild(self, number: int, keys: Iterable[RunKey], tell: Tell) -> Rebuilt:
        known = {key: self.run_rows.get(key) or RunRow(*key) for key in keys}
        for key in known:
            self.run_rows.pop(key, None)
        self.rebuilt_by.update(dict.fromkeys(known, number))
        told = await tell(known)
        self.run_rows.update({key: row for key, row in known.items() if told[key] is None})
        changes = [change for found in told.values() for change in found or ()]
        runs = advanced_runs({}, changes)
        self.run_rows.update({(row.tenant, row.run_id): row for row in runs})
        self.review_rows.update({row_key(row): row for row in advanced_reviews({}, changes)})
        return Rebuilt(len(runs), sum(row != known[row.tenant, row.run_id] for row in runs))

    async def not_rebuilt(self, number: int, after: RunKey, most: int) -> list[RunKey]:
        left = (key for key in self.run_rows if self.rebuilt_by.get(key) != number)
        return sorted(key for key in left if key > after)[:most]

    async def let_go(self, days: int, most: int) -> int:
        del days, most
        return 0


async def _lock(connection: Connection, keys: Sequence[RunKey]) -> dict[RunKey, RunRow]:
    await connection.execute(MAKE_RUNS, *_columns(keys))
    locked = await connection.fetch(LOCK_RUNS, *_columns(keys))
    return {(one["tenant"], one["run_id"]): run_row(one) for one in locked}


def _search_change(before: RunRow, row: RunRow) -> SearchValues | None:
    """What is to be written of a row's terms and text, if anything; most facts change neither."""
    wanted = search_values(row)
    is_new = not before.last_sequence
    return wanted if is_new or wanted != search_values(before) else None


async def _write_search(connection: Connection, values: Sequence[SearchValues]) -> None:
    if values:
        await connection.executemany(WRITE_SEARCH, values)


async def _apply_reviews(connection: Connection, changes: Sequence[Change]) -> None:
    """Reviews are below their run, whose row is locked."""
    keys = sorted({key for change in changes if (key := change.review) is not None})
    if not keys:
        return
    found = await connection.fetch(READ_REVIEWS, *([k[i] for k in keys] for i in range(3)))
    known = {row_key(row): row for row in map(review_row, found)}
    rows = advanced_reviews(known, changes)
    await connection.executemany(WRITE_REVIEW, [review_values(row) for row in rows])


async def _replace(connection: Connection, known: Mapping[RunKey, RunRow], told: Told) -> int:
    """Write rows of what was told alone; how many were not as they are now."""
    changes = [change for found in told.values() for change in found or ()]
    runs = advanced_runs({}, changes)
    await connection.executemany(WRITE_RUN, [run_values(row) for row in runs])
    await connection.executemany(WRITE_SEARCH, [search_values(row) for row in runs])
    others = {(row.tenant, row.run_id) for row in runs if row != known[row.tenant, row.run_id]}
    rebuilt = [key for key, found in told.items() if found]
    return len(others | await _replace_reviews(connection, rebuilt, changes))


async def _replace_reviews(
    connection: Connection, keys: Sequence[RunKey], changes: Sequence[Change]
) -> set[RunKey]:
    """The runs whose reviews were not as they are now."""
    found = await connection.fetch(REVIEWS_OF_RUNS, *_columns(keys))
    known = {row_key(row): row for row in map(review_row, found)}
    rows = {row_key(row): row for row in advanced_reviews({}, changes)}
    await connection.executemany(DROP_REVIEW, [key for key in known if key not in rows])
    await connection.executemany(WRITE_REVIEW, [review_values(row) for row in rows.values()])
    return {key[:2] for key in {*known, *rows} if known.get(key) != rows.get(key)}


def _goes(told: Sequence[Change] | None, row: RunRow) -> bool:
    return not told if told is not None else not row.last_sequence


def _columns(keys: Iterable[RunKey]) -> tuple[list[str], list[str]]:
    """Keys as two arrays, for unnest."""
    pairs = list(keys)
    return [tenant for tenant, _ in pairs], [run_id for _, run_id in pairs]
