"""A run waits for a replica that has its rules: others look at it seldom, and that one at once."""

from datetime import timedelta

import pytest

from contracts.envelope import Fact
from contracts.run import DECIDE_VERSION
from contracts.shape import later
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.adapters.timers import WAKE
from services.orchestrator.handlers import Desk, take_up, wake
from services.orchestrator.rules import next_wake
from services.orchestrator.rules.timing import deadline
from services.orchestrator.rules.versions import OWN_RULES, rules_named
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, manifest, run_started, task, task_cleared
from tests.histories import History
from tests.orchestrator.deciding import BOOK

SWEEP = 60.0


def started(run_id: str = "r-1", decide_version: int = DECIDE_VERSION) -> History:
    history = History(run_id=run_id)
    cleared = history.say(task_cleared(), history.say(task()))
    versions = {"decide_version": decide_version}
    history.say(run_started(manifest()).model_copy(update=versions), cleared)
    return history


FOREIGN = started(decide_version=99)
ENDS = deadline(FOREIGN.run)


def said(bus: MemoryBus, run_id: str) -> list[str]:
    known: list[Fact] = [one for one in bus.facts if one.run_id == run_id]
    return [one.type for one in known[3:]]


@pytest.fixture
def desk() -> Desk:
    return Desk(BOOK, MemoryTimers(), sweep_seconds=SWEEP, rounds=5)


@pytest.mark.parametrize(
    ("past_seconds", "wait_seconds"), [(0, 1), (0.2, 1), (3, 3), (20, 20), (61, 60), (9000, 60)]
)
def test_a_moment_that_nobody_decides_upon_is_looked_at_ever_more_seldom(
    past_seconds, wait_seconds
):
    now = later(ENDS, past_seconds)

    assert next_wake(FOREIGN.run, now, SWEEP) == now + timedelta(seconds=wait_seconds)


async def test_a_deadline_that_only_others_can_decide_upon_costs_few_looks(desk):
    bus = MemoryBus(clock=FixedClock(ENDS))
    bus.given(*FOREIGN.facts)

    looks = 0
    while bus.clock.now() < later(ENDS, SWEEP):
        await wake("acme", "r-1", bus, desk)
        bus.clock.advance((desk.timers.wakes["acme", "r-1"] - bus.clock.now()).total_seconds())
        looks += 1

    assert looks == 7
    assert bus.facts == FOREIGN.facts


async def test_the_timer_of_a_run_that_waits_tells_for_which_rules(desk):
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*FOREIGN.facts)

    await wake("acme", "r-1", bus, desk)

    started_ = FOREIGN.run.started.body
    assert await desk.timers.armed(None, rules_named(started_.fold_version, 99)) == [
        ("acme", "r-1")
    ]
    assert await desk.timers.armed(None, OWN_RULES) == []


async def test_a_replica_that_comes_up_goes_on_with_the_runs_that_waited_for_its_rules(desk):
    bus = MemoryBus(clock=FixedClock(NOON))
    for run_id in ("r-1", "r-2", "r-3"):
        bus.given(*started(run_id).facts)
    for run_id, name in (("r-1", OWN_RULES), ("r-2", WAKE), ("r-3", OWN_RULES)):
        await desk.timers.wake("acme", run_id, later(NOON, SWEEP), name)

    await take_up(bus, desk, at_once=1)

    assert [said(bus, run_id) for run_id in ("r-1", "r-2", "r-3")] == [
        ["model.requested"],
        [],
        ["model.requested"],
    ]


async def test_one_run_that_cannot_be_read_keeps_none_of_the_others_waiting(desk):
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*started("r-2").facts)
    read = bus.read

    async def fail_once(tenant, run_id, **more):
        if run_id == "r-1":
            raise TimeoutError
        return await read(tenant, run_id, **more)

    bus.read = fail_once
    for run_id in ("r-1", "r-2"):
        await desk.timers.wake("acme", run_id, later(NOON, SWEEP), OWN_RULES)

    await take_up(bus, desk, at_once=4)

    assert said(bus, "r-2") == ["model.requested"]
