"""What a run costs: its own model calls, and those of the runs that it called."""

import asyncpg
import pytest

from contracts.task import ParentCall
from services.console.rules.intervals import Tally
from tests.bodies import NOON
from tests.console.evaluated import evaluated
from tests.console.test_frontier_store import QUERIES
from tests.readmodels import MemoryRows, PostgresRows

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLED = ParentCall(run_id="top", call="1-1", attempt=1, depth=1, deadline=NOON)
FROM_BELOW = ParentCall(run_id="below", call="1-1", attempt=1, depth=2, deadline=NOON)
LATER = 100  # sequences after the first fact of a run: it is over by then
FAMILY = [
    *evaluated("top", agent="boss", cost=1000),
    *evaluated("below", agent="helper", parent=CALLED, cost=300, after=1),
    *evaluated("deeper", agent="helper", parent=FROM_BELOW, cost=20, passed=None, after=2),
    *evaluated("judge", agent="judge", parent=CALLED, cost=5000, passed=None, after=LATER),
    *evaluated("judge-below", agent="judge", parent=FROM_BELOW, cost=700, after=LATER),
    *evaluated("stranger", agent="helper", tenant="other", parent=CALLED, cost=9, after=1),
    *evaluated("alone", agent="boss", cost=50, passed=False),
]


async def test_a_run_costs_what_it_called_too_and_not_what_judged_it(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=2) as pool:
        await pool.execute("TRUNCATE console_runs CASCADE")
        memory, postgres = MemoryRows(), PostgresRows(pool)
        for rows in (memory, postgres):
            await rows.apply(FAMILY)

        (boss,) = found = await postgres.outcomes(QUERIES["all"])

        assert found == await memory.outcomes(QUERIES["all"])
    assert boss.agent == "boss"
    assert boss.tally == Tally(2, 1, 1320 + 50, 1320**2 + 50**2, 1320)
