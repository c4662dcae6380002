"""Deadlines of steps and tools are met in time, also those that come before the next sweep."""

from datetime import timedelta

import pytest

from contracts.agent import AgentLimits
from contracts.envelope import Fact
from contracts.shape import Body, later
from contracts.tool import ToolClaimed, ToolUnknown
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, advance, wake
from services.orchestrator.rules import Book, next_wake
from services.orchestrator.rules.timing import GRACE_SECONDS
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, agent, manifest, run_started, task, task_cleared
from tests.histories import History

SWEEP = 60.0
HURRIED = agent().model_copy(update={"limits": AgentLimits(step_seconds=5)})
FIND = ("find_order", "{}")
TIME_LIMIT = 10.0


class CountedTimers(MemoryTimers):
    """Remembers how often a timer was set, too."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    async def wake(self, tenant, run_id, at, name="wake"):
        self.times += 1
        await super().wake(tenant, run_id, at, name)

    @property
    def at(self):
        """When the run is woken."""
        return self.wakes.get(("acme", "r-1"))


class TickingClock(FixedClock):
    """A few milliseconds later whenever it is looked at."""

    def now(self):
        self.advance(0.005)
        return super().now()


@pytest.fixture
def timers() -> CountedTimers:
    return CountedTimers()


def desk_of(timers: MemoryTimers, agent_=HURRIED) -> Desk:
    book = Book({"support": agent_}, {"find_order": manifest()})
    return Desk(book, timers, sweep_seconds=SWEEP, rounds=5)


def bus_of(history: History) -> MemoryBus:
    bus = MemoryBus(clock=FixedClock(history.facts[-1].time))
    bus.given(*history.facts)
    return bus


def called(count: int = 1, **changes: object) -> History:
    """A run whose model has just asked for calls, and nobody has heard that yet."""
    history = History()
    history.begin(manifest(**{"timeout_seconds": TIME_LIMIT, **changes}))
    history.step(calls=[FIND] * count)
    history.facts.pop()  # the bill comes later
    return history


async def test_a_step_that_must_be_answered_before_the_sweep_has_a_timer(timers):
    history = History()
    history.say(task_cleared(), history.say(task()))
    bus = bus_of(history)

    await advance(Heard(bus.facts[-1]), bus, desk_of(timers))

    assert bus.facts[-1].type == "model.requested"
    assert timers.at == later(bus.facts[-1].body.deadline, GRACE_SECONDS)


async def test_a_later_step_has_one_too(timers):
    """Its run has been started long ago, so that nothing else would set it."""
    history = History()
    cleared = history.say(task_cleared(), history.say(task()))
    started = run_started(manifest()).model_copy(update={"agent": HURRIED})
    history.say(started, cleared)
    history.use(history.step(calls=[FIND]))
    bus = bus_of(history)

    await advance(Heard(bus.facts[-1]), bus, desk_of(timers))

    assert (bus.facts[-1].type, bus.facts[-1].body.step) == ("model.requested", 2)
    assert timers.at == later(bus.facts[-1].body.deadline, GRACE_SECONDS)


async def test_a_call_whose_time_limit_ends_before_the_sweep_has_a_timer(timers):
    bus = bus_of(called())

    await advance(Heard(bus.facts[-1]), bus, desk_of(timers))

    asked = bus.facts[-1]
    assert asked.type == "tool.requested"
    assert timers.at == later(asked.time, TIME_LIMIT + GRACE_SECONDS)


async def test_calls_at_once_have_one_timer_together(timers):
    bus = bus_of(called(count=3))

    await advance(Heard(bus.facts[-1]), bus, desk_of(timers))

    assert [fact.type for fact in bus.facts[-3:]] == ["tool.requested"] * 3
    assert timers.times == 1


@pytest.mark.parametrize("time_limit", [SWEEP, SWEEP - GRACE_SECONDS])
async def test_what_is_not_due_before_the_sweep_sets_no_timer(timers, time_limit):
    """That of the sweep is set already, and every step would pay for another."""
    history = called(timeout_seconds=time_limit)
    bus = bus_of(history)
    bus.clock = TickingClock(history.facts[-1].time)

    await advance(Heard(bus.facts[-1]), bus, desk_of(timers))

    assert bus.facts[-1].type == "tool.requested"
    assert timers.times == 0


async def test_a_call_that_falls_silent_is_unknown_when_its_time_is_up_and_not_at_a_sweep(timers):
    bus, desk = bus_of(called()), desk_of(timers)
    await advance(Heard(bus.facts[-1]), bus, desk)
    claimed_at = _claim(bus)
    overdue = later(claimed_at, TIME_LIMIT + GRACE_SECONDS)

    moments = [timers.at]
    for _ in range(3):
        bus.clock.advance((timers.at - bus.clock.now()).total_seconds())
        await wake("acme", "r-1", bus, desk)
        moments.append(timers.at)
        if any(isinstance(fact.body, ToolUnknown) for fact in bus.facts):
            break

    assert bus.clock.now() == overdue
    assert moments[0] < overdue


def _claim(bus: MemoryBus):
    """The call is cleared and claimed a few seconds later; the orchestrator hears of neither."""
    history = History(facts=list(bus.facts))
    cleared: Fact[Body] = history.clear(history.facts[-1])
    start_before = cleared.time + timedelta(seconds=5)
    claim = ToolClaimed(
        call="1-1",
        attempt=1,
        nonce="n",
        state="claimed",
        start_before=start_before,
        time_limit_seconds=TIME_LIMIT,
    )
    bus.given(cleared, history.say(claim, cleared))
    return start_before


def test_a_call_that_nobody_has_judged_for_long_is_looked_at_again_and_not_at_once():
    """It may be cleared and claimed just now."""
    history = called()
    history.call(history.facts[-1])
    much_later = NOON + timedelta(minutes=5)

    woken = next_wake(history.run, much_later, 3600.0)

    assert woken == later(much_later, TIME_LIMIT + GRACE_SECONDS)
