"""The read model on a real PostgreSQL: the same rows as in memory."""

import asyncio
import random
from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio

from contracts.run import RunCancelled
from services.console.store import DIMENSIONS, RunQuery
from services.observer.rules import advanced_runs, project
from tests.bodies import task
from tests.console.stories import asked_run, decided_run
from tests.console.test_labels import label, split_and_labelled
from tests.histories import History, whole_run
from tests.readmodels import MemoryRows, PostgresRows

SEED = 7


@pytest_asyncio.fixture
async def store(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=8) as pool:
        await pool.execute("TRUNCATE console_runs CASCADE")
        yield PostgresRows(pool)


def changes_of(facts):
    return [change for fact in facts for change in project(fact)]


STORIES = {
    "whole": whole_run,
    "asked": lambda: asked_run()[0],
    "decided": decided_run,
    "split": split_and_labelled,
}


@pytest.mark.parametrize("story", STORIES)
async def test_rows_come_back_as_they_were_computed(store, story):
    changes = changes_of(STORIES[story]().facts)
    memory = MemoryRows()
    await memory.apply(changes)

    await store.apply(changes)

    assert await store.runs(RunQuery()) == await memory.runs(RunQuery())
    assert await store.reviews(None, None, 10) == await memory.reviews(None, None, 10)


@pytest.mark.parametrize(("about", "state"), [("call", "withdrawn"), ("outcome", "open")])
async def test_of_a_run_that_is_over_people_are_asked_only_what_it_did(store, about, state):
    history, _ = asked_run(about=about)
    history.say(RunCancelled(principal="olga", reason=""), history.root)
    changes = changes_of(history.facts)
    memory = MemoryRows()
    await memory.apply(changes)
    await store.apply(changes)

    for rows in (store, memory):
        found = {one: await rows.reviews(None, one, 10) for one in ("open", "withdrawn")}
        assert [name for name, listed in found.items() if listed] == [state]
        assert found[state][0].state == state


async def test_a_run_waits_for_a_label_until_it_has_one_of_every_split_metric(store):
    history, waiting = split_and_labelled(), RunQuery(waits_for_label=True)
    await store.apply(changes_of(history.facts))
    (row,) = await store.runs(waiting)

    await store.apply(changes_of([label(history, "polite")]))

    assert list(row.waits_for_label) == ["polite"]
    assert await store.runs(waiting) == []


async def test_replicas_that_share_a_run_lose_nothing(store):
    """Each takes some of the facts of several runs, in no order, at the same time, twice."""
    histories = [whole_run() for _ in range(5)]
    for number, history in enumerate(histories):
        history.run_id = f"r-{number}"
    changes = [
        change for history in histories for fact in renamed(history) for change in project(fact)
    ]
    dice = random.Random(SEED)
    shuffled = changes * 2
    dice.shuffle(shuffled)

    batches = [shuffled[start : start + 7] for start in range(0, len(shuffled), 7)]
    await asyncio.gather(*(store.apply(batch) for batch in batches))

    found = {row.run_id: row for row in await store.runs(RunQuery())}
    assert found == {row.run_id: row for row in advanced_runs({}, changes)}


def renamed(history):
    old = "acme/r-1"
    new = f"acme/{history.run_id}"
    return [
        replace(fact, run_id=history.run_id, cause_id=fact.cause_id.replace(old, new))
        for fact in history.facts
    ]


async def test_text_with_a_nul_is_kept_without_it(store):
    history = History()
    history.say(task("a\x00b"))
    asked, _ = asked_run()

    await store.apply(changes_of(history.facts + asked.facts[1:]))

    assert len(await store.runs(RunQuery())) == 1


async def test_lists_are_filtered_and_bounded(store):
    await store.apply(changes_of(whole_run().facts))

    assert await store.runs(RunQuery(status="completed", agent="support", tenant="acme"))
    assert await store.runs(RunQuery(status="waiting")) == []
    assert await store.runs(RunQuery(limit=0)) == []
    assert await store.tenants_of("r-1") == ["acme"]
    assert await store.tenants_of("r-2") == []


async def test_every_dimension_of_cost_is_a_column_of_the_ledgers_view(store):
    assert await store.cost(DIMENSIONS, "nobody", 10) == []


@pytest.mark.parametrize(("metric", "found"), [("truthful", 1), ("polite", 0)])
async def test_a_run_is_found_by_the_metric_that_people_labelled_it_by(store, metric, found):
    history = split_and_labelled()
    await store.apply(changes_of(history.facts))

    assert len(await store.runs(RunQuery(labelled=metric))) == found
