"""One clearance, heard once or often, by one executor or several: one start, one outcome."""

from datetime import timedelta

import pytest

from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded, ToolUnknown
from services.tool_executor.adapters.runner import FakeRunner
from services.tool_executor.errors import WorkersBusy
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.rules import Expired, Raised
from shared.bus import Heard
from shared.clock import FixedClock
from shared.errors import Again, LogRefused
from shared.testing import MemoryBus
from tests.tool_executor.calling import NOON, Cleared, declared, registry_of

DOUBLE = declared("double")
CRASH = declared("crash")


class Bench:
    """A bus with one cleared call, and an executor that runs nothing."""

    def __init__(self, tool=DOUBLE, arguments='{"x": 21}', **changes):
        self.cleared = Cleared(tool, arguments, **changes)
        self.bus = MemoryBus(clock=FixedClock(NOON))
        self.bus.given(*self.cleared.history.facts)
        self.runner = FakeRunner()
        self.desk = Desk(registry_of(tool), self.runner, sleep=self.sleep)

    async def sleep(self, seconds):
        self.bus.clock.advance(seconds)

    async def hear(self, delivery=1, *, last=False):
        await run_call(Heard(self.cleared.fact, delivery, last), self.bus, self.desk)

    async def claimed_by_somebody(self, state="claimed"):
        claim = ToolClaimed(
            call="1-1",
            attempt=1,
            nonce="somebody",
            state=state,
            start_before=NOON + timedelta(seconds=5),
            time_limit_seconds=30,
        )
        assert await self.bus.claim(self.cleared.fact, claim)

    def said(self):
        return [one.type for one in self.bus.facts[len(self.cleared.history.facts) :]]


async def test_a_cleared_call_is_claimed_run_and_told():
    bench = Bench()

    await bench.hear()

    assert bench.said() == ["tool.claimed", "tool.succeeded"]
    assert bench.bus.facts[-1].cause_id == bench.cleared.fact.id
    assert [name for name, _, _ in bench.runner.ran] == ["double"]


async def test_the_claim_tells_until_when_it_may_start_and_how_long_it_may_take():
    bench = Bench()

    await bench.hear()

    claim = bench.bus.bodies(ToolClaimed)[0]
    assert claim.start_before == NOON + timedelta(seconds=5)
    assert claim.time_limit_seconds == DOUBLE.manifest.timeout_seconds


async def test_a_repeated_delivery_runs_nothing_again():
    bench = Bench()
    await bench.hear()

    await bench.hear(delivery=2)

    assert len(bench.runner.ran) == 1
    assert bench.said() == ["tool.claimed", "tool.succeeded"]


async def test_a_claim_never_lets_a_call_start_after_its_clearance_expired():
    expires_at = NOON + timedelta(seconds=2)
    bench = Bench(expires_at=expires_at)

    await bench.hear()

    assert bench.bus.bodies(ToolClaimed)[0].start_before == expires_at


async def test_a_process_that_was_frozen_after_its_claim_does_not_start():
    bench = Bench()
    claim = bench.bus.claim

    async def slow_claim(cause, body):
        bench.bus.clock.advance(6)
        return await claim(cause, body)

    bench.bus.claim = slow_claim
    await bench.hear()

    assert bench.runner.ran == []
    assert bench.bus.bodies(ToolFailed)[0].kind == "unavailable"


async def test_arguments_that_do_not_fit_are_told_by_field_and_never_run():
    bench = Bench(arguments='{"x": "many", "y": 1}')

    await bench.hear()

    failed = bench.bus.bodies(ToolFailed)[0]
    assert failed.kind == "invalid_arguments"
    assert "x: " in failed.reason
    assert "y: " in failed.reason
    assert bench.runner.ran == []


async def test_what_is_refused_is_called_off_first_so_that_nobody_else_starts_it():
    bench = Bench(expires_at=NOON)

    await bench.hear()

    assert bench.said() == ["tool.claimed", "tool.failed"]
    assert bench.bus.bodies(ToolClaimed)[0].state == "revoked"
    assert bench.bus.bodies(ToolFailed)[0].kind == "refused"


async def test_a_call_claimed_by_another_is_waited_for():
    bench = Bench()
    await bench.claimed_by_somebody()

    with pytest.raises(Again) as again:
        await bench.hear(delivery=2)

    assert again.value.after_seconds == pytest.approx(36)
    assert bench.said() == ["tool.claimed"]


async def test_a_call_whose_claimer_fell_silent_becomes_unknown():
    bench = Bench()
    await bench.claimed_by_somebody()
    bench.bus.clock.advance(36)

    await bench.hear(delivery=2)

    assert len(bench.bus.bodies(ToolUnknown)) == 1
    assert bench.runner.ran == []


async def test_losing_the_claim_runs_nothing():
    bench = Bench()
    claim = bench.bus.claim

    async def lose(cause, body):
        await bench.claimed_by_somebody_else()
        return await claim(cause, body)

    async def first():
        bench.bus.claim = claim
        await bench.claimed_by_somebody()

    bench.claimed_by_somebody_else = first
    bench.bus.claim = lose

    with pytest.raises(Again):
        await bench.hear()

    assert bench.runner.ran == []


async def test_a_revoked_call_is_neither_run_nor_told():
    bench = Bench()
    await bench.claimed_by_somebody("revoked")

    await bench.hear()

    assert bench.said() == ["tool.claimed"]


async def test_the_last_delivery_of_an_unclaimed_call_says_unavailable():
    bench = Bench()

    await bench.hear(20, last=True)

    assert bench.bus.bodies(ToolFailed)[0].kind == "unavailable"
    assert bench.runner.ran == []


async def test_the_last_delivery_of_a_claimed_call_waits_its_time_and_says_unknown():
    bench = Bench()
    await bench.claimed_by_somebody()

    await bench.hear(20, last=True)

    assert bench.bus.clock.now() == NOON + timedelta(seconds=36)
    assert len(bench.bus.bodies(ToolUnknown)) == 1


async def test_no_free_worker_claims_nothing_and_comes_again():
    bench = Bench()
    bench.runner.refuses = WorkersBusy(4, 20.0)

    with pytest.raises(Again):
        await bench.hear()

    assert bench.said() == []


async def test_a_tool_with_an_effect_that_was_stopped_is_unknown():
    bench = Bench(CRASH, "{}")
    bench.runner.endings = [Expired(30)]

    await bench.hear()

    assert bench.said() == ["tool.claimed", "tool.unknown"]


async def test_a_tool_that_raises_has_failed_in_its_own_words():
    bench = Bench()
    bench.runner.endings = [Raised("OrderUnknown: there is no order 1")]

    await bench.hear()

    assert bench.bus.bodies(ToolFailed)[0].reason == "OrderUnknown: there is no order 1"


async def test_an_output_that_the_log_does_not_take_is_told_as_too_large():
    bench = Bench()
    say = bench.bus.say

    async def refuse_success(cause, body):
        if isinstance(body, ToolSucceeded):
            raise LogRefused("run.acme.r-1", 0, "maximum payload exceeded")
        return await say(cause, body)

    bench.bus.say = refuse_success
    await bench.hear()

    assert bench.bus.bodies(ToolFailed)[0].kind == "too_large"
