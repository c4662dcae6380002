"""The blast radius is what the policies let through, and whoever widens it says so."""

from decimal import Decimal

import pytest

from contracts.agent import Agent, ReviewRule
from contracts.widening import widened
from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.authority.radius import radius_of
from services.guardrail_checker.rules.policy import ArgumentLimit
from tests.guardrail_checker.authority.worlds import TOOLS
from tests.policies import LENIENT

AGENT = Agent(name="clerk", instructions="Help.", tools=tuple(TOOLS))
DEFAULT = ToolPolicy()


OPENED = {
    "not_in_plan": "pay may be called though the plan of the task does not have it",
    "too_many_effects": "pay may be called 192 times, not 20",
    "stranger_to_payload": "send_mail: its text carries links of anybody, not records",
    "undeclared_sinks": "post (egress) may be called without a person",
    "unanchored_effect": "remember may be called though nothing in its arguments is the user's",
    "stranger_is_paid": "pay: to reaches anybody, not records",
    "amount_of_nobody": "pay: amount reaches anybody, not found",
    "paid_again": "pay may be called again with the same payee or object",
    "stranger_is_written_to": "send_mail: to reaches anybody, not records",
    "object_of_nobody": "touch: id reaches anybody, not found",
    "change_of_nobody": "add_contact: address reaches anybody, not found",
    "destroyed_unnamed": "delete: id reaches anybody, not records",
    "secret_of_nobody": "set_code: code reaches anybody, not user",
    "strayed_and_leaving": "send_mail may be called after reads that the plan does not have",
    "not_a_reader": "send_mail may send what its receivers may not see",
    "rule_of_two": "reply: id reaches found, not records",
}


def without(policy):
    """The default policies but for one."""
    never = f'@id("{policy}") forbid (principal, action, resource) when {{ false }};'
    return ToolPolicy(cedar=never)


def tools(policy=DEFAULT, agent=AGENT):
    return {one.tool: one for one in radius_of(agent, TOOLS, policy).tools}


def reaches(found, tool):
    return {one.argument: one.reach for one in found[tool].sinks}


def test_under_the_default_policy_no_sink_reaches_anybody():
    found = tools()

    assert {one.reach for tool in found.values() for one in tool.sinks} <= {
        "user",
        "records",
        "found",
    }
    assert reaches(found, "pay") == {"to": "records", "amount": "found"}
    assert reaches(found, "set_code") == {"code": "user"}


def test_under_no_policy_every_sink_reaches_anybody():
    found = tools(LENIENT)

    assert {one.reach for tool in found.values() for one in tool.sinks} == {"anybody"}
    assert found["pay"].calls == AGENT.limits.steps * AGENT.limits.parallel_calls


def test_money_is_told_by_its_limit_and_its_calls():
    limits = {"pay": {"amount": ArgumentLimit(max=Decimal(500))}}

    assert tools()["pay"].largest_amount is None
    assert tools(ToolPolicy(argument_limits=limits))["pay"].largest_amount == 500
    assert tools()["pay"].calls == DEFAULT.effects_without_plan, "to so many different payees"


def test_an_allow_list_reaches_further_than_the_user():
    policy = ToolPolicy(
        destinations=("@own.example",),
        cedar='@id("stranger_is_paid") forbid (principal, action == Action::"call", '
        'resource in Effect::"money") when '
        '{ !["user", "tenant"].containsAll(context.destination) };',
    )

    assert reaches(tools(policy), "pay")["to"] == "tenant"


def test_what_a_person_is_always_asked_about_is_never_done_alone():
    review = {"pay": ReviewRule(), "send_mail": ReviewRule(when="body == x")}
    found = tools(agent=AGENT.model_copy(update={"review": review}))

    assert found["pay"].calls == 0
    assert found["send_mail"].review == "body == x"
    assert tools(ToolPolicy(review_effects=("egress",)))["send_mail"].calls == 0


def test_it_tells_what_the_agent_reads_and_by_what_an_outsider_speaks():
    found = radius_of(AGENT, TOOLS, DEFAULT)

    assert found.reads == ("list_accounts", "read_payroll", "read_notes")
    assert {"search_mail", "fetch"} <= set(found.hears)


def test_what_was_announced_is_not_wider():
    found = radius_of(AGENT, TOOLS, DEFAULT)

    assert widened(found, found) == ()
    assert widened(radius_of(AGENT, TOOLS, LENIENT), found) == ()


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (LENIENT, "pay: to reaches anybody, not records"),
        (LENIENT, "pay may be called 192 times, not 20"),
        (LENIENT, "pay: its text carries links of anybody, not records"),
        *((without(name), told) for name, told in OPENED.items()),
    ],
)
def test_a_wider_policy_is_told(policy, told):
    assert told in widened(radius_of(AGENT, TOOLS, DEFAULT), radius_of(AGENT, TOOLS, policy))


def test_a_wider_limit_review_or_payload_is_told():
    limits = {"pay": {"amount": ArgumentLimit(max=Decimal(500))}}
    review = {"pay": ReviewRule(when="amount > 50")}
    bound = AGENT.model_copy(update={"review": review})
    before = radius_of(bound, TOOLS, ToolPolicy(argument_limits=limits))
    loose = {**TOOLS, "pay": TOOLS["pay"].model_copy(update={"payload": ("note",)})}

    found = widened(before, radius_of(AGENT, loose, DEFAULT))

    assert found == (
        "pay: one amount may be no limit of policy, not 500",
        "pay: people were asked when amount > 50; now None",
        "pay: note leaves",
    )


def test_a_new_tool_with_an_effect_and_a_new_agent_are_told():
    fewer = AGENT.model_copy(update={"tools": ("search_mail",)})
    more = AGENT.model_copy(update={"tools": ("search_mail", "send_mail", "list_accounts")})
    more = Agent.model_validate({**more.model_dump(), "agents": {"ask": {"agent": "other"}}})

    found = widened(radius_of(fewer, TOOLS, DEFAULT), radius_of(more, TOOLS, DEFAULT))

    assert found == (
        "send_mail (egress) may be called without a person",
        "list_accounts shows it what is the tenant's own",
        "it may call the agent other",
    )
