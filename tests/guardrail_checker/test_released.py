"""The gate assigns the release of a run, and judges its task by that release's checks."""

from dataclasses import replace

import pytest

from contracts.agent import Guardrails
from contracts.control import InputSubmitted
from contracts.guardrail import AnswerBlocked, InputBlocked, TaskBlocked, TaskCleared
from contracts.run import AnswerProposed
from contracts.trial import Trial
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_answer, gate_input, gate_task
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.testing import MemoryBus
from tests.bodies import agent, input_submitted, run_started, task, task_cleared
from tests.histories import History
from tests.releasing import in_force, released, version

LENGTH = Guardrails(input=("max_length",))
STRICT = version("strict").model_copy(update={"guardrails": LENGTH})
TOO_LONG = "x" * 40_000
DESK = Desk({"support": agent()}, ToolPolicy(), Shelf(), check_timeout_seconds=1.0)


async def gated(desk: Desk, **changes: object):
    history, bus = History(), MemoryBus()
    history.say(task().model_copy(update=changes))
    bus.given(*history.facts)
    await gate_task(Heard(bus.facts[0]), bus, desk)
    return bus.facts[-1].body


async def test_a_task_is_cleared_with_its_release():
    desk = replace(DESK, releases=await in_force(released("production", STRICT)))

    cleared = await gated(desk)

    assert isinstance(cleared, TaskCleared)
    assert cleared.assigned.version == STRICT.version


async def test_a_task_is_judged_by_the_checks_of_its_release():
    """They were not among those of configured agents, so they are made first."""
    desk = replace(DESK, releases=await in_force(released("production", STRICT)))

    assert isinstance(await gated(DESK, input=TOO_LONG), TaskCleared)
    blocked = await gated(desk, input=TOO_LONG)
    assert isinstance(blocked, TaskBlocked)
    assert blocked.assigned.version == STRICT.version


@pytest.mark.parametrize(
    ("configured", "tried"), [(STRICT, agent()), (agent(), STRICT)], ids=["platform's", "its own"]
)
async def test_a_definition_that_is_tried_passes_the_platforms_checks_and_its_own(
    configured, tried
):
    desk = replace(DESK, agents={"support": configured})
    trial = Trial(experiment="e", case="c", definition=tried)

    assert isinstance(await gated(desk, trial=trial, input=TOO_LONG), TaskBlocked)
    assert isinstance(await gated(desk, trial=trial), TaskCleared)


async def test_the_answer_of_a_definition_that_is_tried_passes_the_platforms_checks():
    careful = agent().model_copy(update={"guardrails": Guardrails(output=("max_length",))})
    trial = Trial(experiment="e", case="c", definition=agent())
    history, bus = History(), MemoryBus()
    submitted = history.say(task().model_copy(update={"trial": trial}))
    history.say(run_started(), history.say(task_cleared(), submitted))
    history.say(AnswerProposed(step=1, text=TOO_LONG), history.step(text=TOO_LONG))
    bus.given(*history.facts)

    await gate_answer(Heard(bus.facts[-1]), bus, replace(DESK, agents={"support": careful}))

    assert isinstance(bus.facts[-1].body, AnswerBlocked)


async def test_a_check_that_nobody_can_make_blocks():
    broken = STRICT.model_copy(update={"guardrails": Guardrails(input=("no_such_check",))})
    desk = replace(DESK, releases=await in_force(released("production", broken)))

    for _ in range(2):
        assert isinstance(await gated(desk), TaskBlocked)


@pytest.mark.parametrize("label", ["staging", "canary"])
async def test_a_task_for_a_label_that_there_is_not_is_blocked(label):
    blocked = await gated(DESK, label=label)

    assert isinstance(blocked, TaskBlocked)
    assert blocked.rule == "unknown_release"
    assert label in blocked.reason


async def test_a_follow_up_before_the_start_is_judged_by_the_release_that_was_assigned():
    """Though another one is in force by now."""
    both = released("production", STRICT), released("production", version("lax"))
    desk = replace(DESK, releases=await in_force(*both[:1]))
    history, bus = History(), MemoryBus()
    history.say(task())
    bus.given(*history.facts)
    await gate_task(Heard(bus.facts[0]), bus, desk)
    given: InputSubmitted = input_submitted("enqueue", TOO_LONG)
    await bus.say(bus.facts[0], given)

    await gate_input(Heard(bus.facts[-1]), bus, replace(desk, releases=await in_force(*both)))

    assert isinstance(bus.facts[-1].body, InputBlocked)
