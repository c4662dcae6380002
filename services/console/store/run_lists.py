"""Lists of runs in SQL: a statement is put together from the conditions that are asked for.

Terms and words lie in a table of their own. How rare they are decides the way, and PostgreSQL can
only guess it; so the runs that have them are looked for first, up to a limit. If these are few,
they are the list. If not, the newest runs are walked, and a page is full before long.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.console.store.run_query import RunQuery, Sort
from shared.readmodel import RunKey
from shared.runterms import ID_MARK

# A plan for values that are not known would ignore how rare they are; to compile it, or to start
# workers for it, takes longer than a page.
CAREFULLY = """
SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0
"""
# Every row of terms and words is wide, and to go through them all is never the way.
BY_INDEX = "SET LOCAL enable_seqscan = off"
# PostgreSQL breaks off what takes longer, for it does not see who went away.
TIMEOUT = "SELECT set_config('statement_timeout', $1, true)"
FEW = 1_000  # runs; to look each of them up takes as long as to walk until a page is full

FIND = "SELECT tenant, run_id FROM console_run_search AS search"
COUNT = "SELECT status, count(*) AS runs"

# How rows are sorted, which follow a cursor, and what of the cursor that is said by.
_ORDERS: Mapping[Sort, tuple[str, str, tuple[str, ...]]] = {
    "newest": ("submitted_sequence DESC", "runs.submitted_sequence < {}", ("sequence",)),
    "oldest": ("submitted_sequence", "runs.submitted_sequence > {}", ("sequence",)),
    "dearest": (
        "cost_micro_usd DESC, submitted_sequence DESC",
        "(runs.cost_micro_usd, runs.submitted_sequence) < ({}, {})",
        ("value", "sequence"),
    ),
    "longest": (
        "duration_ms DESC, submitted_sequence DESC",
        "(runs.duration_ms, runs.submitted_sequence) < ({}, {})",
        ("value", "sequence"),
    ),
}
# One word of an id; what else people search for is no prefix of one.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(slots=True)
class Statement:
    """Conditions, and the values that they name by number."""

    conditions: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)
    searches: bool = False

    def where(self, condition: str, *values: object) -> None:
        """Add a condition; each `{}` in it becomes the number of a value."""
        first = len(self.values) + 1
        self.values.extend(values)
        numbers = (f"${number}" for number in range(first, first + len(values)))
        self.conditions.append(condition.format(*numbers))

    @property
    def source(self) -> str:
        """The tables that it is about, and the conditions."""
        joined = " JOIN console_run_search AS search USING (tenant, run_id)"
        tables = f"console_runs AS runs{joined if self.searches else ''}"
        return f"FROM {tables} WHERE {self.joined}"

    @property
    def joined(self) -> str:
        """All conditions as one."""
        return " AND ".join(self.conditions)

    def limited(self, most: int) -> str:
        """The clause of a limit, as the last value."""
        self.values.append(most)
        return f"LIMIT ${len(self.values)}"


Few = Sequence[RunKey] | None


def searches(query: RunQuery) -> bool:
    """Whether terms or words are asked for."""
    return bool(query.terms) or query.search is not None


def find_few(query: RunQuery) -> tuple[str, list[object]]:
    """The runs that have the terms and words: one more than few, where there are more."""
    statement = Statement()
    if query.tenant is not None:
        statement.where("search.tenant = {}", query.tenant)
    _search(statement, query)
    return f"{FIND} WHERE {statement.joined} {statement.limited(FEW + 1)}", statement.values


def list_runs(query: RunQuery, few: Few = None) -> tuple[str, list[object]]:
    """One page; of `few` alone, where they are known."""
    statement = _conditions(query, few)
    order, follows, names = _ORDERS[query.sort]
    if query.sort == "longest":
        statement.where("runs.duration_ms IS NOT NULL")
    if query.after is not None:
        statement.where(follows, *(getattr(query.after, name) for name in names))
    text = f"SELECT runs.* {statement.source} ORDER BY {order} {statement.limited(query.limit)}"
    return text, statement.values


def count_runs(query: RunQuery, most: int, few: Few = None) -> tuple[str, list[object]]:
    """How many there are of each status, of at most so many runs."""
    statement = _conditions(query, few)
    found = f"SELECT runs.status {statement.source} {statement.limited(most)}"
    text = f"{COUNT} FROM ({found}) AS found GROUP BY status ORDER BY runs DESC, status"
    return text, statement.values


def _conditions(query: RunQuery, few: Few) -> Statement:
    statement = Statement()
    # A row of whose run only later facts were heard is in no list.
    statement.where("runs.submitted_sequence > 0")
    for condition, value in _columns(query):
        if value is not None:
            statement.where(condition, value)
    if few is not None:
        keys = [tenant for tenant, _ in few], [run_id for _, run_id in few]
        statement.where("(tenant, run_id) IN (SELECT * FROM unnest({}::text[], {}::text[]))", *keys)
    elif searches(query):
        statement.searches = True
        _search(statement, query)
    return statement


def _columns(query: RunQuery) -> Iterator[tuple[str, object]]:
    yield "runs.tenant = {}", query.tenant
    yield "runs.status = {}", query.status
    yield "runs.status = ANY({}::text[])", query.statuses
    yield "runs.agent = {}", query.agent
    yield "runs.customer = {}", query.customer
    yield "runs.submitted_at >= {}", query.since
    yield "runs.submitted_at < {}", query.until
    yield "runs.cost_micro_usd >= {}", query.cost_at_least_micro_usd
    yield "runs.cost_micro_usd <= {}", query.cost_at_most_micro_usd
    yield "runs.steps >= {}", query.steps_at_least
    yield "runs.steps <= {}", query.steps_at_most
    yield "runs.score < {}", query.score_below


def _search(statement: Statement, query: RunQuery) -> None:
    if query.terms:
        statement.where("search.terms @> {}::text[]", list(query.terms))
    if query.search is None:
        return
    words = "websearch_to_tsquery('simple', {})"
    if _ID.fullmatch(query.search):
        # A single word, or the beginning of an id.
        prefix = f"'{ID_MARK}{query.search}':*"
        statement.where(f"search.words @@ ({words} || {{}}::text::tsquery)", query.search, prefix)
    else:
        statement.where(f"search.words @@ {words}", query.search)
