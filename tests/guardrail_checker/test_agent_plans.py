"""A plan in an agent's file holds for every run of it, and a task can only tighten it."""

import json

import pytest
from pydantic import ValidationError

from contracts.agent import Agent
from contracts.guardrail import ToolCleared
from contracts.history.planning import plan_of
from infra.policies.stage import Stage
from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.authority.radius import radius_of
from tests.bodies import run_started, task, task_cleared
from tests.guardrail_checker.authority.worlds import TOOLS
from tests.histories import History

PLANNED = Agent(
    name="clerk", instructions="Help.", tools=tuple(TOOLS), plan={"send_mail": 2, "search_mail": 1}
)
PLAIN = PLANNED.model_copy(update={"plan": None})


def planned(agent, asked):
    history = History()
    cleared = history.say(task_cleared(), history.say(task().model_copy(update={"plan": asked})))
    history.say(run_started().model_copy(update={"agent": agent}), cleared)
    return plan_of(history.run)


@pytest.mark.parametrize(
    ("own", "asked", "plan"),
    [
        (PLAIN, None, None),
        (PLAIN, {"pay": 1}, {"pay": 1}),
        (PLANNED, None, {"send_mail": 2, "search_mail": 1}),
        (PLANNED, {"send_mail": 1, "pay": 5}, {"send_mail": 1, "search_mail": 0}),
        (PLANNED, {"send_mail": 9, "search_mail": 9}, {"send_mail": 2, "search_mail": 1}),
    ],
)
def test_the_tighter_of_both_plans_counts(own, asked, plan):
    assert planned(own, asked) == plan


def test_a_plan_names_only_tools_of_the_agent():
    with pytest.raises(ValidationError, match="plan: fly: put it among the tools"):
        Agent(name="clerk", instructions="Help.", tools=("pay",), plan={"fly": 1})


def test_an_agent_without_a_plan_is_the_one_that_was_released_before():
    written = json.loads(PLAIN.model_dump_json(exclude={"plan"}))

    assert Agent.model_validate(written).version == PLAIN.version
    assert PLANNED.version != PLAIN.version


def test_beyond_the_plan_of_its_agent_a_call_needs_a_person():
    mail = json.dumps({"to": ["lea@partner.example"], "body": "Hi."})
    stage = Stage("Write to lea@partner.example.", TOOLS, ToolPolicy(), template={"send_mail": 1})

    asked, verdict = stage.ask("send_mail", mail)
    assert isinstance(verdict, ToolCleared)
    stage.run_cleared(asked, verdict, "{}")

    assert stage.ask("send_mail", mail)[1].rule == "not_in_plan"


def test_a_plan_bounds_the_blast_radius():
    found = {one.tool: one.calls for one in radius_of(PLANNED, TOOLS, ToolPolicy()).tools}

    assert found["send_mail"] == 2
    assert found["pay"] == found["touch"] == 0
