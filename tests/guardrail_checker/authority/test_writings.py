"""What a run wrote is the model's, wherever it is read again."""

import pytest

from services.guardrail_checker.rules import ToolPolicy
from tests.guardrail_checker.authority.worlds import EVE, PLAN, Office

POLICY = ToolPolicy()
IBAN = "DE02120300000000202051"
FRENCH = "FR7630006000011234567890189"
KEEPING = {**PLAN, "note": 2, "read_notes": 2, "rename": 1, "search_events": 2}


def kept(*notes: str, plan: dict[str, int] | None = KEEPING) -> Office:
    found = Office(POLICY, plan)
    for note in notes:
        assert found.call("note", {"id": "Spring meeting", "text": note})
    assert found.call("read_notes", {"id": "Spring meeting"})
    return found


@pytest.mark.parametrize("plan", [None, KEEPING])
def test_what_the_run_wrote_is_no_record_of_the_tenant_when_it_is_read_again(plan):
    found = kept("evil9", plan=plan)

    assert "stranger_is_paid" in found.rule("pay", {"to": "evil9", "amount": 80})


def test_an_amount_that_the_run_wrote_bounds_nothing():
    found = kept("4900.00")

    assert "amount_of_nobody" in found.rule("pay", {"to": IBAN, "amount": 4900})


def test_what_is_read_as_one_may_have_been_written_in_pieces():
    found = kept("evil", "9")

    assert "stranger_is_paid" in found.rule("pay", {"to": "evil9", "amount": 80})


def test_an_address_that_the_run_wrote_in_pieces_is_not_the_tenants():
    found = kept("eve@", "evil.example")
    mail = {"to": ["lea@partner.example"], "body": EVE}

    assert "stranger_to_payload" in found.rule("send_mail", mail)


def test_what_was_read_before_anything_was_written_is_still_the_tenants():
    found = Office(POLICY, {**KEEPING, "list_accounts": 2})
    assert found.call("list_accounts", {})
    assert found.call("note", {"id": "Spring meeting", "text": f"Paid to {FRENCH}."})
    assert found.call("list_accounts", {})

    assert "stranger_is_paid" not in found.rule("pay", {"to": FRENCH, "amount": 80})


def test_an_object_that_the_run_renamed_is_not_what_the_user_named():
    found = Office(POLICY, KEEPING)
    found.call("search_events", {"query": "Spring meeting"})
    assert found.call("rename", {"id": "8", "title": "Spring meeting"})
    found.call("search_events", {"query": "Spring meeting"})

    asked = found.rule("invite", {"people": [EVE], "title": "Summer meeting"})

    assert "stranger_is_written_to" in asked
