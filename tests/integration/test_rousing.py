"""An order reaches the runs that wait for something else, by their timers on a real server."""

from contracts.subjects import CONSOLE, ORCHESTRATOR
from services.orchestrator.adapters import NatsTimers
from services.orchestrator.handlers import Rouser
from shared.order_log import open_order_log
from shared.orders import following_orders
from tests.bodies import NOON, ordered


async def test_an_order_wakes_the_open_runs_that_it_is_about(nats_platform):
    console = await nats_platform.connect(CONSOLE)
    settings = nats_platform.settings(CONSOLE)
    log = await open_order_log(console.client, CONSOLE, console.keyring, settings)
    core = await nats_platform.connect(ORCHESTRATOR)
    timers = NatsTimers(core.client, 2.0)
    await timers.start()
    far = NOON.replace(year=2099)
    for tenant, run_id in (("acme", "r-1"), ("acme", "r-2"), ("other", "r-3")):
        await timers.wake(tenant, run_id, far)
    rouser = Rouser(timers, core.bus.clock, at_once=2)

    following = following_orders(
        core.client, ORCHESTRATOR, core.keyring, nats_platform.settings(ORCHESTRATOR), rouser
    )
    async with following:
        await log.give(ordered("tenant", "acme", "paused"))
        js = await nats_platform.jetstream()
        consumer = await js.pull_subscribe_bind("orchestrator-timers", stream="TIMERS")
        fired = await consumer.fetch(2, timeout=10)

    assert sorted(one.subject for one in fired) == ["timer.fired.acme.r-1", "timer.fired.acme.r-2"]
    assert await timers.armed("other") == [("other", "r-3")]


async def test_a_run_that_waits_for_rules_is_found_by_their_name(nats_platform):
    core = await nats_platform.connect(ORCHESTRATOR)
    timers = NatsTimers(core.client, 2.0)
    await timers.start()
    far = NOON.replace(year=2099)
    await timers.wake("found", "r-1", far)
    await timers.wake("found", "r-1", far, "rules-1-1")
    await timers.wake("found", "r-2", far)

    assert ("found", "r-1") in await timers.armed(None, "rules-1-1")
    assert ("found", "r-2") not in await timers.armed(None, "rules-1-1")
    assert await timers.armed("found") == [("found", "r-1"), ("found", "r-2")]
