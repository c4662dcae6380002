"""The ledger in a real PostgreSQL: caps under concurrency, repeated answers, planted bugs."""

import asyncio

import asyncpg
import pytest

from contracts.money import MoneySettled
from infra.migrations.run import MigrationChanged, migrate
from services.cost_ledger.rules.offer import Refused
from services.cost_ledger.rules.settlement import NotBilled, NotKnown, resolve
from services.cost_ledger.store import LedgerStore
from tests.cost_ledger.tariffs import caps, request, terms

SUMS = "SELECT held_micro_usd, settled_micro_usd, liability_micro_usd FROM budgets WHERE id = $1"


@pytest.fixture
def store(as_ledger):
    return LedgerStore(as_ledger)


async def settle(store, hold, evidence, cause="c-1"):
    to = resolve(hold.state, hold.amount_micro_usd, evidence)
    settled = MoneySettled(
        step=1,
        attempt=1,
        hold_id=hold.id,
        state=to.state,
        held_micro_usd=hold.amount_micro_usd,
        cost_micro_usd=to.cost_micro_usd,
        price_book="fixed",
        price_match="exact",
    )
    return await store.resolve(hold, to, settled, cause, "fake/instant")


async def assert_balanced(pool):
    for budget, _, *differences in await pool.fetch("SELECT * FROM trial_balance"):
        assert not any(differences), budget


async def test_two_hundred_concurrent_holds_never_pass_the_cap(store, pool):
    asked = [
        store.take(request(f"q-{n}", f"r-{n % 20}"), terms(100), caps(f"r-{n % 20}", tenant=4_250))
        for n in range(200)
    ]

    holds = await asyncio.gather(*asked)

    assert sum(hold.state == "held" for hold in holds) == 42
    assert (await pool.fetchrow(SUMS, "tenant:acme"))["held_micro_usd"] == 4_200
    await assert_balanced(pool)


async def test_concurrent_settlements_and_holds_stay_balanced(store, pool):
    async def spend(n):
        hold = await store.take(request(f"q-{n}", f"r-{n % 7}"), terms(100), caps(f"r-{n % 7}"))
        if hold.state == "held":
            await settle(store, hold, NotBilled("no") if n % 2 else NotKnown("?"), f"c-{n}")

    await asyncio.gather(*(spend(n) for n in range(120)))

    await assert_balanced(pool)
    sums = await pool.fetchrow(SUMS, "tenant:acme")
    assert sums["held_micro_usd"] == 0
    assert sums["liability_micro_usd"] <= 1_000


async def test_a_planted_bug_that_passes_the_cap_is_refused_by_the_schema(store, pool):
    await store.take(request(), terms(100), caps())

    with pytest.raises(asyncpg.CheckViolationError, match="never_above_cap"):
        await pool.execute("UPDATE budgets SET held_micro_usd = held_micro_usd + 901")


async def test_a_repeated_request_gets_the_same_answer_and_no_second_hold(store, pool):
    first = await store.take(request(), terms(100), caps())

    again = await asyncio.gather(*(store.take(request(), terms(999), caps()) for _ in range(8)))

    assert all(hold == first for hold in again)
    assert (await pool.fetchrow(SUMS, "tenant:acme"))["held_micro_usd"] == 100


async def test_a_refusal_is_repeated_though_there_is_money_by_now(store, pool):
    first = await store.take(request(), terms(100), caps(tenant=50))
    await store.set_caps(caps(tenant=5_000))

    again = await store.take(request(), terms(100), caps())

    assert isinstance(first.answer, Refused)
    assert again.answer == first.answer == Refused(budget="tenant:acme", remaining_micro_usd=50)


async def test_a_settlement_that_comes_second_changes_nothing(store, pool):
    hold = await store.take(request(), terms(100), caps())

    done = await asyncio.gather(*(settle(store, hold, NotBilled("no")) for _ in range(5)))

    assert sum(done) == 1
    assert (await pool.fetchrow(SUMS, "tenant:acme"))["held_micro_usd"] == 0


async def test_a_closed_run_takes_no_hold_even_if_it_had_none_before(store):
    await store.close_run("acme", "r-1")

    hold = await store.take(request(), terms(100), caps())

    assert hold.answer.frozen == "run_ended"


async def test_a_cap_below_what_is_held_freezes_and_does_not_fail(store, pool):
    await store.take(request(), terms(100), caps())

    await store.set_caps(caps(tenant=10))

    refused = await store.take(request("q-2"), terms(1), caps())
    assert refused.answer.frozen == "cap_lowered"
    await assert_balanced(pool)


async def test_the_view_of_costs_tells_what_an_attempt_may_still_cost_and_for_whom(store, pool):
    hold = await store.take(request(customer="c-1"), terms(100), caps())
    await settle(store, hold, NotKnown("lost"))

    row = await pool.fetchrow("SELECT * FROM cost_by_attempt")

    assert (row["tenant"], row["customer"], row["model"]) == ("acme", "c-1", "instant")
    assert (row["cost_micro_usd"], row["liability_micro_usd"], row["held_micro_usd"]) == (0, 100, 0)


async def test_migrating_again_changes_nothing(postgres_dsn):
    assert await migrate(postgres_dsn) == []


async def test_an_applied_migration_may_not_change(postgres_dsn, tmp_path):
    (tmp_path / "0001_cost_ledger_budgets_and_holds.sql").write_text("SELECT 1")

    with pytest.raises(MigrationChanged, match="put it back"):
        await migrate(postgres_dsn, tmp_path)
