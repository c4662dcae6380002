"""The clock fires, and a task is submitted: once a minute, and not over its last run."""

from datetime import timedelta

import pytest

from contracts.run import RunCompleted
from contracts.schedule import Schedule
from contracts.task import TaskSubmitted
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers.scheduling import Clockwork
from shared.clock import FixedClock
from shared.register import MemoryRegister
from shared.testing import MemoryBus
from tests.bodies import NOON, task


def schedule(overlap="skip", text="What is open?"):
    return Schedule(
        name="nightly", cron="0 7 * * *", tenant="acme", task=task(text), overlap=overlap
    )


class Bench:
    def __init__(self, overlap="skip"):
        self.bus = MemoryBus(clock=FixedClock(NOON))
        self.register = MemoryRegister()
        self.clockwork = Clockwork({"nightly": schedule(overlap)}, self.register)

    async def fire(self, minutes=0, name="nightly"):
        await self.clockwork.fire(name, NOON + timedelta(minutes=minutes), self.bus)

    def runs(self):
        return [one.run_id for one in self.bus.facts if isinstance(one.body, TaskSubmitted)]


def test_a_run_is_named_by_schedule_and_minute():
    named = {schedule().run_id_at(NOON + timedelta(seconds=n)) for n in (0, 0.25, 59)}

    assert named == {"nightly-20260302T1200Z"}


async def test_what_fires_is_submitted():
    bench = Bench()

    await bench.fire()

    assert bench.runs() == ["nightly-20260302T1200Z"]
    assert bench.bus.bodies(TaskSubmitted)[0].input == "What is open?"


async def test_what_is_delivered_twice_or_to_two_replicas_is_submitted_once():
    bench = Bench("allow")
    other = Clockwork(bench.clockwork.schedules, bench.register)

    await bench.fire()
    await other.fire("nightly", NOON + timedelta(seconds=30), bench.bus)
    await bench.fire()

    assert len(bench.runs()) == 1


async def test_a_time_is_skipped_while_the_last_run_is_open():
    bench = Bench()
    await bench.fire()

    await bench.fire(minutes=1)

    assert len(bench.runs()) == 1


async def test_the_next_time_after_the_last_run_has_ended_is_not_skipped():
    bench = Bench()
    await bench.fire()
    run = await bench.bus.read("acme", "nightly-20260302T1200Z")
    await bench.bus.append(run, run.root, RunCompleted(answer="ok", steps=0))

    await bench.fire(minutes=1)

    assert len(bench.runs()) == 2


async def test_a_lagging_copy_in_which_the_last_run_looks_open_skips_nothing():
    class Lagging(MemoryBus):
        """Its replica shows no more than the first fact of a run; the leader has them all."""

        async def read(self, tenant, run_id, *, as_of=0):
            surely = as_of >= self.facts[-1].sequence if self.facts else True
            position = len(self.facts) if surely else 1
            return await self._read_up_to(tenant, run_id, position)

    bench = Bench()
    bench.bus = Lagging(clock=FixedClock(NOON))
    await bench.fire()
    run = await bench.bus.read("acme", "nightly-20260302T1200Z")
    await bench.bus.append(run, run.root, RunCompleted(answer="ok", steps=0))

    await bench.fire(minutes=1)

    assert len(bench.runs()) == 2


async def test_runs_that_may_overlap_are_all_submitted():
    bench = Bench("allow")
    await bench.fire()

    await bench.fire(minutes=1)

    assert len(bench.runs()) == 2


async def test_a_crash_after_the_submission_is_made_good_by_the_next_delivery():
    bench = Bench()
    store = bench.register.store

    async def dies(*_):
        raise ConnectionError

    bench.register.store = dies
    with pytest.raises(ConnectionError):
        await bench.fire()
    bench.register.store = store
    await bench.fire()

    await bench.fire(minutes=1)

    assert len(bench.runs()) == 1


async def test_a_schedule_that_is_gone_submits_nothing():
    bench = Bench()

    await bench.fire(name="gone")

    assert bench.runs() == []


async def test_exactly_the_schedules_of_the_file_are_in_force():
    bench, timers = Bench(), MemoryTimers()
    await timers.repeat("gone", "0 0 * * * *", "UTC")

    await bench.clockwork.wind(timers)

    assert timers.repeated == {"nightly": ("0 0 7 * * *", "UTC")}
