"""A timer that kills whoever it wakes: it is put aside, and its run does not hang for that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import ORCHESTRATOR, TIMER_DURABLE
from services.orchestrator.__main__ import timer_loop
from services.orchestrator.adapters import NatsTimers
from services.orchestrator.handlers import Desk
from services.orchestrator.rules import Book
from services.orchestrator.settings import Settings
from shared.crashes import NatsCrashCounts
from shared.errors import Again
from tests.integration.eventually import eventually

CRASHES = 4
SECONDS = 90.0


@asynccontextmanager
async def killing_timer(platform, monkeypatch, **changes) -> AsyncIterator[list[str]]:
    """The first timer that fires kills whoever hears it; gives the runs that were woken."""
    core = await platform.connect(ORCHESTRATOR)
    settings = Settings(**platform.settings(ORCHESTRATOR).model_dump(), **changes)
    counts = NatsCrashCounts(core.client, ORCHESTRATOR, TIMER_DURABLE, 2.0)
    woken: list[str] = []

    async def crash(_tenant, run_id, *_) -> None:
        woken.append(run_id)
        if len(woken) == 1:
            await counts.write(1, CRASHES)  # as that many processes would have left it
            raise Again("silence")

    monkeypatch.setattr("services.orchestrator.handlers.firing.wake", crash)
    timers = NatsTimers(core.client, 2.0)
    await timers.start()
    desk = Desk(Book({}, {}), timers, sweep_seconds=60.0, rounds=5)
    loop = timer_loop(core, desk, None, settings)
    await loop.start()
    await (await platform.jetstream()).publish("timer.fired.acme.r-1", b"")
    yield woken
    await loop.stop(0)


async def test_a_timer_that_kills_the_orchestrator_is_parked_too(nats_platform, monkeypatch):
    async with killing_timer(nats_platform, monkeypatch) as woken:
        await eventually(nats_platform.dead_letters)

    [letter] = await nats_platform.dead_letters()
    assert (letter["rule"], letter["stream"]) == ("crash_loop", "TIMERS")
    assert woken == ["r-1"]


async def test_a_run_whose_timer_was_parked_is_woken_again_later(nats_platform, monkeypatch):
    async with killing_timer(nats_platform, monkeypatch, parked_wake_seconds=0.5) as woken:
        await eventually(lambda: len(woken) > 1, SECONDS)

    assert woken == ["r-1", "r-1"]
    assert [one["rule"] for one in await nats_platform.dead_letters()] == ["crash_loop"]
