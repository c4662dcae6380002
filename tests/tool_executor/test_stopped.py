"""Nothing is started under an order to stop, however late it comes."""

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded, ToolUnknown
from shared.clock import FixedClock
from shared.orders import FixedOrders
from shared.testing import MemoryBus
from tests.bodies import ordered, tool_claimed, tool_cleared
from tests.tool_executor.calling import NOON
from tests.tool_executor.test_handlers import Bench

STOP = ordered("tenant", "acme", "stopped")


async def test_a_stopped_tenant_runs_no_tool_and_the_call_has_failed():
    bench = Bench()
    bench.desk = replace(bench.desk, orders=FixedOrders((STOP,)))

    await bench.hear()

    assert bench.said() == ["tool.claimed", "tool.failed"]
    (claim,) = bench.bus.bodies(ToolClaimed)
    (failed,) = bench.bus.bodies(ToolFailed)
    assert (claim.state, failed.kind) == ("revoked", "refused")
    assert "the tenant acme is stopped by anna: incident" in failed.reason
    assert bench.runner.ran == []


async def test_an_order_that_comes_while_a_worker_is_waited_for_still_counts():
    bench = Bench()
    place = bench.runner.place
    orders = LateOrders()
    bench.desk = replace(bench.desk, orders=orders)

    @asynccontextmanager
    async def slow_place(tool, tenant):
        async with place(tool) as found:
            orders.known = (STOP,)
            yield found

    bench.runner.place = slow_place

    await bench.hear()

    assert bench.bus.bodies(ToolSucceeded) == []
    assert bench.runner.ran == []


@pytest.mark.parametrize(
    "order", [ordered("tenant", "other", "stopped"), ordered("tenant", "acme", "paused")]
)
async def test_what_was_cleared_runs_under_any_other_order(order):
    bench = Bench()
    bench.desk = replace(bench.desk, orders=FixedOrders((order,)))

    await bench.hear()

    assert bench.said() == ["tool.claimed", "tool.succeeded"]


async def test_a_stop_does_not_tell_of_a_call_in_doubt_that_it_failed():
    """Its first attempt may have acted: whoever reads that it failed would make it once more."""
    bench = Bench()
    history = bench.cleared.history
    history.say(tool_claimed("1-1"), bench.cleared.fact)
    unknown = ToolUnknown(call="1-1", attempt=1, reason="it died")
    because = history.say(unknown, bench.cleared.fact)
    again = history.say(bench.cleared.asked.body.model_copy(update={"attempt": 2}), because)
    bench.cleared.fact = history.say(tool_cleared(again.body), again)
    bench.bus = MemoryBus(clock=FixedClock(NOON))
    bench.bus.given(*history.facts)
    bench.desk = replace(bench.desk, orders=FixedOrders((STOP,)))

    await bench.hear()

    assert bench.said() == ["tool.claimed", "tool.unknown"]
    told = bench.bus.bodies(ToolUnknown)[-1]
    assert told.attempt == 2
    assert told.reason == (
        "the tenant acme is stopped by anna: incident; nobody knows what its earlier attempt did"
    )
    assert bench.runner.ran == []


class LateOrders:
    """Orders that come while a test runs."""

    known = ()

    def covering(self, tenant, agent):
        return FixedOrders(self.known).covering(tenant, agent)

    def state_for(self, tenant, agent):
        return FixedOrders(self.known).state_for(tenant, agent)
