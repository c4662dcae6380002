"""Gauges of the whole platform: what is told, what is no longer told, and what is not known."""

from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from services.observer.adapters.engine import Filled, Queue
from services.observer.gauges import gauged, look_at_engine, look_at_orders, look_at_rows
from services.observer.rules import project
from services.observer.store import PostgresProjection
from services.observer.store.states import PostgresStates, States
from shared.lag import Lag
from tests.console.stories import asked_run
from tests.histories import History, whole_run
from tests.integration.eventually import eventually

NOTHING = States({}, {}, {}, {}, {})


class Rows:
    def __init__(self, states=NOTHING):
        self.now = states

    async def states(self, stuck_seconds):
        if self.now is None:
            raise ConnectionError("away")
        return self.now


class Engine:
    async def queues(self):
        return [Queue("observer", 7, 2, 1, 4.5)]

    async def streams(self):
        return [Filled("RUNS", 10, 100), Filled("DEAD", 5, 0)]

    async def open_letters(self):
        return 3


class Ordered:
    async def in_force(self):
        return {"platform": 0, "tenant": 2, "agent": 0}


class Late:
    async def read(self):
        return Lag(3, 1.5)


def told(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


async def test_levels_of_rows_are_told_and_old_ones_are_gone():
    rows = Rows(States({("support", "running"): 2}, {"support": 9.0}, {"support": 1}, {}, {}))
    await look_at_rows(rows, 300)
    assert told("interlock_runs_active", agent="support", state="running") == 2
    assert told("interlock_runs_stuck", agent="support") == 1

    rows.now = NOTHING
    await look_at_rows(rows, 300)

    assert told("interlock_runs_active", agent="support", state="running") is None


async def test_queues_and_streams_are_told_and_no_limit_where_there_is_none():
    await look_at_engine(Engine())

    assert told("interlock_consumer_pending", consumer="observer") == 7
    assert told("interlock_consumer_ack_pending", consumer="observer") == 2
    assert told("interlock_consumer_oldest_seconds", consumer="observer") == 4.5
    assert told("interlock_dead_letters_open") == 3
    assert told("interlock_stream_bytes", stream="DEAD") == 5
    assert told("interlock_stream_limit_bytes", stream="RUNS") == 100
    assert told("interlock_stream_limit_bytes", stream="DEAD") is None


async def test_stops_are_told_by_scope_and_none_where_there_is_none():
    await look_at_orders(Ordered())

    assert told("interlock_stops_active", scope="tenant") == 2
    assert told("interlock_stops_active", scope="platform") == 0


async def test_what_cannot_be_looked_at_is_not_told_and_comes_back():
    rows = Rows(States({("support", "paused"): 4}, {}, {}, {}, {}))
    looked = {"agent": "support", "state": "paused"}

    async with gauged(rows, Engine(), Late(), Ordered(), look_seconds=0.01, stuck_seconds=300):
        await eventually(lambda: told("interlock_runs_active", **looked) == 4)
        states, rows.now = rows.now, None
        await eventually(lambda: told("interlock_runs_active", **looked) is None)
        assert told("interlock_projection_lag_seconds") == 1.5
        rows.now = states
        await eventually(lambda: told("interlock_runs_active", **looked) == 4)


@pytest_asyncio.fixture
async def pool(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=2) as pool:
        await pool.execute("TRUNCATE console_runs, console_reviews CASCADE")
        yield pool


@pytest.fixture
async def rows(pool):
    """One run that has ended, one under way, one that waits for a person."""
    under_way = History(run_id="r-2")
    under_way.begin()
    waiting, _ = asked_run()
    waiting.run_id = "r-3"
    facts = [*whole_run().facts, *under_way.facts, *waiting.facts]
    named = [*["r-1"] * len(whole_run().facts), *["r-2"] * 3, *["r-3"] * len(waiting.facts)]
    changes = [
        one for fact, run_id in zip(facts, named, strict=True) for one in project(_in(fact, run_id))
    ]
    await PostgresProjection(pool).apply(changes)


def _in(fact, run_id):
    cause = fact.cause_id.replace("r-1", run_id)
    return replace(fact, run_id=run_id, cause_id=cause)


async def test_rows_tell_what_is_under_way_what_is_stuck_and_what_waits(pool, rows):
    await pool.execute("UPDATE console_runs SET moved_at = now() - interval '10 minutes'")

    states = await PostgresStates(pool).states(300)

    assert states.active == {("support", "running"): 1, ("support", "waiting"): 1}
    assert states.stuck == {"support": 1}
    assert 590 < states.idle_seconds["support"] < 700
    assert states.reviews == {"support": 1}


async def test_a_run_that_has_just_moved_is_not_stuck(pool, rows):
    await pool.execute("UPDATE console_runs SET moved_at = now()")

    states = await PostgresStates(pool).states(300)

    assert states.stuck == {"support": 0}


async def test_a_question_about_an_outcome_waits_also_when_its_run_is_over(pool, rows):
    """And one about a call does not."""
    await pool.execute("UPDATE console_runs SET run_end = 'cancelled' WHERE run_id = 'r-3'")
    assert (await PostgresStates(pool).states(300)).reviews == {}

    await pool.execute(
        "UPDATE console_reviews SET asked = "
        'replace(asked::text, \'"about":"call"\', \'"about":"outcome"\')::json'
    )

    assert (await PostgresStates(pool).states(300)).reviews == {"support": 1}
