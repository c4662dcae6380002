"""The handlers over a real ledger: given a run, when a fact is heard, then this is said."""

import pytest

from contracts.model import (
    AttemptFailure,
    ModelAttemptDue,
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelResponded,
    ServedBy,
    Stop,
)
from contracts.money import ModelFunded, ModelUnfunded, MoneySettled, Usage
from contracts.run import RunFailed
from contracts.shape import later
from services.cost_ledger.adapters import FixedPriceBook
from services.cost_ledger.handlers import Desk
from services.cost_ledger.handlers.ending import close
from services.cost_ledger.handlers.funding import fund_attempt, fund_due, fund_step
from services.cost_ledger.handlers.settling import settle
from services.cost_ledger.rules.budgets import Budgets
from services.cost_ledger.settings import Settings
from services.cost_ledger.store import LedgerStore
from shared.bus import Heard
from shared.catalogue import Alias, Models
from shared.errors import Again
from shared.testing import MemoryBus
from tests.bodies import model_requested
from tests.cost_ledger.tariffs import INSTANT, flat
from tests.counting import counted
from tests.histories import History

HELD = 400 + 1024 + 2 * 1024  # prompt and envelope at 1, output at 2 micro-dollars a token


@pytest.fixture
def desk(as_ledger):
    return Desk(
        store=LedgerStore(as_ledger),
        models=Models(aliases={"default": Alias(routes=(INSTANT,))}),
        prices=FixedPriceBook({"fake/instant": flat("1")}),
        budgets=Budgets(window="total"),
        settings=Settings(),
    )


@pytest.fixture
def bus():
    """A started run."""
    bus, history = MemoryBus(), History()
    history.begin()
    bus.given(*history.facts)
    return bus


async def asked(bus):
    return await bus.say(bus.facts[-1], model_requested(1))


async def funded(bus, desk):
    await fund_step(Heard(await asked(bus)), bus, desk)
    return bus.facts[-1]


async def claimed(bus, cause):
    start = later(bus.clock.now(), 5)
    body = ModelClaimed(
        step=1,
        attempt=1,
        nonce="n",
        state="claimed",
        start_before=start,
        time_limit_seconds=60,
    )
    assert await bus.claim(cause, body)


async def responded(bus, cause, tokens=10):
    body = ModelResponded(
        step=1,
        attempt=1,
        parts=(),
        stop=Stop(kind="ok"),
        usage=Usage(output_text=tokens),
        usage_quality="reported",
        served_by=ServedBy(route=INSTANT),
    )
    return await bus.say(cause, body)


def failure(billed):
    return AttemptFailure(kind="unavailable", route=INSTANT, reason="down", billed=billed)


async def again(bus, cause, billed, **changes):
    body = ModelAttemptRequested(
        step=1,
        attempt=2,
        role="retry",
        route=INSTANT,
        not_before=bus.clock.now(),
        previous=failure(billed),
        **changes,
    )
    return await bus.say(cause, body)


async def ended(bus):
    end = RunFailed(rule="deadline_passed", reason="late")
    return await bus.append(await bus.read("acme", "r-1"), "acme/r-1", end)


async def test_a_request_is_funded_with_one_hold_on_every_budget(bus, desk):
    verdict = (await funded(bus, desk)).body

    assert isinstance(verdict, ModelFunded)
    assert verdict.amount_micro_usd == HELD
    assert [share.budget for share in verdict.budgets] == ["run:acme/r-1", "tenant:acme"]
    assert verdict.budgets[0].remaining_micro_usd == 500_000 - HELD


async def test_a_crash_between_hold_and_say_is_repeated_with_the_same_answer(bus, desk):
    request = await asked(bus)
    await fund_step(Heard(request), bus, desk)
    said = bus.facts.pop()

    await fund_step(Heard(request, delivery=2), bus, desk)

    assert bus.facts[-1].id == said.id
    assert bus.facts[-1].body == said.body


async def test_a_request_of_an_ended_run_is_not_funded(bus, desk):
    request = await asked(bus)
    await ended(bus)

    await fund_step(Heard(request), bus, desk)

    assert bus.bodies(ModelUnfunded)[0].rule == "run_not_open"


async def test_the_last_delivery_of_a_request_says_that_the_ledger_is_unavailable(bus, desk):
    await fund_step(Heard(await asked(bus), delivery=20, last=True), bus, desk)

    assert bus.bodies(ModelUnfunded)[0].rule == "ledger_unavailable"


async def test_an_answer_settles_its_hold_at_its_price(bus, desk):
    outcome = await responded(bus, await funded(bus, desk))

    await settle(Heard(outcome), bus, desk)
    await settle(Heard(outcome, delivery=2), bus, desk)

    (settled,) = bus.bodies(MoneySettled)
    assert (settled.state, settled.cost_micro_usd, settled.price_match) == ("settled", 20, "exact")
    assert settled.lines[0].bucket == "output_text"


async def test_a_bill_is_spent_when_it_is_settled_and_not_again_when_that_is_said_again(bus, desk):
    outcome = await responded(bus, await funded(bus, desk))
    spent = counted(
        "interlock_cost_micro_usd_total", agent="support", provider="fake", model="instant"
    )

    await settle(Heard(outcome), bus, desk)
    await settle(Heard(outcome, delivery=2), bus, desk)

    assert spent.more == 20


async def test_a_bill_above_its_hold_freezes_the_budgets(bus, desk, pool):
    outcome = await responded(bus, await funded(bus, desk), tokens=HELD)

    await settle(Heard(outcome), bus, desk)

    assert bus.bodies(MoneySettled)[0].state == "overrun"
    assert await pool.fetchval("SELECT bool_and(frozen = 'overrun') FROM budgets")


@pytest.mark.parametrize(("billed", "state"), [("nothing", "released"), ("unknown", "liability")])
async def test_a_further_attempt_settles_the_one_before_and_gets_its_own_hold(
    bus, desk, billed, state
):
    retry = await again(bus, await funded(bus, desk), billed)

    await fund_attempt(Heard(retry), bus, desk)

    assert [body.state for body in bus.bodies(MoneySettled)] == [state]
    assert [body.attempt for body in bus.bodies(ModelFunded)] == [1, 2]


async def test_a_deferred_attempt_settles_the_one_before_and_is_funded_when_due(bus, desk):
    cause = await funded(bus, desk)
    asked_again = await again(bus, cause, "nothing", deferred=True)

    await fund_attempt(Heard(asked_again), bus, desk)
    await fund_attempt(Heard(asked_again, 20, last=True), bus, desk)

    assert [one.state for one in bus.bodies(MoneySettled)] == ["released"]
    assert len(bus.bodies(ModelFunded)) == 1
    assert await desk.store.find(asked_again.id) is None
    due = await bus.say(asked_again, ModelAttemptDue(step=1, attempt=2))
    await fund_due(Heard(due), bus, desk)
    await fund_due(Heard(due, 2), bus, desk)
    await fund_attempt(Heard(asked_again, 2), bus, desk)
    [_, hold] = bus.bodies(ModelFunded)
    assert (hold.attempt, hold.hold_id) == (2, asked_again.id)
    assert bus.facts[-1].cause_id == asked_again.id


async def test_what_is_due_of_nothing_is_funded_by_nobody(bus, desk):
    due = await bus.say(bus.facts[-1], ModelAttemptDue(step=1, attempt=2))

    await fund_due(Heard(due), bus, desk)

    assert bus.facts[-1] == due


async def test_a_late_answer_settles_the_liability_that_it_had_become(bus, desk):
    verdict = await funded(bus, desk)
    await fund_attempt(Heard(await again(bus, verdict, "unknown")), bus, desk)

    await settle(Heard(await responded(bus, verdict)), bus, desk)

    assert [body.state for body in bus.bodies(MoneySettled)] == ["liability", "settled"]


async def test_a_failed_step_releases_what_was_not_billed(bus, desk):
    body = ModelFailed(step=1, attempt=1, failure=failure("nothing"))

    await settle(Heard(await bus.say(await funded(bus, desk), body)), bus, desk)

    assert bus.bodies(MoneySettled)[0].state == "released"


async def test_an_end_revokes_an_unclaimed_call_before_its_hold_is_released(bus, desk):
    await funded(bus, desk)

    await close(Heard(await ended(bus)), bus, desk)

    assert bus.bodies(ModelClaimed)[0].state == "revoked"
    assert bus.bodies(MoneySettled)[0].state == "released"


async def test_an_end_waits_for_a_claimed_call_and_then_books_a_liability(bus, desk):
    await claimed(bus, await funded(bus, desk))
    end = await ended(bus)

    with pytest.raises(Again) as wait:
        await close(Heard(end), bus, desk)
    bus.clock.advance(wait.value.after_seconds)
    await close(Heard(end), bus, desk)

    assert wait.value.after_seconds == 5 + 60 + 10
    assert bus.bodies(MoneySettled)[0].state == "liability"


async def test_an_end_settles_by_the_outcome_that_the_log_has(bus, desk):
    verdict = await funded(bus, desk)
    await claimed(bus, verdict)
    outcome = await responded(bus, verdict)

    await close(Heard(await ended(bus)), bus, desk)

    assert bus.bodies(MoneySettled)[0].state == "settled"
    assert bus.facts[-1].cause_id == outcome.id


async def test_a_repeated_end_says_again_what_it_released(bus, desk):
    await funded(bus, desk)
    end = await ended(bus)
    await close(Heard(end), bus, desk)
    said = bus.facts.pop()

    await close(Heard(end, delivery=2), bus, desk)

    assert bus.facts[-1].body == said.body
