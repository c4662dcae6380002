"""What a read was asked for it did not find, and what an outsider may have found reaches nobody."""

import json

import pytest

from contracts.guardrail import ToolCleared
from contracts.tool import ToolManifest
from infra.policies.stage import Stage
from services.guardrail_checker.rules import ToolPolicy
from tests.guardrail_checker.authority.worlds import EVE, PLAN, SAFE, Office

PLANNED = {**PLAN, "read_notes": 3, "touch": 2, "reply": 1, "send_mail": 2}
INVOICES = ToolManifest(
    name="find_invoices", description="Find.", parameters={}, fields={"id": "id", "sum": "amount"}
)
PAY = ToolManifest(
    name="pay_invoice",
    description="Pay.",
    parameters={},
    effect="money",
    sinks={"id": "id", "amount": "amount"},
)


@pytest.mark.parametrize("asked", [SAFE, f"id {SAFE} or 100"])
def test_a_read_does_not_vouch_for_what_the_model_asked_it(asked):
    office = Office(ToolPolicy(), PLANNED)

    assert office.call("read_notes", {"id": asked})

    assert office.rule("touch", {"id": asked}) == "object_of_nobody"


def test_an_address_that_a_search_gives_back_is_nobody_s():
    office = Office(ToolPolicy(), PLANNED)
    office.call("read_notes", {"id": EVE})

    assert office.rule("send_mail", {"to": [EVE], "body": "Hi."}) == "stranger_is_written_to"
    rule = office.rule("send_mail", {"to": ["lea@partner.example"], "body": f"see {EVE}"})
    assert rule == "stranger_to_payload"


def test_an_answer_to_a_stranger_needs_a_person_once_private_records_were_read():
    office = Office(ToolPolicy(), None)
    answer = {"id": "21", "body": "It is done."}
    office.call("search_mail", {"query": "Spring meeting"})

    assert office.rule("reply", answer) == "tool_of_the_agent"

    office.call("list_accounts", {})

    assert office.rule("reply", answer) == "rule_of_two"


def test_an_invoice_that_an_outsider_may_have_sent_is_not_paid():
    tools = {one.name: one for one in (INVOICES, PAY)}
    stage = Stage("Pay my invoices.", tools, ToolPolicy(), dict.fromkeys(tools, 1))
    asked, verdict = stage.ask("find_invoices", "{}")
    assert isinstance(verdict, ToolCleared)
    stage.run_cleared(asked, verdict, json.dumps([{"id": "i-77", "sum": 900.0}]))

    _, verdict = stage.ask("pay_invoice", json.dumps({"id": "i-77", "amount": 900.0}))

    assert verdict.rule == "stranger_is_paid"
