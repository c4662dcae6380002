"""The executor of one tenant knows what is ordered for its own, and nothing of others."""

from collections.abc import AsyncIterator

import pytest

from contracts.subjects import CONSOLE, EXECUTOR
from shared.errors import Again
from shared.order_log import LogOrders, open_order_log
from shared.tenant_orders import TenantOrders, following_orders_of
from tests.bodies import ordered
from tests.integration.eventually import eventually

# Longer than any test: what is seen was told of, and not found by a later reading.
SELDOM_SECONDS = 30.0


@pytest.fixture
async def log(named) -> LogOrders:
    core = await named.connect(CONSOLE)
    return await open_order_log(core.client, CONSOLE, core.keyring, named.settings(CONSOLE))


@pytest.fixture
async def orders(named) -> AsyncIterator[TenantOrders]:
    core = await named.connect(EXECUTOR, "acme")
    settings = named.settings(core.user, orders_reload_seconds=SELDOM_SECONDS)
    following = following_orders_of(
        "acme", ["find_order"], core.client, core.user, core.keyring, settings
    )
    async with following as found:
        yield found


def state(orders: TenantOrders, agent: str = "support") -> str:
    """What is in force for an agent; where nobody knows yet, that."""
    try:
        order = orders.state_for("acme", agent)
    except Again:
        return "unknown"
    return "running" if order is None else order.state


async def known(orders: TenantOrders, agent: str = "support") -> str:
    await eventually(lambda: state(orders, agent) != "unknown")
    return state(orders, agent)


async def test_an_agent_is_asked_for_when_a_run_of_it_comes_and_nothing_starts_before(orders):
    with pytest.raises(Again, match="support is not read yet"):
        orders.state_for("acme", "support")

    assert await known(orders) == "running"


@pytest.mark.parametrize("scope", [("platform", None), ("tenant", "acme"), ("agent", "support")])
async def test_a_stop_is_known_soon_after_it_was_given(orders, log, scope):
    assert await known(orders) == "running"

    await log.give(ordered(*scope, "stopped"))

    await eventually(lambda: state(orders) == "stopped")


async def test_an_agent_that_was_stopped_before_others_were_is_found_stopped(orders, log):
    await log.give(ordered("agent", "late", "stopped"))
    await log.give(ordered("platform", None, "running"))
    assert await known(orders) == "running"
    await eventually(lambda: orders.heads.last_sequence == 2)

    assert await known(orders, "late") == "stopped"


async def test_a_tool_that_is_stopped_is_known_from_the_start(orders, log):
    assert orders.for_tool("find_order") is None

    await log.give(ordered("tool", "find_order", "stopped"))

    await eventually(lambda: orders.for_tool("find_order") is not None)


async def test_what_is_ordered_for_another_tenant_is_neither_heard_nor_read(named, orders, log):
    await log.give(ordered("tenant", "beta", "stopped"))
    await log.give(ordered("tenant", "acme", "paused"))

    await eventually(lambda: state(orders) == "paused")

    assert {order.name for order in orders.heads.by_subject.values()} == {"acme"}
    with pytest.raises(Again, match="orders for beta are not followed here"):
        orders.covering("beta", "support")
    assert named.refusals == []
