"""Which column holds which part of a row, and the statements that follow from it."""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from shared.readmodel import ReviewRow, RunRow
from shared.runterms import ID_MARK, terms_of, text_of

RUN_COLUMNS: Mapping[str, Callable[[RunRow], object]] = {
    "tenant": lambda row: row.tenant,
    "run_id": lambda row: row.run_id,
    "status": lambda row: row.status,
    "agent": lambda row: row.agent,
    "customer": lambda row: row.customer,
    "feature": lambda row: row.feature,
    "user_name": lambda row: row.user,
    "input": lambda row: row.input,
    "parent_run": lambda row: row.parent,
    "fork_of": lambda row: row.fork_of,
    "continues": lambda row: row.continues,
    "metadata": lambda row: json.dumps(dict(row.metadata)),
    "submitted_at": lambda row: row.submitted_at,
    "submitted_sequence": lambda row: row.submitted_sequence,
    "started_at": lambda row: row.started_at,
    "started_sequence": lambda row: row.started_sequence,
    "agent_version": lambda row: row.agent_version,
    "root_run": lambda row: row.root,
    "is_shadow": lambda row: row.is_shadow,
    "is_queued": lambda row: row.is_queued,
    "paused_number": lambda row: row.paused_number,
    "resumed_number": lambda row: row.resumed_number,
    "steps": lambda row: row.steps,
    "cost_micro_usd": lambda row: row.cost_micro_usd,
    "costs": lambda row: json.dumps(dict(row.costs)),
    "reviews_asked": lambda row: sorted(row.asked),
    "reviews_decided": lambda row: sorted(row.decided),
    "reasons": lambda row: sorted(row.reasons),
    "tools": lambda row: sorted(row.tools),
    "models": lambda row: sorted(row.models),
    "run_end": lambda row: row.end,
    "end_sequence": lambda row: row.end_sequence,
    "ended_at": lambda row: row.ended_at,
    "duration_ms": lambda row: row.duration_ms,
    "rule": lambda row: row.rule,
    "why": lambda row: row.why,
    "answer": lambda row: row.answer,
    "score": lambda row: row.score,
    "passed": lambda row: row.passed,
    "evaluated_sequence": lambda row: row.evaluated_sequence,
    "split_juries": lambda row: json.dumps(dict(row.split_juries)),
    "labelled": lambda row: sorted(row.labelled),
    "archived_at": lambda row: row.archived_at,
    "last_sequence": lambda row: row.last_sequence,
    "moved_at": lambda row: row.moved_at,
}
_KEY = 2  # the first two columns name the row

_SET = ", ".join(f"{name} = ${n}" for n, name in enumerate(RUN_COLUMNS, 1) if n > _KEY)

WRITE_RUN = f"UPDATE console_runs SET {_SET} WHERE tenant = $1 AND run_id = $2"  # noqa: S608 - ours
WRITE_SEARCH = """
INSERT INTO console_run_search (tenant, run_id, terms, words)
VALUES ($1, $2, $3, array_to_tsvector($4) || to_tsvector('simple', $5))
ON CONFLICT (tenant, run_id) DO UPDATE SET terms = EXCLUDED.terms, words = EXCLUDED.words
"""
WRITE_REVIEW = """
INSERT INTO console_reviews VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant, run_id, review_id) DO UPDATE SET state = $4, asked = $5, asked_at = $6,
    decided = $7, decided_at = $8, decided_sequence = $9
"""


def run_values(row: RunRow) -> tuple[object, ...]:
    """In the order of WRITE_RUN."""
    return tuple(of(row) for of in RUN_COLUMNS.values())


SearchValues: TypeAlias = tuple[str, str, list[str], list[str], str]


def search_values(row: RunRow) -> SearchValues:
    """In the order of WRITE_SEARCH. The id is found by its beginning: it is one word, marked."""
    words = [f"{ID_MARK}{row.run_id}"]
    return (row.tenant, row.run_id, sorted(terms_of(row)), words, text_of(row))


def review_values(row: ReviewRow) -> tuple[object, ...]:
    """In the order of WRITE_REVIEW."""
    return (
        *(row.tenant, row.run_id, row.review_id, row.state),
        *(None if row.asked is None else row.asked.model_dump_json(), row.asked_at),
        *(None if row.decided is None else row.decided.model_dump_json(), row.decided_at),
        row.decided_sequence,
    )
