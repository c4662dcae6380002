"""What the executor counts: how calls end, how long tools take, how long calls wait for it."""

from datetime import timedelta

import pytest

from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded, ToolUnknown
from services.tool_executor.adapters.runner import FakeRunner
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.metrics import count
from shared.bus import Heard, Said
from shared.clock import FixedClock
from shared.errors import Again
from shared.testing import MemoryBus
from tests.counting import counted
from tests.tool_executor.calling import NOON, Cleared, declared, registry_of

CLEARED = Cleared(declared("double"))
WORDS = {"call": "1-1", "attempt": 1}


def said(body):
    return Said(CLEARED.history.say(body, CLEARED.fact), CLEARED.fact)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (ToolSucceeded(**WORDS, output_json="1"), "succeeded"),
        (ToolFailed(**WORDS, kind="timed_out", reason="slow"), "timed_out"),
        (ToolUnknown(**WORDS, reason="nobody can tell"), "unknown"),
    ],
)
def test_an_outcome_is_counted_under_its_tool_and_kind(body, outcome):
    outcomes = counted("interlock_tool_outcomes_total", tool="double", outcome=outcome)

    count(said(body))

    assert outcomes.more == 1


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        (ToolSucceeded(**WORDS, output_json="1", duration_ms=250), ""),
        (ToolFailed(**WORDS, kind="error", reason="broke", duration_ms=250), "error"),
    ],
)
def test_a_tool_that_ran_is_told_with_its_duration(body, error_type):
    labels = {"gen_ai_tool_name": "double", "error_type": error_type}
    seconds = counted("gen_ai_execute_tool_duration_seconds_sum", **labels)

    count(said(body))

    assert seconds.more == pytest.approx(0.25)


def test_a_call_that_was_refused_has_no_duration():
    labels = {"gen_ai_tool_name": "double", "error_type": "refused"}
    runs = counted("gen_ai_execute_tool_duration_seconds_count", **labels)

    count(said(ToolFailed(**WORDS, kind="refused", reason="stopped")))

    assert runs.more == 0


def test_a_recorded_result_is_a_replay_and_no_outcome():
    replays = counted("interlock_tool_replayed_total", tool="double")
    outcomes = counted("interlock_tool_outcomes_total", tool="double", outcome="succeeded")

    count(said(ToolSucceeded(**WORDS, output_json="1", replayed_from="f-1")))

    assert (replays.more, outcomes.more) == (1, 0)


async def hear(*others, at=NOON):
    """The clearance, heard at a moment; `others` claimed the call before."""
    tool = declared("double")
    cleared, bus = Cleared(tool), MemoryBus(clock=FixedClock(at))
    bus.given(*cleared.history.facts)
    for claim in others:
        assert await bus.claim(cleared.fact, claim)
    desk = Desk(registry_of(tool), FakeRunner())
    await run_call(Heard(cleared.fact, len(others) + 1), bus, desk)


async def test_a_won_claim_tells_how_long_the_call_waited_for_it():
    waited = counted("interlock_tool_dispatch_seconds_sum")

    await hear(at=CLEARED.asked.stored_at + timedelta(seconds=2))

    assert waited.more == pytest.approx(2)


async def test_a_call_that_somebody_else_claimed_tells_nothing():
    claims = counted("interlock_tool_dispatch_seconds_count")
    theirs = {"state": "claimed", "start_before": NOON + timedelta(hours=1)}

    with pytest.raises(Again):
        await hear(ToolClaimed(**WORDS, nonce="theirs", time_limit_seconds=30, **theirs))

    assert claims.more == 0
