"""Whatever children spend, the runs above them pay too: no ceiling is passed at any instant."""

import asyncio

import pytest

from contracts.money import MoneySettled
from contracts.run import ParentBudget
from services.cost_ledger.rules.budgets import Budgets, caps_of
from services.cost_ledger.rules.request import open_request
from services.cost_ledger.rules.settlement import NotBilled, resolve
from services.cost_ledger.store import LedgerStore
from tests.bodies import NOON, model_requested
from tests.cost_ledger.tariffs import request, terms
from tests.families import Calling, boss, boss_started, child_task
from tests.histories import History

SUMS = "SELECT held_micro_usd + settled_micro_usd + liability_micro_usd FROM budgets WHERE id = $1"
TOP = ParentBudget(run_id="top", budget_micro_usd=1_000)
MIDDLE = ParentBudget(run_id="middle", budget_micro_usd=600)


@pytest.fixture
def store(as_ledger):
    return LedgerStore(as_ledger)


def asked(n: int, run_id: str, *parents: ParentBudget):
    return request(f"q-{run_id}-{n}", run_id, parents=parents, run_cap_micro_usd=500)


async def take(store, one, amount: int = 100):
    return await store.take(one, terms(amount), caps_of(one, Budgets(), NOON))


def test_a_hold_of_a_child_is_taken_on_every_run_above_it():
    caps = caps_of(asked(1, "child", TOP, MIDDLE), Budgets(), NOON)

    runs = {cap.budget: cap.cap_micro_usd for cap in caps if cap.budget.startswith("run:")}
    assert runs == {"run:acme/child": 500, "run:acme/middle": 600, "run:acme/top": 1_000}


def test_the_runs_above_are_those_that_the_start_pins():
    child = History()
    started = boss_started(boss(), parents=(TOP,))
    cleared = child.say(Calling().facts[1].body, child.say(child_task()))
    fact = child.say(model_requested(), child.say(started, cleared))

    found = open_request(child.run, fact)

    assert found.parents == (TOP,)


async def test_many_children_at_once_never_pass_the_ceiling_of_any_run_above(store, pool):
    """Forty children of two parents, each with a budget of its own that would allow it."""
    mine = [asked(n, f"c-{n}", TOP, MIDDLE) for n in range(20)]
    others = [asked(n, f"d-{n}", TOP) for n in range(20)]

    holds = await asyncio.gather(*(take(store, one) for one in (*mine, *others)))

    assert sum(hold.state == "held" for hold in holds) == 10
    assert await pool.fetchval(SUMS, "run:acme/top") == 1_000
    assert await pool.fetchval(SUMS, "run:acme/middle") <= 600


async def test_what_a_child_gives_back_its_parents_have_again(store, pool):
    hold = await take(store, asked(1, "child", TOP, MIDDLE))
    to = resolve(hold.state, hold.amount_micro_usd, NotBilled("no"))
    settled = _settled(hold, to)

    assert await store.resolve(hold, to, settled, "c-1", None)

    for budget in ("child", "middle", "top"):
        assert await pool.fetchval(SUMS, f"run:acme/{budget}") == 0


def _settled(hold, to):
    return MoneySettled(
        step=1,
        attempt=1,
        hold_id=hold.id,
        state=to.state,
        held_micro_usd=hold.amount_micro_usd,
        cost_micro_usd=to.cost_micro_usd,
        price_book="fixed",
        price_match="exact",
    )


async def test_a_child_of_a_run_that_has_ended_gets_no_money(store):
    await store.close_run("acme", "top")

    hold = await take(store, asked(1, "child", TOP))

    assert hold.answer.frozen == "run_ended"


async def test_children_and_their_parent_do_not_deadlock(store):
    """They lock the same rows, in one order."""
    mine = [asked(n, f"c-{n % 3}", TOP, MIDDLE) for n in range(30)]
    own = [request(f"p-{n}", "middle", parents=(TOP,), run_cap_micro_usd=600) for n in range(30)]

    holds = await asyncio.gather(*(take(store, one, amount=1) for one in (*mine, *own)))

    assert all(hold.state == "held" for hold in holds)
