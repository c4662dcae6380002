"""A plan binds the runs that are called, however deep they lie."""

import pytest
from pydantic import ValidationError

from contracts.agent import Agent
from contracts.history.planning import share
from contracts.task import TaskSubmitted
from tests.families import Calling


@pytest.mark.parametrize(
    ("plan", "shared"),
    [
        (None, None),
        ({}, {}),
        ({"ask_clerk": 3, "find_order": 1}, {}),
        ({"ask_clerk": 3, "ask_clerk/find_order": 1}, {"find_order": 1}),
        (
            {"ask_clerk/ask_bank": 1, "ask_clerk/ask_bank/pay": 2},
            {"ask_bank": 1, "ask_bank/pay": 2},
        ),
        ({"ask_clerks/find_order": 1}, {}),
    ],
)
def test_a_child_has_what_stands_below_its_call_and_nothing_else(plan, shared):
    assert share(Calling(plan=plan).run, "ask_clerk") == shared


@pytest.mark.parametrize("name", ["/find", "ask/", "ask//find", "a b", "a" * 65, "ask/find.order"])
def test_what_is_no_way_to_a_tool_is_refused(name):
    with pytest.raises(ValidationError):
        TaskSubmitted(agent="boss", input="x", plan={name: 1})


def test_below_a_tool_that_is_no_agent_there_is_nothing_to_plan():
    boss = {"name": "boss", "instructions": "x", "agents": {"ask_clerk": {"agent": "clerk"}}}
    Agent(**boss, tools=("find",), plan={"find": 1, "ask_clerk": 1, "ask_clerk/whatever": 1})

    with pytest.raises(ValidationError, match="plan: find/this, whom/that: put it among the tools"):
        Agent(**boss, tools=("find",), plan={"find/this": 1, "whom/that": 1})
