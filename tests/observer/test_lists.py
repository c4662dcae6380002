"""Lists over many runs: what PostgreSQL finds is what looking at every row finds."""

import random
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from contracts.evaluation import RunEvaluated
from contracts.run import ParentBudget, RunFailed
from contracts.task import Fork, ParentCall, TaskSubmitted
from services.console.store import SORTS, Cursor, RunQuery, run_lists
from services.observer.rules import project
from shared.runterms import SEARCHED_CHARACTERS, TERM_LIMIT_BYTES, term
from tests.bodies import NOON, manifest, run_started, settled
from tests.console.stories import asked_run
from tests.histories import History
from tests.readmodels import MemoryRows, PostgresRows

RUNS = 40
QUERIES = {
    "all": RunQuery(),
    "tenant": RunQuery(tenant="acme"),
    "no tenant": RunQuery(tenant="nobody"),
    "status": RunQuery(status="failed"),
    "one of several statuses": RunQuery(statuses=("failed", "running")),
    "agent": RunQuery(agent="sales"),
    "version": RunQuery(agent_version=run_started().agent_version),
    "customer": RunQuery(customer="c-1"),
    "feature": RunQuery(feature="helpdesk"),
    "user": RunQuery(user="anna@example.org"),
    "tool": RunQuery(tool="find_order"),
    "model": RunQuery(model="openai/gpt-5"),
    "provider": RunQuery(provider="openai", status="completed"),
    "parent": RunQuery(parent="r-0"),
    "root": RunQuery(root="r-0"),
    "child": RunQuery(kind="child"),
    "fork": RunQuery(kind="fork"),
    "rule": RunQuery(rule="money_ceiling"),
    "metadata": RunQuery(metadata=(("ticket", "T-3"), ("region", "eu"))),
    "since": RunQuery(since=NOON + timedelta(seconds=400)),
    "until": RunQuery(until=NOON + timedelta(seconds=400)),
    "cost": RunQuery(cost_at_least_micro_usd=100, cost_at_most_micro_usd=400),
    "steps": RunQuery(steps_at_least=1, steps_at_most=1),
    "waits": RunQuery(waits_for_review=True),
    "score": RunQuery(score_below=0.5),
    "word": RunQuery(search="parcel"),
    "word of an answer": RunQuery(search="shipped"),
    "word and tenant": RunQuery(search="parcel", tenant="other", sort="dearest"),
    "word of a failure": RunQuery(search="ceiling"),
    "word of a review": RunQuery(search="amount"),
    "beginning of an id": RunQuery(search="r-1"),
}


def task(number):
    dice = random.Random(number)
    parent = ParentCall(run_id="r-0", call="1-1", attempt=1, depth=1, deadline=NOON)
    return TaskSubmitted(
        agent=dice.choice(("support", "sales")),
        input=dice.choice(("Where is my parcel?", "I want my money back.")),
        customer=dice.choice((None, "c-1", "c-2")),
        feature=dice.choice((None, "helpdesk")),
        user=dice.choice((None, "anna@example.org")),
        metadata=dice.choice(({}, {"ticket": "T-3", "region": "eu"}, {"ticket": "T-4"})),
        parent=parent if number % 7 == 1 else None,
        fork=Fork(run_id="r-2") if number % 7 == 2 else None,
    )


def story(number):
    """One run of many, with a bit of everything somewhere."""
    dice = random.Random(number)
    if number % 9 == 8:
        history = asked_run()[0]
        history.facts = history.facts[1:]
        history.facts.insert(0, History(run_id="r-1").say(task(number)))
        return history
    history = History()
    submitted = history.say(task(number))
    parents = (ParentBudget(run_id="r-0", budget_micro_usd=9),) if number % 7 == 1 else ()
    started = run_started(manifest()).model_copy(update={"parents": parents})
    cause = history.say(started, submitted)
    for step in range(1, dice.randint(1, 4)):
        responded = history.step(cause, calls=[("find_order", "{}")])
        cause = history.use(responded) if dice.random() < 0.5 else responded
        routed = settled(step, 1, dice.randint(1, 500))
        history.say(routed.model_copy(update={"route": "openai/gpt-5"}), f"c-{step}")
    if dice.random() < 0.4:
        history.say(RunFailed(rule="money_ceiling", reason="the ceiling"), history.root)
    elif dice.random() < 0.8:
        history.complete(history.step(cause, text="It was shipped."))
        score = dice.random()
        history.say(RunEvaluated(passed=score > 0.5, score=score, assertions=()), history.root)
    return history


def all_changes():
    """Of many runs one after the other, so that each fact has a place of its own in the log."""
    found, place = [], 0
    for number in range(RUNS):
        tenant = ("acme", "other")[number % 2]
        for fact in story(number).facts:
            place += 1
            cause = fact.cause_id.replace("acme/r-1", f"{tenant}/r-{number}")
            moved = replace(
                fact,
                tenant=tenant,
                run_id=f"r-{number}",
                cause_id=cause,
                sequence=place,
                stored_at=NOON + timedelta(seconds=place),
            )
            found.extend(project(moved))
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=4) as pool:
        await pool.execute("TRUNCATE console_runs CASCADE")
        memory, postgres = MemoryRows(), PostgresRows(pool)
        await memory.apply(all_changes())
        await postgres.apply(all_changes())
        yield memory, postgres


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", QUERIES)
async def test_a_question_is_answered_alike_with_and_without_an_index(both, name):
    memory, postgres = both

    expected = await memory.runs(QUERIES[name])

    assert await postgres.runs(QUERIES[name]) == expected
    assert await postgres.count(QUERIES[name], 1000) == await memory.count(QUERIES[name], 1000)
    assert bool(expected) == (name != "no tenant")


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", ["word", "tool", "word and tenant"])
async def test_what_many_runs_have_is_found_on_another_way_alike(both, name, monkeypatch):
    memory, postgres = both
    monkeypatch.setattr(run_lists, "FEW", 0)
    monkeypatch.setattr("services.console.store.read_model.FEW", 0)

    assert await postgres.runs(QUERIES[name]) == await memory.runs(QUERIES[name])


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_are_the_whole_list_cut(both, sort):
    memory, postgres = both
    whole = await memory.runs(RunQuery(sort=sort, limit=RUNS))

    found, after = [], None
    while page := await postgres.runs(RunQuery(sort=sort, after=after, limit=7)):
        found += page
        after = Cursor.read(Cursor.after(page[-1], sort).text())

    assert found == whole


@pytest.mark.asyncio(loop_scope="session")
async def test_a_search_takes_phrases_and_what_must_not_be_there(both):
    _, postgres = both
    parcels = await postgres.runs(RunQuery(search='"my parcel"'))
    without = await postgres.runs(RunQuery(search="parcel -shipped"))

    assert parcels
    assert {row.run_id for row in without} < {row.run_id for row in parcels}
    assert await postgres.runs(RunQuery(search="it's 'quoted' :* & | <->")) == []


@given(st.text(max_size=300))
def test_no_text_is_a_cursor_by_chance_and_none_crashes_it(text):
    try:
        found = Cursor.read(text)
    except ValueError:
        return
    assert Cursor.read(found.text()) == found


@given(st.text(max_size=2000))
def test_a_term_is_never_too_long_for_its_index(value):
    found = term("meta", value)

    assert len(found.encode()) <= TERM_LIMIT_BYTES
    assert found.startswith("meta")


@pytest.mark.asyncio(loop_scope="session")
async def test_text_is_searched_as_far_as_it_is_kept(both):
    _, postgres = both
    history = History(tenant="long", run_id="r-long")
    text = f"first {'x' * SEARCHED_CHARACTERS} last"
    history.say(TaskSubmitted(agent="support", input=text, metadata={"k": "é" * 1000}))

    await postgres.apply([one for fact in history.facts for one in project(fact)])

    assert await postgres.runs(RunQuery(search="first", tenant="long"))
    assert await postgres.runs(RunQuery(search="last", tenant="long")) == []
    assert await postgres.runs(RunQuery(tenant="long", metadata=(("k", "é" * 1000),)))
