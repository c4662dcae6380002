"""An order reaches every open run that it is about, and what people ask reaches theirs."""

from dataclasses import replace

import pytest

from contracts.control import RunPaused, RunResumed
from contracts.run import RunCancelled
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, Rouser, advance, wake
from shared.bus import Heard
from shared.clock import FixedClock
from shared.orders import FixedOrders
from shared.testing import MemoryBus
from tests.bodies import NOON, manifest, ordered, pause_requested, resume_requested
from tests.histories import History
from tests.orchestrator.deciding import BOOK

LATER = NOON.replace(year=2030)


@pytest.fixture
def desk() -> Desk:
    return Desk(BOOK, MemoryTimers(), sweep_seconds=60.0, rounds=5)


@pytest.fixture
def bus() -> MemoryBus:
    """A run that was started."""
    history = History()
    history.begin(manifest())
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*history.facts)
    return bus


async def test_a_run_is_paused_and_resumed_by_requests(bus, desk):
    for request in (pause_requested(), resume_requested()):
        heard = await bus.say(bus.facts[0], request)
        await advance(Heard(heard), bus, desk)

    assert [fact.type for fact in bus.facts[3:]] == [
        "run.pause_requested",
        "run.paused",
        "run.resume_requested",
        "run.resumed",
        "model.requested",
    ]


async def test_the_timers_of_a_paused_run_wait_for_the_sweep_alone(bus, desk):
    heard = await bus.say(bus.facts[0], pause_requested())

    await advance(Heard(heard), bus, desk)

    assert (desk.timers.wakes["acme", "r-1"] - bus.clock.now()).total_seconds() == 60


@pytest.mark.parametrize(
    ("scope", "name", "woken"),
    [
        ("platform", None, {("acme", "r-1"), ("other", "r-2")}),
        ("agent", "support", {("acme", "r-1"), ("other", "r-2")}),
        ("tenant", "other", {("other", "r-2")}),
    ],
)
async def test_an_order_sets_the_timers_of_the_runs_that_it_may_be_about(scope, name, woken):
    timers = MemoryTimers()
    for run in (("acme", "r-1"), ("other", "r-2")):
        await timers.wake(*run, LATER)

    await Rouser(timers, FixedClock(NOON), at_once=1).rouse(ordered(scope, name, "paused"))

    assert {run for run, at in timers.wakes.items() if at == NOON} == woken


async def test_timers_that_cannot_be_set_do_not_stop_the_orders_from_being_followed():
    class Away(MemoryTimers):
        async def armed(self, tenant, name="*"):
            raise TimeoutError

    await Rouser(Away(), FixedClock(NOON), at_once=1).rouse(ordered("platform", None, "paused"))


async def test_a_woken_run_follows_the_orders_of_the_moment(bus, desk):
    for state, kind in (("paused", RunPaused), ("running", RunResumed), ("stopped", RunCancelled)):
        orders = FixedOrders((ordered("agent", "support", state),))
        desk = replace(desk, book=replace(BOOK, orders=orders))

        await wake("acme", "r-1", bus, desk)

        assert len(bus.bodies(kind)) == 1
