"""Handlers of one process share the fold of a run: what one adds, the others see at once."""

from contextlib import suppress
from dataclasses import replace

from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, settle
from services.orchestrator.rules.admission import ADMITTED
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, task, task_cleared
from tests.histories import History, whole_run
from tests.orchestrator.deciding import BOOK


class Unreachable(MemoryTimers):
    async def wake(self, tenant, run_id, at):
        raise TimeoutError


class Overtaken:
    """While it asks for a place, another handler starts the run, and is held up by its timer."""

    def __init__(self, bus, desk):
        self.bus, self.desk = bus, replace(desk, timers=Unreachable())

    async def ask(self, run):
        with suppress(TimeoutError):
            await settle(run, self.bus, self.desk)
        return ADMITTED, ()


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
