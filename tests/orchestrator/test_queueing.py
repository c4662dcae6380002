"""Runs that wait for a place: told so, admitted when one ends, and healed after a crash."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.control import RunCancelRequested, RunPauseRequested
from contracts.run import RunCompleted, RunFailed, RunQueued, RunStarted
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, advance, ending, wake
from services.orchestrator.handlers.admission import Admission
from services.orchestrator.rules.admission import Admissions, Caps
from shared.bus import Heard
from shared.clock import FixedClock
from shared.errors import Again
from shared.register import MemoryRegister
from shared.testing import MemoryBus
from tests.bodies import NOON, task, task_cleared
from tests.families import Calling
from tests.histories import History
from tests.orchestrator.deciding import BOOK

SWEEP = 60.0


class Platform:
    """A bus with cleared runs, and replicas of the orchestrator that share a register."""

    def __init__(self, *, replicas: int = 1, **caps: object) -> None:
        self.bus = MemoryBus(clock=FixedClock(NOON))
        self.register = MemoryRegister()
        self.timers = MemoryTimers()
        self.desks = [self.replica(Caps(**caps)) for _ in range(replicas)]

    def replica(self, caps: Caps) -> Desk:
        after = timedelta(seconds=SWEEP)
        admission = Admission(self.register, caps, self.bus.clock, after, self.timers)
        return Desk(BOOK, self.timers, SWEEP, 5, admission)

    async def cleared(self, run_id: str, desk: int = 0, **more: object) -> str:
        """A run is cleared, and the orchestrator hears it; gives its status."""
        history = History(run_id=run_id)
        asked = task().model_copy(update=more)
        history.say(task_cleared(), history.say(asked))
        self.bus.given(*history.facts)
        await advance(Heard(self.bus.facts[-1]), self.bus, self.desks[desk])
        return await self.status(run_id)

    async def end(self, run_id: str, *, desk: int = 0, heard: bool = True):
        run = await self.bus.read("acme", run_id)
        fact = await self.bus.append(run, run.root, RunCompleted(answer="ok", steps=0))
        if heard:
            await self.hear_end(fact, desk=desk)
        return fact

    async def hear_end(self, fact, *, desk: int = 0) -> None:
        await ending.close(Heard(fact), self.bus, self.desks[desk])

    async def status(self, run_id: str) -> str:
        return (await self.bus.read("acme", run_id)).status

    async def state(self) -> Admissions:
        body, _ = await self.register.load("runs")
        return Admissions.model_validate_json(body) if body else Admissions()


async def test_a_run_that_has_to_wait_is_told_why_and_woken_at_the_next_sweep():
    platform = Platform(open_runs=1)

    statuses = [await platform.cleared("r-1"), await platform.cleared("r-2")]

    assert statuses == ["running", "queued"]
    assert platform.bus.bodies(RunQueued)[0].rule == "platform_cap"
    assert platform.timers.wakes["acme", "r-2"] == NOON + timedelta(seconds=SWEEP)


async def test_whoever_ends_a_run_starts_the_next():
    platform = Platform(open_runs=1)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)

    await platform.end("r-1")

    assert await platform.status("r-2") == "running"
    assert [place.run_id for place in (await platform.state()).open] == ["r-2"]


async def test_a_queued_run_is_told_once_that_it_waits():
    platform = Platform(open_runs=1)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)

    await wake("acme", "r-2", platform.bus, platform.desks[0])

    assert len(platform.bus.bodies(RunQueued)) == 1


async def test_without_caps_nothing_is_stored():
    platform = Platform()

    await platform.cleared("r-1")
    await platform.end("r-1")

    assert platform.register.stored == 0


async def test_a_key_excludes_without_any_cap():
    platform = Platform()

    statuses = [
        await platform.cleared("r-1", concurrency_key="k"),
        await platform.cleared("r-2", concurrency_key="k"),
        await platform.cleared("r-3"),
    ]
    await platform.end("r-1")

    assert statuses == ["running", "queued", "running"]
    assert await platform.status("r-2") == "running"


async def test_a_place_costs_one_write_when_it_is_taken_and_one_when_it_is_free():
    platform = Platform(open_runs=100)

    await platform.cleared("r-1")
    taken = platform.register.stored
    await platform.end("r-1")

    assert (taken, platform.register.stored) == (1, 2)


async def test_a_child_needs_no_place_for_its_parent_would_wait_for_it_for_ever():
    platform = Platform(open_runs=1)
    parent = Calling()
    parent.claim()
    await platform.cleared("r-1")
    child = parent.child()
    platform.bus.given(*parent.facts, *child.facts)
    book = replace(BOOK, agents={"clerk": BOOK.agents["support"].model_copy()})
    desk = replace(platform.desks[0], book=book)

    await advance(Heard(platform.bus.facts[-1]), platform.bus, desk)

    assert await platform.status(child.run_id) == "running"


async def test_a_queued_run_can_be_cancelled_and_leaves_the_queue():
    platform = Platform(open_runs=1)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)
    run = await platform.bus.read("acme", "r-2")
    asked = await platform.bus.say(run.submitted, RunCancelRequested(principal="p", nonce="n"))

    await advance(Heard(asked), platform.bus, platform.desks[0])
    await ending.close(Heard(platform.bus.facts[-1]), platform.bus, platform.desks[0])

    assert await platform.status("r-2") == "cancelled"
    assert (await platform.state()).waiting == ()


async def test_more_than_may_wait_fail_with_a_reason():
    platform = Platform(open_runs=1, queued_runs=0)
    await platform.cleared("r-1")

    assert await platform.cleared("r-2") == "failed"
    failed = platform.bus.bodies(RunFailed)[0]
    assert failed.rule == "not_admitted"
    assert "as many as may" in failed.reason


async def test_a_run_that_waited_too_long_fails_at_a_sweep():
    platform = Platform(open_runs=1, queue_seconds=100)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)
    platform.bus.clock.advance(200)

    await wake("acme", "r-2", platform.bus, platform.desks[0])

    assert await platform.status("r-2") == "failed"


async def test_the_deadline_of_a_run_begins_when_it_is_admitted():
    platform = Platform(open_runs=1)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)
    platform.bus.clock.advance(1800)

    await platform.end("r-1")

    assert await platform.status("r-2") == "running"
    started = platform.bus.bodies(RunStarted)[-1]
    assert started.deadline == platform.bus.clock.now() + timedelta(minutes=15)


async def test_a_crash_between_place_and_start_heals_with_the_next_delivery():
    platform = Platform(open_runs=1)
    append = platform.bus.append

    async def dies(*_, **__):
        raise ConnectionError

    platform.bus.append = dies
    with pytest.raises(ConnectionError):
        await platform.cleared("r-1")
    platform.bus.append = append

    await advance(Heard(platform.bus.facts[-1], delivery=2), platform.bus, platform.desks[0])

    assert await platform.status("r-1") == "running"
    assert len((await platform.state()).open) == 1


async def test_a_crash_after_a_place_was_given_on_heals_with_the_timer_of_who_got_it():
    """The place of the ended run was given to the next, and then nobody told that one."""
    platform = Platform(open_runs=1)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)
    await platform.end("r-1", heard=False)
    await platform.desks[0].admission.give_back(await platform.bus.read("acme", "r-1"))

    await wake("acme", "r-2", platform.bus, platform.desks[0])

    assert await platform.status("r-2") == "running"


async def test_a_place_that_nobody_gave_back_is_reclaimed_by_the_first_in_the_queue():
    """The end of its run was never handled."""
    platform = Platform(open_runs=1)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)
    await platform.end("r-1", heard=False)
    platform.bus.clock.advance(2 * SWEEP)

    await wake("acme", "r-2", platform.bus, platform.desks[0])

    assert await platform.status("r-2") == "running"


async def test_a_place_of_a_run_that_goes_on_is_not_reclaimed():
    platform = Platform(open_runs=1)
    for run_id in ("r-1", "r-2"):
        await platform.cleared(run_id)
    platform.bus.clock.advance(2 * SWEEP)

    await wake("acme", "r-2", platform.bus, platform.desks[0])

    assert await platform.status("r-2") == "queued"


async def test_a_replica_that_has_not_seen_the_place_gives_it_back_all_the_same():
    platform = Platform(replicas=2, open_runs=1)
    await platform.cleared("r-0", desk=1)
    await platform.end("r-0", desk=1)
    await platform.cleared("r-1", desk=0)

    await platform.end("r-1", desk=1)

    assert (await platform.state()).open == ()


async def test_two_replicas_never_admit_more_than_the_cap():
    platform = Platform(replicas=2, open_runs=3)

    statuses = [await platform.cleared(f"r-{n}", desk=n % 2) for n in range(8)]

    assert statuses.count("running") == 3


async def test_a_value_that_never_holds_still_is_left_for_later():
    platform = Platform(open_runs=1)

    async def always_late(*_):
        return None

    platform.register.store = always_late
    with pytest.raises(Again):
        await platform.cleared("r-1")


async def test_a_run_that_is_paused_before_its_start_takes_no_place():
    platform = Platform(open_runs=1)
    history = History(run_id="r-1")
    submitted = history.say(task())
    history.say(RunPauseRequested(principal="p", nonce="n"), submitted)
    history.say(task_cleared(), submitted)
    platform.bus.given(*history.facts)

    await advance(Heard(platform.bus.facts[-1]), platform.bus, platform.desks[0])

    assert await platform.cleared("r-2") == "running"
