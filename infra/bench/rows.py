"""A great many runs as the observer would have projected them, and the lists that people ask for.

The rows are made in the database, from numbers: each run is another, with rare and common values
side by side. Of every tenth word of a text all runs have one, and a few have one of their own.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg

from services.console.store import Cursor, PostgresReadModel, RunQuery, Sort

FILL_SECONDS = 600.0

RUNS = """
INSERT INTO console_runs (
    tenant, run_id, status, agent, customer, feature, user_name, input, agent_version, root_run,
    metadata, tools, models, submitted_at, submitted_sequence, started_at, started_sequence,
    moved_at, steps, cost_micro_usd, costs, run_end, rule, why, answer, end_sequence, ended_at,
    duration_ms, score, passed, evaluated_sequence, parent_run, is_shadow, last_sequence)
SELECT
    'bench-' || n % 5, 'bench-' || md5(n::text), status, 'agent-' || n % 12, 'c-' || n % 5000,
    'feature-' || n % 8, 'user-' || n % 20000 || '@example.org', text, 'v' || n % 40, NULL,
    jsonb_build_object('ticket', 'T-' || n),
    CASE WHEN n % 2000 = 0 THEN ARRAY['wire_money'] ELSE ARRAY['find_order', 'search_policy'] END,
    ARRAY['openai/gpt-' || n % 3], at, n * 60, at + interval '1 second', n * 60 + 2,
    at + interval '9 seconds', 1 + n % 12, n * 7919 % 500000,
    jsonb_build_object('1-1', jsonb_build_array(n * 60 + 9, n * 7919 % 500000)),
    CASE WHEN ended THEN status END, rule,
    CASE WHEN rule IS NULL THEN '' ELSE rule || ': there is no more' END,
    CASE WHEN status = 'completed' THEN 'The parcel was shipped on Monday.' END,
    CASE WHEN ended THEN n * 60 + 50 ELSE 0 END, CASE WHEN ended THEN at + lasted END,
    CASE WHEN ended THEN (extract(epoch FROM lasted) * 1000)::bigint END,
    CASE WHEN ended THEN (n % 100) / 100.0 END, CASE WHEN ended THEN n % 100 > 50 END,
    n * 60 + 55, CASE WHEN n % 10 = 0 THEN 'bench-' || md5((n - 1)::text) END, n % 50 = 0,
    n * 60 + 55
FROM (
    SELECT n, status, status IN ('completed', 'failed', 'cancelled') AS ended,
        CASE WHEN status = 'failed' THEN (ARRAY['money_ceiling', 'model_failed'])[1 + n % 2] END
            AS rule,
        $2::timestamptz + n * interval '20 seconds' AS at,
        (n * 31 % 600) * interval '1 second' AS lasted,
        'Where is my parcel? It is order ' || n || ' of customer ' || n % 5000
            || CASE WHEN n % 5000 = 7 THEN ', and it was a birthday present' ELSE '' END AS text
    FROM (
        SELECT n, CASE
            WHEN n % 500 = 0 THEN 'waiting' WHEN n % 200 = 1 THEN 'running'
            WHEN n % 20 = 3 THEN 'failed' WHEN n % 50 = 7 THEN 'cancelled' ELSE 'completed'
            END AS status
        FROM generate_series(1, $1::bigint) AS n
    ) AS numbered
) AS made
"""
SEARCH = """
INSERT INTO console_run_search (tenant, run_id, terms, words)
SELECT tenant, run_id,
    ARRAY['version:' || agent_version, 'user:' || user_name, 'feature:' || feature,
        'meta:ticket=' || (metadata->>'ticket'), 'root:' || run_id, 'model:' || models[1],
        'provider:openai']
        || CASE WHEN parent_run IS NULL THEN '{}'
            ELSE ARRAY['parent:' || parent_run, 'kind:child'] END
        || CASE WHEN is_shadow THEN ARRAY['kind:shadow'] ELSE '{}' END
        || CASE WHEN rule IS NULL THEN '{}' ELSE ARRAY['rule:' || rule] END
        || CASE WHEN status = 'waiting' THEN ARRAY['review:waits'] ELSE '{}' END
        || ARRAY(SELECT 'tool:' || tool FROM unnest(tools) AS tool),
    array_to_tsvector(ARRAY['#' || run_id])
        || to_tsvector('simple', concat_ws(' ', input, answer, why))
FROM console_runs WHERE tenant LIKE 'bench-%'
"""


async def fill(pool: asyncpg.Pool, runs: int) -> None:
    """Put so many runs into the read models, and let PostgreSQL look at them."""
    begun = datetime.now(UTC) - timedelta(seconds=20 * runs)
    await pool.execute(RUNS, runs, begun, timeout=FILL_SECONDS)
    await pool.execute(SEARCH, timeout=FILL_SECONDS)
    # As autovacuum does it before long.
    for table in ("console_runs", "console_run_search"):
        await pool.execute(f"VACUUM ANALYZE {table}", timeout=FILL_SECONDS)


def queries(pool: asyncpg.Pool) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every kind of list, by a name for each."""
    model = PostgresReadModel(pool)
    since = datetime.now(UTC) - timedelta(days=2)
    asked = {
        "newest": RunQuery(),
        "oldest": RunQuery(sort="oldest"),
        "dearest": RunQuery(sort="dearest"),
        "longest": RunQuery(sort="longest"),
        "tenant": RunQuery(tenant="bench-3"),
        "status_rare": RunQuery(status="waiting"),
        "status_common": RunQuery(status="completed", agent="agent-3"),
        "customer": RunQuery(customer="c-4711"),
        "user": RunQuery(user="user-4711@example.org"),
        "metadata": RunQuery(metadata=(("ticket", "T-4711"),)),
        "tool_rare": RunQuery(tool="wire_money"),
        "tool_common": RunQuery(tool="find_order"),
        "model": RunQuery(model="openai/gpt-1", provider="openai"),
        "version": RunQuery(agent="agent-3", agent_version="v3"),
        "kind": RunQuery(kind="shadow"),
        "rule": RunQuery(rule="money_ceiling"),
        "waits_for_review": RunQuery(waits_for_review=True),
        "since": RunQuery(since=since, status="failed"),
        "dear_since": RunQuery(since=since, sort="dearest", cost_at_least_micro_usd=400_000),
        "score_below": RunQuery(score_below=0.02),
        "steps": RunQuery(steps_at_least=12, agent="agent-11"),
        "nothing": RunQuery(customer="nobody", tool="find_order"),
        "word_rare": RunQuery(search="birthday present"),
        "word_common": RunQuery(search="parcel"),
        "word_in_none": RunQuery(search="elephant"),
        "words_of_an_agent": RunQuery(search="parcel shipped", agent="agent-3", status="failed"),
        "id_prefix": RunQuery(search="bench-4b"),
    }
    found: dict[str, Callable[[], Awaitable[object]]] = {
        name: partial(model.runs, query) for name, query in asked.items()
    }
    found["page_deep"] = partial(_deep, model, "dearest")
    found["counts"] = partial(model.count, RunQuery(), 100_000)
    found["counts_of_a_tool"] = partial(model.count, RunQuery(tool="find_order"), 10_000)
    return found


async def _deep(model: PostgresReadModel, sort: Sort) -> object:
    """A page in the middle, by its cursor."""
    return await model.runs(RunQuery(sort=sort, after=Cursor(sort, 250_000, 0)))
