"""Schedules on the real engine: it fires, keeps them, forgets them, and refuses nonsense."""

import pytest

from contracts.subjects import ORCHESTRATOR, TIMERS
from services.orchestrator.adapters import NatsTimers
from shared.errors import ConfigError
from tests.integration.eventually import eventually


@pytest.fixture
async def timers(nats_platform):
    core = await nats_platform.connect(ORCHESTRATOR)
    timers = NatsTimers(core.client, 2.0)
    await timers.start()
    return timers


async def test_a_schedule_fires_where_the_orchestrator_hears(nats_platform, timers):
    js = await nats_platform.jetstream()

    await timers.repeat("each-second", "* * * * * *", "Europe/Berlin")

    async def fired():
        info = await js.stream_info(TIMERS, subjects_filter="timer.due.*")
        return (info.state.subjects or {}).get("timer.due.each-second", 0) >= 2

    await eventually(fired)
    pending = (await js.consumer_info(TIMERS, "orchestrator-timers")).num_pending
    assert pending >= 2


async def test_a_schedule_that_is_set_again_is_left_as_it_is(nats_platform, timers):
    js = await nats_platform.jetstream()
    await timers.repeat("nightly", "0 0 7 * * *", "UTC")
    before = (await js.stream_info(TIMERS)).state.last_seq

    await timers.repeat("nightly", "0 0 7 * * *", "UTC")

    assert (await js.stream_info(TIMERS)).state.last_seq == before


async def test_a_changed_schedule_replaces_the_old_one(timers):
    await timers.repeat("nightly", "0 0 7 * * *", "UTC")

    await timers.repeat("nightly", "0 0 8 * * *", "UTC")

    assert await timers.repeating() == ["nightly"]


async def test_a_schedule_that_is_forgotten_is_gone(timers):
    await timers.repeat("nightly", "0 0 7 * * *", "UTC")
    await timers.repeat("weekly", "0 0 7 * * MON", "UTC")

    await timers.forget("nightly")

    assert await timers.repeating() == ["weekly"]


@pytest.mark.parametrize(
    ("cron", "zone"), [("0 99 * * * *", "UTC"), ("0 0 7 * * *", "Europe/Nowhere")]
)
async def test_what_the_engine_does_not_understand_is_a_mistake_in_the_file(timers, cron, zone):
    with pytest.raises(ConfigError, match="nightly"):
        await timers.repeat("nightly", cron, zone)
