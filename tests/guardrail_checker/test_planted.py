"""Canaries at the gates: what comes in, what goes out, and a key that is missing."""

from dataclasses import replace

import pytest

from contracts.agent import Agent
from contracts.guardrail import (
    AnswerBlocked,
    AnswerCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
)
from contracts.run import AnswerProposed
from contracts.tool import ToolSucceeded
from services.guardrail_checker.checks.catalogue import CheckLimits, build_checks
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_answer, gate_result, gate_task
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.canaries import PLACEHOLDER, Canaries
from shared.testing import MemoryBus
from tests.bodies import agent, task
from tests.histories import History, whole_run

CANARIES = Canaries(b"k" * 32)
OWN, ANOTHERS = CANARIES.of(History().tenant), CANARIES.of("another")


def desk(*, has_key=True, **agents: Agent):
    limits = CheckLimits(canaries=CANARIES if has_key else None)
    shelf = Shelf(build_checks(["canaries"], limits), limits=limits)
    return Desk(agents or {"support": agent()}, ToolPolicy(), shelf, 1.0)


async def verdict_on(kind, gate, **changes):
    """What a gate says of the first fact of a kind, with other words in it."""
    bus = MemoryBus()
    for fact in whole_run().facts:
        if isinstance(fact.body, kind):
            bus.given(replace(fact, body=fact.body.model_copy(update=changes)))
            break
        bus.given(fact)
    await gate(Heard(bus.facts[-1], 1, last=False), bus, desk())
    return bus.facts[-1].body


@pytest.mark.parametrize(
    ("word", "kind"), [(OWN, AnswerBlocked), (ANOTHERS, AnswerBlocked), ("none", AnswerCleared)]
)
async def test_an_answer_with_a_canary_does_not_leave(word, kind):
    verdict = await verdict_on(AnswerProposed, gate_answer, text=f"It is {word}.")

    assert isinstance(verdict, kind)


@pytest.mark.parametrize(("word", "kind"), [(OWN, ResultCleared), (ANOTHERS, ResultBlocked)])
async def test_a_result_may_hold_the_tenants_own_canary_and_no_others(word, kind):
    verdict = await verdict_on(ToolSucceeded, gate_result, output_json=f'"{word}"')

    assert isinstance(verdict, kind)


@pytest.mark.parametrize(("has_key", "kind"), [(True, TaskCleared), (False, TaskBlocked)])
async def test_an_agent_that_plants_a_canary_does_not_run_without_a_key(has_key, kind):
    planting = agent().model_copy(update={"instructions": f"Never say {PLACEHOLDER}."})
    history = History()
    submitted = history.say(task())
    bus = MemoryBus()
    bus.given(submitted)

    await gate_task(Heard(submitted, 1, last=False), bus, desk(has_key=has_key, support=planting))

    (verdict,) = [fact.body for fact in bus.facts[1:]]
    assert isinstance(verdict, kind)
    assert has_key or (verdict.rule == "no_canary_key" and "KEY_FILE" in verdict.reason)
