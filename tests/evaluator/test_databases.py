"""What a scorer of a database sees of a real one, and that it can only look."""

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from contracts.run import RunCompleted
from contracts.scoring import Database
from contracts.task import TaskSubmitted
from services.evaluator import adapters
from services.evaluator.adapters import Databases
from services.evaluator.handlers import Desk, assess_run
from shared.bus import Heard
from shared.testing import MemoryBus
from tests.bodies import run_started, task_cleared
from tests.evaluator.scorers.runs import trial
from tests.histories import History

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAID = "SELECT amount, paid, kind FROM scored WHERE run_id = $1 ORDER BY amount"
ROWS = (
    {"amount": 12.5, "paid": True, "kind": "refund"},
    {"amount": 30, "paid": False, "kind": None},
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def databases(postgres_dsn):
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(
        "CREATE TABLE scored (run_id text, amount numeric, paid boolean, kind text);"
        "INSERT INTO scored VALUES ('r-1', 12.50, true, 'refund'), ('r-1', 30.00, false, NULL),"
        " ('r-2', 1, true, 'refund')"
    )
    yield Databases({"shop": SecretStr(postgres_dsn)})
    assert await connection.fetchval("SELECT count(*) FROM scored") == 3
    await connection.execute("DROP TABLE scored")
    await connection.close()


def ended(*scorers, tools="real"):
    history = History()
    tried = trial(*scorers).model_copy(update={"tools": tools})
    task = TaskSubmitted(agent="support", input="Pay.", trial=tried)
    cleared = history.say(task_cleared(), history.say(task))
    started = run_started().model_copy(update={"shadow": tools == "stubbed"})
    history.say(started, cleared)
    history.step(text="Paid.")
    history.say(RunCompleted(answer="Paid.", steps=1), history.root)
    return history


def asks(query, rows=(), **more):
    return Database(database="shop", query=query, rows=tuple(rows), **more)


@pytest.mark.parametrize(
    ("rows", "passed"),
    [(ROWS, True), (ROWS[:1], False), ((*ROWS, ROWS[0]), False), (ROWS[::-1], True)],
)
async def test_the_rows_of_a_run_are_compared(databases, rows, passed):
    found = await databases.score(ended().run, asks(PAID, rows))

    assert (found.passed, found.undecided) == (passed, False), found.reason


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DELETE FROM scored", "read-only"),
        ("SELECT set_config('transaction_read_only', 'off', true), lo_create(0)", "read-write"),
        ("SELECT 1; DROP TABLE scored", "multiple commands"),
        ("SELECT nothing FROM scored", "nothing"),
        ("SELECT * FROM scored WHERE run_id = $1 AND kind = $2", "2 parameters"),
        ("SELECT generate_series(1, 2000) AS n", "more than 1000 rows"),
        ("SELECT pg_sleep(3)", "timeout"),
    ],
)
async def test_what_may_not_be_asked_is_undecided_and_says_why(databases, monkeypatch, query, why):
    monkeypatch.setattr(adapters, "QUERY_SECONDS", 0.5)

    found = await databases.score(ended().run, asks(query))

    assert found.undecided
    assert why in found.reason


async def test_a_number_without_an_end_is_told_as_its_text(databases):
    query = "SELECT 'Infinity'::numeric AS high, 'NaN'::numeric AS none"

    found = await databases.score(ended().run, asks(query, [{"high": "Infinity", "none": "NaN"}]))

    assert found.passed, found.reason


async def test_nobody_is_asked_about_a_run_that_touched_nothing(databases):
    found = await databases.score(ended(tools="stubbed").run, asks("SELECT 1 AS n", [{"n": 1}]))

    assert found.undecided
    assert "its tools were stubbed" in found.reason


async def test_a_database_that_is_not_there_is_undecided_and_tells_no_password():
    away = Databases({"away": SecretStr("postgresql://me:hidden@127.0.0.1:1/x")})

    unknown = await away.score(ended().run, asks("SELECT 1"))
    silent = await away.score(ended().run, asks("SELECT 1").model_copy(update={"database": "away"}))

    assert "no database is named 'shop'; known: away" in unknown.reason
    assert "away could not be asked" in silent.reason
    assert "hidden" not in silent.reason


async def test_the_end_of_a_trial_is_scored_by_its_rows(databases):
    bus = MemoryBus()
    history = ended(asks(PAID, ROWS))
    bus.given(*history.facts)

    await assess_run(Heard(history.facts[-1]), bus, Desk({}, databases))

    assert bus.facts[-1].body.passed
