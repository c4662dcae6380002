"""Whatever wakes it, the orchestrator settles a run; what it loses it decides again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.run import RunFailed, RunStarted
from contracts.shape import Body
from services.orchestrator.adapters import MemoryTimers, schedule_at
from services.orchestrator.handlers import Desk, advance, wake
from shared.bus import Heard
from shared.clock import FixedClock
from shared.errors import Again, Stale
from shared.testing import MemoryBus
from tests.bodies import NOON, task, task_cleared
from tests.histories import History
from tests.orchestrator.deciding import BOOK


@pytest.fixture
def desk() -> Desk:
    return Desk(BOOK, MemoryTimers(), sweep_seconds=60.0, rounds=5)


@pytest.fixture
def bus() -> MemoryBus:
    """A run that was cleared, and waits to be started."""
    history = History()
    history.say(task_cleared(), history.say(task()))
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*history.facts)
    return bus


def heard(bus: MemoryBus) -> Heard[Body]:
    return Heard(bus.facts[-1])


async def test_one_wake_up_says_everything_that_is_missing(bus, desk):
    await advance(heard(bus), bus, desk)

    assert [fact.type for fact in bus.facts[2:]] == ["run.started", "model.requested"]


async def test_a_repeated_wake_up_says_nothing_more(bus, desk):
    event = heard(bus)
    await advance(event, bus, desk)
    before = len(bus.facts)

    await advance(event, bus, desk)

    assert len(bus.facts) == before


async def test_a_started_run_is_woken_at_the_next_sweep(bus, desk):
    await advance(heard(bus), bus, desk)

    assert desk.timers.wakes["acme", "r-1"] == bus.clock.now() + timedelta(seconds=60)


async def test_a_timer_that_was_never_set_is_set_on_the_next_delivery(bus, desk):
    """The run was started, and its timer could not be stored: it would have no deadline."""
    event, set_timer = heard(bus), desk.timers.wake

    async def unreachable(tenant, run_id, at, name):
        raise TimeoutError

    desk.timers.wake = unreachable
    with pytest.raises(TimeoutError):
        await advance(event, bus, desk)
    desk.timers.wake = set_timer

    await advance(replace(event, delivery=2), bus, desk)

    assert desk.timers.wakes["acme", "r-1"] == bus.clock.now() + timedelta(seconds=60)


def test_a_timer_never_fires_before_its_moment():
    """A schedule has whole seconds."""
    assert schedule_at(NOON) == "@at 2026-03-02T12:00:00Z"
    assert schedule_at(NOON + timedelta(microseconds=1)) == "@at 2026-03-02T12:00:01Z"


async def test_a_wake_up_that_finds_nothing_of_its_run_comes_again(desk):
    """A replica of the log lags. Without another timer the run would never be looked at again."""
    await wake("acme", "r-1", MemoryBus(clock=FixedClock(NOON)), desk)

    assert desk.timers.wakes["acme", "r-1"] == NOON + timedelta(seconds=60)


async def test_a_lost_append_is_decided_again(bus, desk):
    append, lost = bus.append, []

    async def lose_once(run, cause_id, body, time=None):
        if not lost:
            lost.append(body)
            raise Stale("run.acme.r-1", run.last_sequence)
        return await append(run, cause_id, body, time)

    bus.append = lose_once
    await advance(heard(bus), bus, desk)

    assert len(bus.bodies(RunStarted)) == 1


async def test_what_was_stored_and_never_acknowledged_is_woken_for_too(bus, desk):
    """Saying it again finds it there. Without a timer the run would have no deadline."""
    append, lost = bus.append, []

    async def lose_acknowledgement(run, cause_id, body, time=None):
        fact = await append(run, cause_id, body, time)
        if not lost:
            lost.append(body)
            raise Stale("run.acme.r-1", run.last_sequence)
        return fact

    bus.append = lose_acknowledgement
    await advance(heard(bus), bus, desk)

    assert [type(body) for body in lost] == [RunStarted]
    assert desk.timers.wakes["acme", "r-1"] == bus.clock.now() + timedelta(seconds=60)


async def test_a_run_that_never_holds_still_is_left_for_later(bus, desk):
    async def always_lose(run, *_):
        raise Stale("run.acme.r-1", run.last_sequence)

    bus.append = always_lose

    with pytest.raises(Again):
        await advance(heard(bus), bus, desk)


async def test_a_timer_past_the_deadline_ends_the_run(bus, desk):
    await advance(heard(bus), bus, desk)
    bus.clock.advance(24 * 3600)

    await wake("acme", "r-1", bus, desk)

    assert bus.bodies(RunFailed)[0].rule == "deadline_passed"


async def test_two_replicas_that_decide_at_once_say_each_thing_once(bus, desk):
    """Both fold the same run; whoever appends second is stale, folds again, and finds it said."""
    stale_run = await bus.read("acme", "r-1")
    await advance(heard(bus), bus, desk)

    with pytest.raises(Stale):
        await bus.append(stale_run, stale_run.verdict.id, bus.bodies(RunStarted)[0])

    assert len(bus.bodies(RunStarted)) == 1
    assert len({fact.id for fact in bus.facts}) == len(bus.facts)


async def test_another_run_of_the_same_tenant_is_not_touched(bus, desk):
    other = History(run_id="r-2")
    other.say(task())
    bus.given(*(replace(fact) for fact in other.facts))

    await advance(Heard(bus.facts[1]), bus, desk)

    assert {fact.run_id for fact in bus.facts[3:]} == {"r-1"}
