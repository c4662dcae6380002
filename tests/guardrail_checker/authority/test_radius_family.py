"""A blast radius counts what leaves by any call, and what called agents do in a run's name."""

from decimal import Decimal

import pytest

from contracts.agent import Agent
from contracts.radius import Radius
from contracts.tool import ToolManifest
from contracts.widening import widened
from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.authority.radius import radii_of
from services.guardrail_checker.rules.policy import ArgumentLimit
from tests.guardrail_checker.authority.worlds import TOOLS
from tests.policies import LENIENT

CAPPED = ToolPolicy(argument_limits={"pay": {"amount": ArgumentLimit(max=Decimal(500))}})


def agent(name, *tools, calls=(), **limits):
    delegates = {f"ask_{one}": {"agent": one} for one in calls}
    written = {"name": name, "instructions": "Help.", "tools": tools, "agents": delegates}
    return Agent.model_validate({**written, "limits": limits})


def worst(*agents, policy=CAPPED, tools=TOOLS):
    found = radii_of({one.name: one for one in agents}, tools, policy)
    return found[agents[0].name].worst


def exits(found):
    return {one.name: (one.arguments, one.reach) for one in found.exits}


def test_the_most_money_is_every_call_at_its_limit():
    assert worst(agent("clerk", "pay")).money == 20 * 500
    assert worst(agent("clerk", "pay"), policy=ToolPolicy()).money is None
    assert worst(agent("clerk", "send_mail")).money == 0


def test_a_step_limit_bounds_the_calls_and_so_the_money():
    assert worst(agent("clerk", "pay", steps=2, parallel_calls=3)).money == 6 * 500


def test_the_money_of_called_agents_is_the_run_s_own():
    clerk = agent("clerk", "pay", steps=1, parallel_calls=1)
    boss = agent("boss", "pay", calls=("clerk",), steps=1, parallel_calls=1, children=3)

    assert worst(boss, clerk).money == 500 + 3 * 500
    assert worst(boss, clerk, policy=ToolPolicy()).money is None


def test_agents_that_call_each_other_end_where_the_platform_ends_them():
    one = agent("one", calls=("two",), children=2)
    two = agent("two", "pay", calls=("one",), steps=1, parallel_calls=1, children=1)

    assert worst(one, two).money == 2 * (500 + 2 * 500)


def test_data_leaves_by_what_an_egress_carries_and_to_whom_it_reaches():
    found = worst(agent("clerk", "list_accounts", "search_mail", "send_mail"))

    assert exits(found) == {
        "clerk/send_mail": (("body",), "records"),
        "clerk/search_mail": (("query",), "records"),
    }
    assert found.data == ("list_accounts", "search_mail")
    assert found.written_to == "records"


def test_a_read_that_fetches_any_address_is_an_exit_to_anybody():
    found = worst(agent("clerk", "fetch"), policy=LENIENT)

    assert exits(found) == {"clerk/fetch": (("url",), "anybody")}


@pytest.mark.parametrize(
    "schema", [{"type": "integer"}, {"type": "string", "pattern": r"^\d{1,9}$"}, {"enum": ["a"]}]
)
def test_an_argument_that_holds_no_link_is_no_exit(schema):
    parameters = {"type": "object", "properties": {"id": schema}}
    look = ToolManifest(name="look", description="Look.", parameters=parameters)

    assert worst(agent("clerk", "look"), tools={"look": look}).exits == ()


def test_an_egress_that_does_not_say_whom_it_reaches_reaches_anybody():
    open_to_all = ToolPolicy(
        cedar='@id("undeclared_sinks") forbid (principal, action, resource) when { false };'
    )
    found = worst(agent("clerk", "post"), policy=open_to_all)

    assert found.written_to == "anybody"
    assert exits(found) == {"clerk/post": (("text",), "anybody")}
    assert worst(agent("clerk", "post")).exits == ()


def test_what_a_called_agent_sends_and_reads_is_the_run_s_own():
    boss, clerk = agent("boss", "list_accounts", calls=("clerk",)), agent("clerk", "send_mail")

    found = worst(boss, clerk)

    assert exits(found) == {"clerk/send_mail": (("body",), "records")}
    assert found.data == ("list_accounts",)
    assert found.written_to == "records"


def test_a_child_that_may_do_more_widens_whoever_calls_it():
    boss = agent("boss", calls=("clerk",))
    before = radii_of({"boss": boss, "clerk": agent("clerk", "fetch")}, TOOLS, CAPPED)["boss"]
    wide = agent("clerk", "fetch", "pay", "send_mail", "list_accounts")
    after = radii_of({"boss": boss, "clerk": wide}, TOOLS, CAPPED)["boss"]

    assert widened(before, after) == (
        "all payments together may be 80000, not 0",
        "it writes to records, not nobody",
        "what list_accounts shows may leave",
        "data may leave by clerk/pay, to records",
        "data may leave by clerk/send_mail, to records",
    )
    assert widened(after, after) == ()


def test_what_was_announced_without_the_whole_family_has_to_be_announced_anew():
    found = radii_of({"clerk": agent("clerk", "fetch")}, TOOLS, CAPPED)["clerk"]
    old = Radius.model_validate({**found.model_dump(), "worst": None})

    assert widened(old, found) == (
        "what it could do with the agents that it may call was not announced",
    )


def test_what_a_run_spends_is_its_budget_and_each_price_is_told():
    priced = {**TOOLS, "fetch": TOOLS["fetch"].model_copy(update={"price_usd": Decimal("0.02")})}
    clerk = agent("clerk", "fetch", "pay", budget_usd=2)

    found = radii_of({"clerk": clerk}, priced, CAPPED)["clerk"]

    assert found.spends_usd == 2
    assert found.prices_usd == {"fetch": Decimal("0.02")}


def test_a_higher_budget_and_a_dearer_tool_have_to_be_announced():
    priced = {**TOOLS, "fetch": TOOLS["fetch"].model_copy(update={"price_usd": Decimal("0.02")})}
    before = radii_of({"clerk": agent("clerk", "fetch", budget_usd=1)}, TOOLS, CAPPED)["clerk"]
    after = radii_of({"clerk": agent("clerk", "fetch", budget_usd=2)}, priced, CAPPED)["clerk"]
    older = before.model_copy(update={"spends_usd": None})

    assert widened(before, after) == (
        "a call of fetch costs 0.02 dollars, not 0",
        "one run may spend 2 dollars, not 1",
    )
    assert widened(older, after) == ("a call of fetch costs 0.02 dollars, not 0",)
    assert widened(after, before) == ()
