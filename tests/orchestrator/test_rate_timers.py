"""Runs over the rate of starts: a timer lets them in when time allows it, also after a crash."""

from datetime import timedelta

import pytest

from services.orchestrator.handlers import wake
from services.orchestrator.rules.rates import Rates
from tests.bodies import NOON
from tests.orchestrator.test_queueing import Platform

MINUTE = timedelta(minutes=1)
ONE_A_MINUTE = Rates(per_tenant=1)


async def over_its_rate(**caps: object) -> Platform:
    """One run has just started, and half a minute later another one waits."""
    platform = Platform(rates=ONE_A_MINUTE, **caps)
    await platform.cleared("r-1")
    platform.bus.clock.advance(30)
    assert await platform.cleared("r-2") == "queued"
    return platform


async def test_a_run_over_the_rate_is_woken_when_the_next_may_start_and_not_at_its_sweep():
    platform = await over_its_rate()

    assert platform.timers.wakes["acme", "r-2"] == NOON + MINUTE


async def test_its_timer_starts_it_and_sets_that_of_the_next():
    platform = await over_its_rate()
    await platform.cleared("r-3")
    platform.bus.clock.advance(30)

    await wake("acme", "r-2", platform.bus, platform.desks[0])

    assert [await platform.status(one) for one in ("r-2", "r-3")] == ["running", "queued"]
    assert platform.timers.wakes["acme", "r-3"] == NOON + 2 * MINUTE


async def test_to_be_woken_too_early_does_not_put_off_its_start():
    platform = await over_its_rate()
    platform.bus.clock.advance(10)

    await wake("acme", "r-2", platform.bus, platform.desks[0])

    assert platform.timers.wakes["acme", "r-2"] == NOON + MINUTE


async def test_an_end_sets_the_timer_of_whom_only_the_rate_still_keeps_waiting():
    platform = await over_its_rate(open_runs=1)
    before = platform.timers.wakes["acme", "r-2"]

    await platform.end("r-1")

    assert before == NOON + timedelta(seconds=90)  # its sweep: who knows when a place is free
    assert platform.timers.wakes["acme", "r-2"] == NOON + MINUTE


async def test_a_timer_that_a_crash_left_out_is_set_by_the_next_delivery():
    platform = await over_its_rate(open_runs=1)
    end = await platform.end("r-1", heard=False)
    set_timer = platform.timers.wake

    async def dies(*_):
        raise ConnectionError

    platform.timers.wake = dies
    with pytest.raises(ConnectionError):
        await platform.hear_end(end)
    platform.timers.wake = set_timer

    await platform.hear_end(end)

    assert platform.timers.wakes["acme", "r-2"] == NOON + MINUTE


async def test_a_key_with_a_rate_needs_no_cap():
    platform = Platform(rates=Rates(per_key=1))
    await platform.cleared("r-1", concurrency_key="k")
    await platform.end("r-1")
    platform.bus.clock.advance(30)

    assert await platform.cleared("r-2", concurrency_key="k") == "queued"
    assert platform.timers.wakes["acme", "r-2"] == NOON + MINUTE


async def test_two_replicas_never_start_more_in_a_minute_than_may():
    platform = Platform(replicas=2, rates=Rates(per_tenant=3))

    statuses = [await platform.cleared(f"r-{n}", desk=n % 2) for n in range(8)]

    assert statuses.count("running") == 3
