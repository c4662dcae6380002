"""Providers that want to be left alone for half a minute: every run that has the time waits."""

import pytest

from contracts.model import ModelAttemptDue, ModelAttemptRequested
from contracts.subjects import ORCHESTRATOR
from services.model_router.errors import RateLimited
from tests.simulation.provider import VirtualProvider
from tests.simulation.world import World, simulate_world

SEEDS = range(12)
BUSY_UNTIL_SECONDS = 25.0
RETRY_AFTER_SECONDS = 30.0


@pytest.fixture
def busy(monkeypatch):
    """Until then each provider refuses every call, and says when to come back."""
    complete = VirtualProvider.complete

    async def refuse(self, call):
        if self.process.engine.loop.time() < BUSY_UNTIL_SECONDS:
            raise RateLimited("slow down", retry_after_seconds=RETRY_AFTER_SECONDS)
        return await complete(self, call)

    monkeypatch.setattr(VirtualProvider, "complete", refuse)


def fair_weather(world: World) -> None:
    world.faults.calm = True


def crashing_waits(world: World) -> None:
    """Fair weather, but that every orchestrator dies in the middle of each wait."""
    fair_weather(world)

    def strike() -> None:
        for process in [*world.cluster._replicas[ORCHESTRATOR].values()]:
            process.crash()

    def heard(message) -> None:
        if message.subject.endswith(".model.attempt_requested"):
            for seconds in (0.002, RETRY_AFTER_SECONDS / 2):
                world.loop.call_later(seconds, strike)

    world.engine.runs.listeners.append(heard)


def waits(world: World) -> list[tuple[str | None, float]]:
    """Of each wait without a pause: how the run ended, and how late it was due."""
    found = []
    for place, facts in world.oracle.log.runs.items():
        for due in (one for one in facts if isinstance(one.body, ModelAttemptDue)):
            asked = world.oracle.log.by_id[due.cause_id]
            between = (one for one in facts if asked.sequence < one.sequence < due.sequence)
            if any(one.type == "run.paused" for one in between):
                continue
            end = world.oracle.log.end(place)
            late = (due.time - asked.body.not_before).total_seconds()
            found.append((end.type if end is not None else None, late))
    return found


@pytest.mark.parametrize("prepare", [fair_weather, crashing_waits])
def test_runs_that_were_told_to_wait_for_half_a_minute_complete(busy, prepare):
    worlds = [simulate_world(seed, prepare=prepare) for seed in SEEDS]

    assert [one for outcome, _ in worlds for one in outcome.violations] == []
    seen = [one for _, world in worlds for one in waits(world)]
    assert sum(end == "run.completed" for end, _ in seen) > len(SEEDS) / 2
    # Schedules have whole seconds, and a restart takes up to three.
    assert all(0 <= late < 6 for _, late in seen)


def test_a_run_that_has_not_the_time_fails_at_once_and_says_why(busy):
    reasons = []
    for seed in SEEDS:
        _, world = simulate_world(seed, prepare=fair_weather)
        for facts in world.oracle.log.runs.values():
            deadlines = [one.body.deadline for one in facts if one.type == "model.requested"]
            for asked in (one for one in facts if isinstance(one.body, ModelAttemptRequested)):
                assert asked.body.not_before < deadlines[asked.body.step - 1]
            reasons += [one.body.reason for one in facts if one.type == "run.failed"]

    assert any("past the deadline of its step" in reason for reason in reasons)
