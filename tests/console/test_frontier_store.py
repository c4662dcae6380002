"""Outcomes summed in PostgreSQL: alike with and without it, and only what is asked for."""

from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from contracts.trial import EVALUATION
from services.console.errors import Unavailable
from services.console.rules.intervals import Tally
from services.console.store import OutcomeQuery, PostgresReadModel
from tests.bodies import NOON
from tests.console.evaluated import LARGE, MINI, PARENT, evaluated, many
from tests.readmodels import MemoryRows, PostgresRows

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = timedelta(days=1)
SINCE, UNTIL, MOST = NOON - DAY, NOON + DAY, 10
FAR = 10**18  # micro-dollars; its square is more than a bigint holds

COUNTED = [
    *many(6, 4, model=MINI),
    *many(5, 5, model=LARGE, cost=5000),
    *evaluated("far", agent="sales", cost=FAR, passed=False, model=LARGE),
    *evaluated("other", tenant="other", customer="c-1", feature="helpdesk"),
    *evaluated("old", begun=NOON - 2 * DAY),
]
TRIALS = [
    *evaluated("trial", feature=EVALUATION, cost=7),
    *evaluated("shadow", shadow=True, cost=7),
]
NEVER = [
    *evaluated("judge", feature=EVALUATION, parent=PARENT),
    *evaluated("child", parent=PARENT),
    *evaluated("open", ended=False),
    *evaluated("nobody-judged", passed=None),
]
QUERIES = {
    "all": OutcomeQuery(SINCE, UNTIL, MOST),
    "tenant": OutcomeQuery(SINCE, UNTIL, MOST, tenant="acme"),
    "agent": OutcomeQuery(SINCE, UNTIL, MOST, agent="sales"),
    "trials": OutcomeQuery(SINCE, UNTIL, MOST, trials=True),
    "an older window": OutcomeQuery(SINCE - 2 * DAY, SINCE, MOST),
    "the largest group": OutcomeQuery(SINCE, UNTIL, 1),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=2) as pool:
        await pool.execute("TRUNCATE console_runs CASCADE")
        memory, postgres = MemoryRows(), PostgresRows(pool)
        for rows in (memory, postgres):
            await rows.apply([*COUNTED, *TRIALS, *NEVER])
        yield memory, postgres


@pytest.mark.parametrize("name", QUERIES)
async def test_a_sum_is_alike_with_and_without_an_index(both, name):
    memory, postgres = both

    found = await postgres.outcomes(QUERIES[name])

    assert found
    assert found == await memory.outcomes(QUERIES[name])


async def test_the_runs_of_a_group_are_summed(both):
    _, postgres = both

    (first, *_) = await postgres.outcomes(QUERIES["tenant"])

    cost = 3 * 1000 + 3 * 1100
    squares = 3 * 1000**2 + 3 * 1100**2
    of_accepted = 2 * 1000 + 2 * 1100
    assert (first.agent, first.models) == ("support", (MINI,))
    assert first.tally == Tally(6, 4, cost, squares, of_accepted)
    assert first.p50_seconds > 0


async def test_squares_that_no_column_holds_are_exact(both):
    _, postgres = both

    (sales,) = await postgres.outcomes(QUERIES["agent"])

    assert sales.tally == Tally(1, 0, FAR, FAR**2, 0)


async def test_trials_and_shadows_are_counted_only_if_asked_for(both):
    _, postgres = both
    plain = sum(one.tally.runs for one in await postgres.outcomes(QUERIES["all"]))

    asked = sum(one.tally.runs for one in await postgres.outcomes(QUERIES["trials"]))

    assert (plain, asked) == (13, 15)


async def test_a_sum_that_takes_too_long_says_what_to_do(postgres_dsn, both):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=2) as pool:
        hurried = PostgresReadModel(pool, query_seconds=0.05)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE console_runs IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Unavailable, match="narrow it"):
                await hurried.outcomes(QUERIES["all"])
