"""A timer that kills whoever hears it: it is put aside after a few tries, and all else goes on."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from contracts.subjects import DEAD
from services.orchestrator.handlers import firing
from shared.crashes import CrashBudget
from shared.settings import ServiceSettings
from tests.simulation.test_waits import fair_weather
from tests.simulation.world import World, simulate_world

SEEDS = range(3)
POISON = "r-1"
# Longer than the sweep, so that every run is woken once; shorter than a parked timer waits.
DEADLY_SECONDS = 250.0
LIMIT = ServiceSettings().crash_deliveries


@pytest.fixture
def killed(monkeypatch):
    """The processes that one run took along."""
    wake, found = firing.wake, []

    async def deadly(tenant, run_id, bus, desk):
        process = bus._client.process
        if run_id == POISON and process.engine.loop.time() < DEADLY_SECONDS:
            found.append(process.name)
            process.crash()
            raise asyncio.CancelledError
        await wake(tenant, run_id, bus, desk)

    monkeypatch.setattr(firing, "wake", deadly)
    return found


def long_and_fair(world: World) -> None:
    fair_weather(world)
    world.crowd[0]._begin(asyncio.sleep(DEADLY_SECONDS))


def put_aside(world: World) -> list[dict[str, object]]:
    letters = (json.loads(one.body) for one in world.engine.streams[DEAD].messages)
    return [one for one in letters if one["subject"].endswith(f".{POISON}")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_timer_that_kills_its_process_is_put_aside_and_every_promise_holds(killed, seed):
    outcome, world = simulate_world(seed, prepare=long_and_fair)

    assert outcome.violations == ()
    letters = put_aside(world)
    assert {(one["rule"], one["stream"]) for one in letters} == {("crash_loop", "TIMERS")}
    assert len(killed) == LIMIT * len(letters)


def test_without_a_budget_it_kills_for_as_long_as_it_can(killed, monkeypatch):
    @asynccontextmanager
    async def uncounted(*_):
        yield 0

    monkeypatch.setattr(CrashBudget, "delivery", uncounted)
    _, world = simulate_world(SEEDS[0], prepare=long_and_fair)

    assert len(killed) > LIMIT
    assert not put_aside(world)
