"""What the ledger counts: money when it is spent, refusals, and what is left of named budgets."""

from contracts.money import ModelUnfunded
from services.cost_ledger.metrics import BUDGETS_SHOWN, Standing, count, count_spent, tell, watched
from services.cost_ledger.store import LedgerStore
from shared.bus import Said
from tests.bodies import settled
from tests.cost_ledger.tariffs import caps, request, terms
from tests.counting import counted
from tests.histories import History
from tests.integration.eventually import eventually

SPENT = "interlock_cost_micro_usd_total"
LEFT = "interlock_budget_remaining_ratio"
BUDGET = """
INSERT INTO budgets (id, tenant, cap_micro_usd, created_at) VALUES ($1, 'acme', $2, $3::text::date)
"""


def standing(budget, remaining=500, held=0, liability=0, *, frozen=False):
    return Standing(budget, 1000, remaining, held, liability, is_frozen=frozen)


def test_a_bill_is_counted_under_agent_and_model():
    spent = counted(SPENT, agent="support", provider="fake", model="small")

    count_spent("support", settled(cost_micro_usd=120), "fake/small")

    assert spent.more == 120


def test_a_refusal_is_counted_under_its_rule():
    denied = counted("interlock_budget_denials_total", rule="budget_exhausted")
    body = ModelUnfunded(step=1, attempt=1, rule="budget_exhausted", reason="no money left")

    count(Said(History().say(body)))

    assert denied.more == 1


def test_what_is_left_is_told_of_budgets_that_the_configuration_names():
    tell([standing("tenant:acme"), standing("tenant:made-up")], {"tenant:acme"})

    assert counted(LEFT, budget="tenant:acme").value == 0.5
    assert counted(LEFT, budget="tenant:made-up").value == 0


def test_of_more_budgets_than_are_shown_the_scarcest_are():
    names = [f"feature:acme/f-{number}" for number in range(BUDGETS_SHOWN + 1)]

    tell([standing(name, number) for number, name in enumerate(names, start=1)], set(names))

    assert counted(LEFT, budget=names[0]).value > 0
    assert counted(LEFT, budget=names[-1]).value == 0


def test_a_call_is_held_once_however_many_budgets_are_above_it():
    tell([standing("tenant:acme", held=70), standing("feature:acme/help", held=70)], set())

    assert counted("interlock_money_held_micro_usd").value == 70


def test_liability_and_frozen_budgets_are_told():
    tell([standing("tenant:acme", liability=30, frozen=True), standing("tenant:demo")], set())

    assert counted("interlock_money_liability_micro_usd").value == 30
    assert counted("interlock_budgets_frozen").value == 1


async def test_the_budgets_in_the_database_are_looked_at(pool):
    store = LedgerStore(pool)
    await store.take(request(), terms(100), caps(tenant=1_000))

    async with watched(store, {"tenant:acme"}):
        await eventually(lambda: counted(LEFT, budget="tenant:acme").value == 0.9)

    assert counted("interlock_money_held_micro_usd").value == 100


async def test_only_the_latest_window_of_a_budget_stands(pool):
    store = LedgerStore(pool)
    await pool.execute(BUDGET, "tenant:acme@2026-02", 10, "2026-02-01")
    await pool.execute(BUDGET, "tenant:acme@2026-03", 20, "2026-03-01")
    await pool.execute(BUDGET, "run:acme/r-1", 30, "2026-03-01")

    found = await store.standings()

    assert [(one.budget, one.cap_micro_usd) for one in found] == [("tenant:acme", 20)]
