"""Handlers of one process share the fold of a run: what one adds, the others see at once."""

from contextlib import suppress
from dataclasses import replace

from contracts.history import fold
from contracts.run import RunFailed
from contracts.tool import ToolRequested
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, settle
from services.orchestrator.rules.admission import ADMITTED
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, manifest, task, task_cleared
from tests.histories import History, whole_run
from tests.orchestrator.deciding import BOOK


class Unreachable(MemoryTimers):
    async def wake(self, tenant, run_id, at, name="wake"):
        raise TimeoutError


class Overtaken:
    """While it asks for a place, another handler starts the run, and is held up by its timer."""

    def __init__(self, bus, desk):
        self.bus, self.desk = bus, replace(desk, timers=Unreachable())

    async def ask(self, run):
        with suppress(TimeoutError):
            await settle(run, self.bus, self.desk)
        return ADMITTED, ()

    def let_in_at(self, _run):
        return None


async def test_a_run_that_another_handler_starts_meanwhile_is_read_with_those_it_grew_from():
    bus = MemoryBus(clock=FixedClock(NOON))
    history = History(run_id="r-2")
    history.say(task_cleared(), history.say(task().model_copy(update={"continues": "r-1"})))
    bus.given(*whole_run().facts, *history.facts)
    desk = Desk(BOOK, MemoryTimers(), sweep_seconds=60.0, rounds=5)

    run = await bus.read("acme", "r-2")
    await settle(run, bus, replace(desk, admission=Overtaken(bus, desk)))

    said = [fact.type for fact in bus.facts if fact.run_id == "r-2"]
    assert said[2:] == ["run.started", "model.requested"]


class SlowlyAcknowledged(MemoryBus):
    """While the first acknowledgement is on its way, another handler ends the run."""

    async def append(self, run, cause_id, body, time=None):
        fact = await super().append(run, cause_id, body, time)
        if isinstance(body, ToolRequested):
            fold([fact], onto=run)
            over = RunFailed(rule="deadline_passed", reason="too late", steps=1)
            fold([await super().append(run, run.root, over, time)], onto=run)
        return fact


async def test_nothing_is_said_of_a_run_that_ended_before_what_was_said_last_was_acknowledged():
    bus = SlowlyAcknowledged(clock=FixedClock(NOON))
    history = History()
    history.begin(manifest())
    history.step(calls=[("find_order", '{"order_id":"1"}'), ("find_order", '{"order_id":"2"}')])
    bus.given(*history.facts)

    run = await bus.read("acme", "r-1")
    await settle(run, bus, Desk(BOOK, MemoryTimers(), sweep_seconds=60.0, rounds=5))

    said = [fact.type for fact in bus.facts[len(history.facts) :]]
    assert said == ["tool.requested", "run.failed"]
