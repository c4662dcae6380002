"""A tool that has a price is started only when that is held."""

from decimal import Decimal

from contracts.money import ToolFunded, ToolUnfunded
from contracts.tool import ToolFailed
from services.tool_executor.handlers import run_priced
from shared.bus import Heard
from tests.tool_executor.calling import declared
from tests.tool_executor.test_handlers import Bench

PRICED = declared("double", price_usd=Decimal("0.01"))
UNFUNDED = ToolUnfunded(
    call="1-1", attempt=1, rule="budget_exhausted", reason="run:acme/r-1 has 3 left"
)


def held(amount=10_000):
    return ToolFunded(call="1-1", attempt=1, hold_id="h", amount_micro_usd=amount, budgets=())


async def answered(bench, body):
    answer = await bench.bus.say(bench.cleared.fact, body)
    await run_priced(Heard(answer), bench.bus, bench.desk)


async def test_a_clearance_alone_starts_nothing_that_has_a_price():
    bench = Bench(PRICED)

    await bench.hear()

    assert bench.said() == []


async def test_what_is_paid_for_is_run_and_its_outcome_follows_from_the_clearance():
    bench = Bench(PRICED)

    await answered(bench, held())

    assert bench.said() == ["tool.funded", "tool.claimed", "tool.succeeded"]
    assert bench.bus.facts[-1].cause_id == bench.cleared.fact.id


async def test_a_clearance_that_is_heard_again_runs_nothing_twice():
    bench = Bench(PRICED)
    await answered(bench, held())

    await bench.hear(delivery=2)

    assert len(bench.runner.ran) == 1


async def test_without_money_the_call_is_refused_with_the_reason():
    bench = Bench(PRICED)

    await answered(bench, UNFUNDED)

    (failed,) = bench.bus.bodies(ToolFailed)
    assert failed.kind == "refused"
    assert failed.reason == "there is no money for it: run:acme/r-1 has 3 left"
    assert bench.runner.ran == []


async def test_a_hold_of_less_than_the_price_starts_nothing():
    bench = Bench(PRICED)

    await answered(bench, held(9_999))

    assert bench.bus.bodies(ToolFailed)[0].kind == "refused"
    assert bench.runner.ran == []
