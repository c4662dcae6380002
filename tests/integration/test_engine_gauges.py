"""What the observer sees of a real engine, under its own permissions."""

import pytest

from contracts.subjects import CONSOLE, GUARDRAIL, OBSERVER, RUNS
from services.console.dead_letters import Note, open_dead_letters
from services.observer.adapters.engine import open_engine
from services.observer.adapters.stops import open_stops
from shared.order_log import open_order_log
from tests.bodies import ordered
from tests.integration.bus.scene import submit
from tests.integration.eventually import eventually


@pytest.fixture
async def observer(nats_platform):
    return await nats_platform.connect(OBSERVER)


@pytest.fixture
async def engine(observer):
    return await open_engine(observer.client, OBSERVER, 2.0)


async def queue(engine, durable):
    return next(one for one in await engine.queues() if one.durable == durable)


async def test_a_fact_that_nobody_has_heard_waits_and_its_age_is_told(nats_platform, engine):
    assert (await queue(engine, GUARDRAIL)).oldest_seconds == 0

    await submit(nats_platform, "r-1")

    await eventually(lambda: _waits(engine))
    assert (await queue(engine, GUARDRAIL)).pending == 1


async def _waits(engine):
    return (await queue(engine, GUARDRAIL)).oldest_seconds > 0.1


async def test_a_fact_that_is_worked_on_waits_for_nobody(nats_platform, engine):
    await submit(nats_platform, "r-1")
    js = (await nats_platform.client(GUARDRAIL)).jetstream()
    consumer = await js.pull_subscribe_bind(GUARDRAIL, stream=RUNS)

    await consumer.fetch(1, timeout=5)

    heard = await queue(engine, GUARDRAIL)
    assert (heard.pending, heard.ack_pending, heard.oldest_seconds) == (0, 1, 0.0)


async def test_dead_letters_are_open_until_somebody_decides(nats_platform, engine):
    assert await engine.open_letters() == 0
    core = await nats_platform.connect(GUARDRAIL)
    for run_id in ("r-1", "r-2"):
        submitted = await submit(nats_platform, run_id)
        stored = (await core.redrives.at(submitted.sequence)).stored
        await core.dead_letters.put(stored, RUNS, "handler_failed", "it failed")
    assert await engine.open_letters() == 2
    box = await open_dead_letters(await nats_platform.connect(CONSOLE), 100, 2.0)

    await box.note(1, Note(state="discarded", principal="anna", reason=""))

    assert await engine.open_letters() == 1


async def test_streams_tell_what_they_hold_and_may_hold(engine):
    streams = {one.stream: one for one in await engine.streams()}

    assert streams[RUNS].limit_bytes == 64_000_000


async def test_stops_are_counted_until_they_are_lifted(nats_platform, observer):
    stops = await open_stops(observer.client, OBSERVER, observer.keyring, 2.0)
    assert await stops.in_force() == {"platform": 0, "tenant": 0, "agent": 0, "tool": 0}
    console = await nats_platform.connect(CONSOLE)
    settings = nats_platform.settings(CONSOLE)
    log = await open_order_log(console.client, CONSOLE, console.keyring, settings)

    await log.give(ordered("tenant", "acme", "stopped"))
    await log.give(ordered("agent", "support", "paused"))
    assert await stops.in_force() == {"platform": 0, "tenant": 1, "agent": 0, "tool": 0}

    await log.give(ordered("tenant", "acme", "running"))
    assert await stops.in_force() == {"platform": 0, "tenant": 0, "agent": 0, "tool": 0}
