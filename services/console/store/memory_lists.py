"""Lists over rows in memory, for tests: the same questions, without an index."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from services.console.store.run_query import Cursor, RunQuery
from shared.readmodel import RunRow
from shared.runterms import terms_of, text_of

_BEFORE, _AFTER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def page(rows: Iterable[RunRow], query: RunQuery) -> list[RunRow]:
    """One page, in the order that is asked for."""
    backwards = query.sort != "oldest"
    known = (row for row in rows if shows(query, row) and _is_sorted(query, row))
    ordered = sorted(known, key=lambda row: _place(query, row), reverse=backwards)
    if query.after is not None:
        last = (query.after.value, query.after.sequence)
        ordered = [row for row in ordered if _follows(_place(query, row), last, backwards)]
    return ordered[: query.limit]


def shows(query: RunQuery, row: RunRow) -> bool:
    """Whether a run is one of those that are asked for."""
    return bool(row.submitted_sequence) and all(_holds(query, row))


def _holds(query: RunQuery, row: RunRow) -> Iterator[bool]:
    for name in ("tenant", "status", "agent", "customer"):
        yield getattr(query, name) in (None, getattr(row, name))
    yield query.statuses is None or row.status in query.statuses
    yield set(query.terms) <= terms_of(row)
    at = row.submitted_at or _BEFORE
    yield (query.since or _BEFORE) <= at < (query.until or _AFTER)
    yield (
        query.cost_at_least_micro_usd is None or row.cost_micro_usd >= query.cost_at_least_micro_usd
    )
    yield query.cost_at_most_micro_usd is None or row.cost_micro_usd <= query.cost_at_most_micro_usd
    yield query.steps_at_least is None or row.steps >= query.steps_at_least
    yield query.steps_at_most is None or row.steps <= query.steps_at_most
    yield query.score_below is None or (row.score is not None and row.score < query.score_below)
    yield query.search is None or _is_found(query.search, row)


def _is_found(search: str, row: RunRow) -> bool:
    text = text_of(row).lower()
    return row.run_id.startswith(search) or all(word in text for word in search.lower().split())


def _is_sorted(query: RunQuery, row: RunRow) -> bool:
    return query.sort != "longest" or row.duration_ms is not None


def _place(query: RunQuery, row: RunRow) -> tuple[int, int]:
    cursor = Cursor.after(row, query.sort)
    return (cursor.value, cursor.sequence)


def _follows(place: tuple[int, int], last: tuple[int, int], backwards: bool) -> bool:
    return place < last if backwards else place > last
