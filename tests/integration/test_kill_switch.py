"""After an order to stop is known, router and executor start nothing: on a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from contracts.subjects import CONSOLE, EXECUTOR, ROUTER
from shared.order_log import LogOrders, open_order_log
from shared.orders import Orders, following_orders
from tests.bodies import ordered
from tests.integration.eventually import eventually
from tests.integration.nats_platform import NatsPlatform
from tests.model_router.conftest import Scene
from tests.tool_executor.test_handlers import Bench

TRIES = 20
STOP = ordered("tenant", "acme", "stopped")


@pytest.fixture
async def log(nats_platform: NatsPlatform) -> LogOrders:
    core = await nats_platform.connect(CONSOLE)
    return await open_order_log(core.client, CONSOLE, core.keyring, nats_platform.settings(CONSOLE))


@pytest.fixture
async def followers(nats_platform: NatsPlatform) -> AsyncIterator[list[Orders]]:
    """What the router knows, and what the executor knows."""
    async with AsyncExitStack() as stack:
        found = []
        for service in (ROUTER, EXECUTOR):
            core = await nats_platform.connect(service)
            settings = nats_platform.settings(service, orders_reload_seconds=1.0)
            following = following_orders(core.client, service, core.keyring, settings)
            found.append(await stack.enter_async_context(following))
        yield found


async def effects(router: Orders, executor: Orders) -> int:
    """One funded call and one cleared call of a fresh run; how many of them were started."""
    scene, bench = Scene(), Bench()
    scene.desk = replace(scene.desk, orders=router)
    bench.desk = replace(bench.desk, orders=executor)
    await scene.hear(scene.fund(scene.request()))
    await bench.hear()
    return scene.first.calls + len(bench.runner.ran)


def all_stopped(followers: list[Orders]) -> bool:
    found = [one.state_for("acme", "support") for one in followers]
    return all(order is not None and order.state == "stopped" for order in found)


async def test_nothing_is_started_once_the_order_is_known(log, followers):
    assert await effects(*followers) == 2

    await log.give(STOP)
    await eventually(lambda: all_stopped(followers))

    assert sum([await effects(*followers) for _ in range(TRIES)]) == 0


async def test_work_that_flows_while_the_order_is_given_dries_up_and_stays_dry(log, followers):
    started: list[int] = []

    async def flow() -> None:
        while True:
            started.append(await effects(*followers))
            await asyncio.sleep(0)

    flowing = asyncio.create_task(flow())
    await eventually(lambda: sum(started) > 0)

    await log.give(STOP)
    await eventually(lambda: all_stopped(followers))
    # One round may have looked before the order was known.
    first = len(started) + 1
    await eventually(lambda: len(started) >= first + TRIES)
    flowing.cancel()

    assert sum(started[first:]) == 0


async def test_a_notice_that_was_lost_is_made_up_for_by_the_next_reading(
    nats_platform, log, followers
):
    for orders in followers:
        await orders.follower.hear_no_notices()

    await log.give(STOP)

    await eventually(lambda: all_stopped(followers))
    assert await effects(*followers) == 0
