"""A follow-up is judged like the task: once, by the checks that its run has pinned."""

from dataclasses import replace

import pytest

from contracts.agent import Guardrails
from contracts.guardrail import InputBlocked, InputCleared
from contracts.run import RunFailed
from services.guardrail_checker.checks.base import Finding
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_input
from services.guardrail_checker.metrics import UNAVAILABLE
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.testing import MemoryBus
from tests.bodies import agent, input_submitted, manifest, run_started, task, task_cleared
from tests.histories import History

GUARDED = agent().model_copy(update={"guardrails": Guardrails(input=("cards",))})


class Cards:
    """Blocks card numbers."""

    name = "cards"

    async def check(self, content):
        found = Finding("cards", "block", "card_number", "a card number")
        return [found] if "4111" in content.text else []


@pytest.fixture
def desk():
    return Desk(
        {"support": GUARDED}, ToolPolicy(), Shelf({"cards": Cards()}), check_timeout_seconds=1.0
    )


def given(*, text="And the invoice?", is_started=True):
    """A bus on which a run has been given more input."""
    history = History()
    cleared = history.say(task_cleared(), history.say(task()))
    if is_started:
        started = run_started(manifest()).model_copy(update={"agent": GUARDED})
        history.say(started, cleared)
    history.say(input_submitted(text=text), history.root)
    bus = MemoryBus()
    bus.given(*history.facts)
    return bus


async def test_a_follow_up_is_cleared_as_it_stands(desk):
    bus = given()

    await gate_input(Heard(bus.facts[-1]), bus, desk)

    (cleared,) = bus.bodies(InputCleared)
    assert (cleared.text, cleared.labels) == ("And the invoice?", ("user",))


@pytest.mark.parametrize("is_started", [True, False])
async def test_a_follow_up_passes_the_checks_of_its_agent(desk, is_started):
    bus = given(text="Charge 4111 1111 1111 1111", is_started=is_started)

    await gate_input(Heard(bus.facts[-1]), bus, desk)

    (blocked,) = bus.bodies(InputBlocked)
    assert blocked.rule == "card_number"


async def test_a_follow_up_to_an_agent_that_nobody_knows_is_blocked(desk):
    bus = given(is_started=False)

    await gate_input(Heard(bus.facts[-1]), bus, replace(desk, agents={}))

    assert bus.bodies(InputBlocked)[0].rule == "unknown_agent"


async def test_a_repeated_follow_up_is_judged_once(desk):
    bus = given()
    heard = Heard(bus.facts[-1])
    await gate_input(heard, bus, desk)

    await gate_input(replace(heard, delivery=2), bus, desk)

    assert len(bus.bodies(InputCleared)) == 1


async def test_a_follow_up_to_a_run_that_is_over_is_left_to_the_orchestrator(desk):
    bus = given()
    submitted = bus.facts[-1]
    run = await bus.run(Heard(submitted))
    await bus.append(run, run.root, RunFailed(rule="deadline_passed", reason="late"))

    await gate_input(Heard(submitted), bus, desk)

    assert bus.bodies(InputCleared) == []


async def test_the_last_delivery_refuses_without_trying_once_more(desk):
    bus = given()

    await gate_input(Heard(bus.facts[-1], 20, last=True), bus, desk)

    assert bus.bodies(InputBlocked)[0].rule == UNAVAILABLE
