"""A tool that has a price: it is held before the start, and settled by what became of it."""

from decimal import Decimal

import pytest

from contracts.money import MoneySettled, ToolFunded, ToolUnfunded
from contracts.run import RunFailed
from contracts.shape import later
from contracts.tool import ToolClaimed, ToolFailed, ToolUnknown
from services.cost_ledger.adapters import FixedPriceBook
from services.cost_ledger.handlers import Desk
from services.cost_ledger.handlers.calls import fund_call, settle_call
from services.cost_ledger.handlers.ending import close
from services.cost_ledger.rules.budgets import Budgets
from services.cost_ledger.settings import Settings
from services.cost_ledger.store import LedgerStore
from shared.bus import Heard
from shared.catalogue import Models
from shared.errors import Again
from shared.testing import MemoryBus
from tests.bodies import manifest, tool_cleared, tool_requested, tool_succeeded
from tests.histories import History

PRICE = 20_000
SEARCH = manifest("search", price_usd=Decimal("0.02"))
CAP = 500_000
MODEL = 120  # what the step that asked for the call cost


@pytest.fixture
def desk(as_ledger):
    return Desk(
        store=LedgerStore(as_ledger),
        models=Models(aliases={}),
        prices=FixedPriceBook({}),
        budgets=Budgets(window="total"),
        settings=Settings(),
    )


def cleared(tool=SEARCH, calls=1):
    """A bus with a run whose calls were cleared, and the clearances."""
    history = History()
    history.begin(tool)
    responded = history.step(calls=[(tool.name, "{}")] * calls)
    found = []
    for index in range(1, calls + 1):
        asked = tool_requested(1, index, responded.body.tool_calls[index - 1])
        asked = asked.model_copy(update={"manifest_sha256": tool.sha256})
        requested = history.say(asked, responded)
        found.append(history.say(tool_cleared(asked), requested))
    bus = MemoryBus()
    bus.given(*history.facts)
    return bus, found


async def claimed(bus, cause, state="claimed"):
    start = later(bus.clock.now(), 5)
    body = ToolClaimed(
        call=cause.body.call,
        attempt=1,
        nonce="n",
        state=state,
        start_before=start,
        time_limit_seconds=30,
    )
    assert await bus.claim(cause, body)


def failed(kind):
    return ToolFailed(call="1-1", attempt=1, kind=kind, reason="so it was")


def bills(bus):
    """What became of holds for calls."""
    return [one for one in bus.bodies(MoneySettled) if one.call is not None]


async def ended(bus):
    end = RunFailed(rule="deadline_passed", reason="late")
    return await bus.append(await bus.read("acme", "r-1"), "acme/r-1", end)


async def test_a_price_is_held_on_every_budget(desk):
    bus, (leave,) = cleared()

    await fund_call(Heard(leave), bus, desk)

    (funded,) = bus.bodies(ToolFunded)
    assert (funded.call, funded.amount_micro_usd) == ("1-1", PRICE)
    left = {one.budget: one.remaining_micro_usd for one in funded.budgets}
    assert left["run:acme/r-1"] == CAP - PRICE
    assert "tenant:acme" in left


async def test_a_tool_without_a_price_needs_no_money(desk):
    bus, (leave,) = cleared(manifest("search"))
    before = len(bus.facts)

    await fund_call(Heard(leave), bus, desk)

    assert len(bus.facts) == before


async def test_a_crash_between_hold_and_say_is_repeated_with_the_same_answer(desk):
    bus, (leave,) = cleared()
    await fund_call(Heard(leave), bus, desk)
    said = bus.facts.pop()

    await fund_call(Heard(leave, delivery=2), bus, desk)

    assert (bus.facts[-1].id, bus.facts[-1].body) == (said.id, said.body)


async def test_calls_at_once_never_hold_more_than_the_cap(desk, pool):
    dear = manifest("search", price_usd=Decimal("0.2"))
    bus, leaves = cleared(dear, calls=3)

    for leave in leaves:
        await fund_call(Heard(leave), bus, desk)

    assert len(bus.bodies(ToolFunded)) == 2
    (refused,) = bus.bodies(ToolUnfunded)
    assert (refused.rule, refused.needed_micro_usd) == ("budget_exhausted", 200_000)
    assert "search costs 200000 a call" in refused.reason
    held = await pool.fetchval("SELECT held_micro_usd FROM budgets WHERE id = 'run:acme/r-1'")
    assert held == 400_000


async def test_the_last_delivery_says_that_the_ledger_is_unavailable(desk):
    bus, (leave,) = cleared()

    await fund_call(Heard(leave, 20, last=True), bus, desk)

    assert bus.bodies(ToolUnfunded)[0].rule == "ledger_unavailable"


async def test_a_call_of_an_ended_run_gets_no_money(desk):
    bus, (leave,) = cleared()
    await ended(bus)

    await fund_call(Heard(leave), bus, desk)

    assert bus.bodies(ToolUnfunded)[0].rule == "run_not_open"


@pytest.mark.parametrize(
    ("outcome", "state", "cost"),
    [
        (tool_succeeded("1-1"), "settled", PRICE),
        (failed("timed_out"), "settled", PRICE),
        (failed("error"), "settled", PRICE),
        (failed("refused"), "released", 0),
        (failed("unavailable"), "released", 0),
        (ToolUnknown(call="1-1", attempt=1, reason="cut off"), "liability", PRICE),
    ],
    ids=["succeeded", "timed_out", "error", "refused", "unavailable", "unknown"],
)
async def test_what_was_started_is_owed_and_what_was_not_done_is_free(desk, outcome, state, cost):
    bus, (leave,) = cleared()
    await fund_call(Heard(leave), bus, desk)
    await claimed(bus, leave)
    told = await bus.say(leave, outcome)

    await settle_call(Heard(told), bus, desk)
    await settle_call(Heard(told, delivery=2), bus, desk)

    (settled,) = bills(bus)
    assert (settled.state, settled.cost_micro_usd, settled.call) == (state, cost, "1-1")
    assert settled.route == "tool/search"
    assert (await bus.read("acme", "r-1")).cost_micro_usd == MODEL + cost


async def test_what_was_called_off_costs_nothing_whatever_is_said_of_it(desk):
    """In doubt about an earlier attempt, one that nobody began is told as unknown, too."""
    bus, (leave,) = cleared()
    await fund_call(Heard(leave), bus, desk)
    await claimed(bus, leave, "revoked")
    told = await bus.say(leave, ToolUnknown(call="1-1", attempt=1, reason="not begun again"))

    await settle_call(Heard(told), bus, desk)

    assert bills(bus)[0].state == "released"


async def test_late_evidence_settles_the_liability(desk):
    bus, (leave,) = cleared()
    await fund_call(Heard(leave), bus, desk)
    await claimed(bus, leave)
    unknown = await bus.say(leave, ToolUnknown(call="1-1", attempt=1, reason="cut off"))
    await settle_call(Heard(unknown), bus, desk)

    await settle_call(Heard(await bus.say(leave, tool_succeeded("1-1"))), bus, desk)

    assert [one.state for one in bills(bus)] == ["liability", "settled"]
    assert (await bus.read("acme", "r-1")).cost_micro_usd == MODEL + PRICE


async def test_an_end_revokes_an_unclaimed_call_before_its_price_is_released(desk):
    bus, (leave,) = cleared()
    await fund_call(Heard(leave), bus, desk)

    await close(Heard(await ended(bus)), bus, desk)

    assert bus.bodies(ToolClaimed)[0].state == "revoked"
    assert bills(bus)[0].state == "released"


async def test_an_end_waits_for_a_claimed_call_and_then_books_a_liability(desk):
    bus, (leave,) = cleared()
    await fund_call(Heard(leave), bus, desk)
    await claimed(bus, leave)
    end = await ended(bus)

    with pytest.raises(Again) as wait:
        await close(Heard(end), bus, desk)
    bus.clock.advance(wait.value.after_seconds)
    await close(Heard(end), bus, desk)

    assert wait.value.after_seconds == 5 + 30 + 10
    assert bills(bus)[0].state == "liability"
