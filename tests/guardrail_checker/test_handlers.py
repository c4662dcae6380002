"""What the gates say besides their checks: to bad submissions, and when they must give up."""

from types import SimpleNamespace

import pytest

from contracts.envelope import Stored, Unbelievable
from contracts.guardrail import AnswerBlocked, ResultBlocked, TaskBlocked, ToolBlocked
from contracts.run import AnswerProposed
from contracts.task import TaskSubmitted
from contracts.tool import ToolRequested, ToolSucceeded
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import (
    gate_answer,
    gate_call,
    gate_result,
    gate_task,
    tell_sender,
)
from services.guardrail_checker.metrics import UNAVAILABLE
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.testing import MemoryBus
from tests.bodies import NOON, agent, task
from tests.histories import History, whole_run

DESK = Desk({"support": agent()}, ToolPolicy(), Shelf(), check_timeout_seconds=1.0)
MALFORMED = Stored("run.acme.r-1.task.submitted", {}, b"{", 9, NOON)
GATES = {
    TaskSubmitted: (gate_task, TaskBlocked),
    ToolRequested: (gate_call, ToolBlocked),
    ToolSucceeded: (gate_result, ResultBlocked),
    AnswerProposed: (gate_answer, AnswerBlocked),
}


async def told(bus, rule="bad_body"):
    error = Unbelievable(rule, "not JSON", MALFORMED.subject)
    await tell_sender(MALFORMED, error, SimpleNamespace(bus=bus))
    return bus.bodies(TaskBlocked)


async def test_a_submission_that_is_none_is_answered_where_its_sender_listens():
    (blocked,) = await told(MemoryBus())

    assert blocked.rule == "bad_body"
    assert "not JSON" in blocked.reason


async def test_a_malformed_second_submission_does_not_block_the_first():
    """Its verdict would have the id of the first one's, and may come before it."""
    history = History()
    history.say(task())
    bus = MemoryBus()
    bus.given(*history.facts)

    assert await told(bus) == []


@pytest.mark.parametrize("asked", GATES, ids=lambda kind: kind.__name__)
async def test_the_last_delivery_refuses_without_trying_once_more(asked):
    gate, refusal = GATES[asked]
    bus = MemoryBus()
    for fact in whole_run().facts:
        bus.given(fact)
        if isinstance(fact.body, asked):
            break

    await gate(Heard(bus.facts[-1], 20, last=True), bus, DESK)

    (refused,) = bus.bodies(refusal)
    assert refused.rule == UNAVAILABLE


@pytest.mark.parametrize(
    ("plan", "rule"),
    [({"find_order": 1}, None), ({"find_order": 1, "wire_money": 1}, "plan_unfit")],
)
async def test_a_plan_has_only_tools_of_the_agent(plan, rule):
    history = History()
    submitted = history.say(task().model_copy(update={"plan": plan}))
    bus = MemoryBus()
    bus.given(submitted)

    await gate_task(Heard(submitted, 1, last=False), bus, DESK)

    blocked = bus.bodies(TaskBlocked)
    assert [one.rule for one in blocked] == ([rule] if rule else [])
    assert not blocked or "wire_money, which support cannot call" in blocked[0].reason
