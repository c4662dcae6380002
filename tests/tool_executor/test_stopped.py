"""Nothing is started under an order to stop, however late it comes."""

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded
from shared.orders import FixedOrders
from tests.bodies import ordered
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
    async def slow_place(tool):
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


class LateOrders:
    """Orders that come while a test runs."""

    known = ()

    def covering(self, tenant, agent):
        return FixedOrders(self.known).covering(tenant, agent)

    def state_for(self, tenant, agent):
        return FixedOrders(self.known).state_for(tenant, agent)
