"""Rows built again are the rows that were: on recorded histories, in memory and in PostgreSQL."""

import asyncio
import random
from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio

from contracts.envelope import Stored
from contracts.run import RunArchived
from services.console.store import RunQuery
from services.observer.adapters.history import KeptHistory, MemoryHistory
from services.observer.rebuild import HEARD, Rebuilder
from services.observer.rules import project
from services.observer.settings import Settings
from services.observer.store import MemoryRebuilds, PostgresRebuilds, Rebuilt
from services.observer.upkeep import Upkeep
from tests.bodies import DIGEST, NOON
from tests.console.stories import asked_run, decided_run
from tests.histories import whole_run
from tests.readmodels import MemoryRows, PostgresRows

STORIES = {"r-whole": whole_run, "r-asked": lambda: asked_run()[0], "r-decided": decided_run}


def stories():
    """The facts of several runs, one after the other in one log."""
    facts = []
    for run_id, story in STORIES.items():
        for fact in story().facts:
            cause = fact.cause_id.replace("r-1", run_id)
            facts.append(replace(fact, run_id=run_id, cause_id=cause, sequence=len(facts) + 1))
    return facts


def heard(facts):
    return [change for fact in facts if fact.type in HEARD for change in project(fact)]


@pytest_asyncio.fixture
async def postgres_rows(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=8) as pool:
        await pool.execute("TRUNCATE console_runs CASCADE")
        await pool.execute("TRUNCATE observer_rebuilds")
        rows = PostgresRows(pool)
        rows.pool = pool
        yield rows


@pytest.fixture(params=["memory", "postgres"])
def rows(request):
    return MemoryRows() if request.param == "memory" else request.getfixturevalue("postgres_rows")


async def rebuilt(rows, facts, number=1):
    orders = MemoryRebuilds()
    return (await Rebuilder(rows, orders, MemoryHistory(facts), 2).rebuild(number)).done


async def lists(rows):
    return await rows.runs(RunQuery()), await rows.reviews(None, None, 10)


async def test_right_rows_are_found_to_be_right(rows):
    facts = stories()
    await rows.apply(heard(facts))
    before = await lists(rows)

    done = await rebuilt(rows, facts)

    assert done == Rebuilt(rebuilt=3, differed=0, removed=0)
    assert await lists(rows) == before


async def test_rows_are_built_from_nothing(rows):
    memory = MemoryRows()
    await memory.apply(heard(stories()))

    done = await rebuilt(rows, stories())

    assert done == Rebuilt(rebuilt=3, differed=3, removed=0)
    assert await rows.runs(RunQuery()) == await memory.runs(RunQuery())


async def test_a_row_that_is_wrong_is_counted_and_put_right(postgres_rows):
    await postgres_rows.apply(heard(stories()))
    before = await lists(postgres_rows)
    await postgres_rows.pool.execute("UPDATE console_runs SET steps = 99 WHERE run_id = 'r-whole'")
    await postgres_rows.pool.execute("DELETE FROM console_reviews WHERE run_id = 'r-asked'")

    done = await rebuilt(postgres_rows, stories())

    assert done.differed == 2
    assert await lists(postgres_rows) == before


async def test_a_row_of_which_nothing_tells_goes(postgres_rows):
    await postgres_rows.apply(heard(stories()))

    done = await rebuilt(postgres_rows, [one for one in stories() if one.run_id != "r-asked"])

    assert done == Rebuilt(rebuilt=2, differed=0, removed=1)
    assert [row.run_id for row in await postgres_rows.runs(RunQuery())] == ["r-decided", "r-whole"]
    assert await postgres_rows.reviews(None, "open", 10) == []


async def test_facts_that_come_meanwhile_are_in_the_rows(postgres_rows):
    """Live projection and two rebuilds at once, in every order that the dice give."""
    facts, dice = stories(), random.Random(11)
    expected = MemoryRows()
    await expected.apply(heard(facts))
    changes = heard(facts)
    dice.shuffle(changes)
    batches = [changes[start : start + 5] for start in range(0, len(changes), 5)]

    await asyncio.gather(
        *(postgres_rows.apply(batch) for batch in batches),
        rebuilt(postgres_rows, facts, 1),
        rebuilt(postgres_rows, facts, 2),
    )

    assert await postgres_rows.runs(RunQuery()) == await expected.runs(RunQuery())


async def test_a_list_is_never_half_a_list(postgres_rows):
    facts = stories()
    await postgres_rows.apply(heard(facts))
    building = asyncio.create_task(rebuilt(postgres_rows, facts))

    seen = set()
    while not building.done():
        seen.add(len(await postgres_rows.runs(RunQuery())))
    await building

    assert seen <= {3}


class Log:
    """The log of one run that was archived, with what is left of it."""

    def __init__(self, facts):
        self._facts = facts

    async def facts(self, tenant, run_id, *, at_least):
        return self._facts


class Files:
    """The file of it, if there is one."""

    def __init__(self, facts):
        self._facts = facts

    async def facts(self, tenant, run_id):
        return self._facts


def archived():
    history = whole_run()
    kept = list(history.facts)
    gone = RunArchived(archive_sha256=DIGEST, facts=len(kept), task_sha256="0" * 64)
    return kept, history.say(gone, history.root)


class Pages:
    """What was submitted, one page."""

    def __init__(self, *subjects):
        self.found = [Stored(one, {}, b"", number, NOON) for number, one in enumerate(subjects, 1)]

    async def page(self, subject, first, most):
        is_task = "task.submitted" in subject
        return [one for one in self.found if is_task and one.sequence >= first]


async def test_a_submission_that_names_no_run_holds_up_no_other():
    """It was refused when it came; its message lies in the log all the same."""
    odd = ("run.ac*me.r-1.task.submitted", "run.acme.r 1.task.submitted")
    history = KeptHistory(Pages(*odd, "run.acme.r-2.task.submitted"), Log([]), Files(None))

    assert [(one.keys, one.position) async for one in history.runs(10)] == [((("acme", "r-2"),), 3)]


async def test_an_archived_run_is_read_from_its_file():
    kept, tombstone = archived()
    history = KeptHistory(None, Log([tombstone]), Files(kept))

    assert await history.facts("acme", "r-1", 0) == [*kept, tombstone]


async def test_an_archived_run_without_a_file_keeps_its_row(postgres_rows):
    kept, tombstone = archived()
    await postgres_rows.apply(heard([*kept, tombstone]))
    history = KeptHistory(None, Log([tombstone]), Files(None))

    async def told(known):
        assert await history.facts("acme", "r-1", 0) is None
        return dict.fromkeys(known)

    await postgres_rows.rebuild(1, [("acme", "r-1"), ("acme", "r-never-listed")], told)

    (row,) = await postgres_rows.runs(RunQuery())
    assert row.archived_at == tombstone.stored_at
    assert await postgres_rows.not_rebuilt(1, ("", ""), 10) == []


async def test_old_rows_of_archived_runs_go_and_no_others(postgres_rows):
    kept, tombstone = archived()
    await postgres_rows.apply(heard([*kept, tombstone]))
    await postgres_rows.apply(heard(stories()))

    assert await postgres_rows.let_go(36_500, 10) == 0
    assert await postgres_rows.let_go(1, 10) == 1

    assert len(await postgres_rows.runs(RunQuery())) == len(STORIES)


async def test_an_order_is_worked_off_once_and_tells_its_end(postgres_rows):
    orders = PostgresRebuilds(postgres_rows.pool)
    await postgres_rows.pool.execute("INSERT INTO observer_rebuilds (asked_by) VALUES ('anna')")
    rebuilder = Rebuilder(postgres_rows, orders, MemoryHistory(stories()), 2)
    upkeep = Upkeep(postgres_rows, orders, rebuilder, Settings())

    await upkeep.look()
    await upkeep.look()

    (order,) = await postgres_rows.pool.fetch("SELECT * FROM observer_rebuilds")
    assert (order["state"], order["rebuilt"], order["position"]) == ("done", 3, order["until"])


async def test_an_order_whose_worker_is_lost_is_taken_over(postgres_rows):
    orders = PostgresRebuilds(postgres_rows.pool)
    await postgres_rows.pool.execute("INSERT INTO observer_rebuilds (asked_by) VALUES ('anna')")
    number = await orders.take(30)

    assert await orders.take(30) is None
    assert await orders.take(0) == number


async def test_a_rebuild_that_fails_says_why():
    class Broken(MemoryHistory):
        async def end(self):
            raise OSError("the log is away")

    orders = MemoryRebuilds()
    orders.asked.append(7)
    upkeep = Upkeep(
        MemoryRows(), orders, Rebuilder(MemoryRows(), orders, Broken([]), 2), Settings()
    )

    with pytest.raises(OSError, match="away"):
        await upkeep.look()

    assert orders.ended == {7: "OSError: the log is away"}
