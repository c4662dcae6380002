"""What a text holds that reaches somebody by itself is traced like a sink."""

import pytest

from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.authority.payload import active
from tests.guardrail_checker.authority.worlds import Office


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call +44 20 7946 0958 now", "+44 20 7946 0958"),
        ("call 0044 20 7946 0958", "0044 20 7946 0958"),
        ("ring (020) 7946 0958.", "(020) 7946 0958"),
        ("ring 555-867-5309 today", "555-867-5309"),
        ("sort code 20-00-00, 55779911", "20-00-00, 55779911"),
        ("to account 000123456789", "000123456789"),
        ("send to 0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886E0F"),
        ("to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lyd"),
        ("to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2!", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("write to @eve_evil on the chat", "@eve_evil"),
    ],
)
def test_a_phone_an_account_a_wallet_or_a_handle_in_a_text_is_found(text, found):
    assert any(one.startswith(found) for one in active(text))


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-11-30 at 10:30, room 12",
        "30.11.2026, 1,250,000.00 in all",
        "order 1042 of 99.95 EUR, 3 of 20",
        "meet @ noon",
        "the years 2025 2026",
        "version 1.20.300",
    ],
)
def test_dates_amounts_and_short_numbers_reach_nobody(text):
    assert list(active(text)) == []


@pytest.mark.parametrize("number", ["+44 20 7946 0958", "@eve_evil", "000123456789"])
def test_a_number_of_a_stranger_s_leaves_by_nothing_that_is_sent(number):
    office = Office(ToolPolicy(), None)

    rule = office.rule("send_mail", {"to": ["lea@partner.example"], "body": f"ask {number}"})

    assert rule == "stranger_to_payload"
