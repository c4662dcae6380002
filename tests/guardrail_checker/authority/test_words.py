"""What stands in a text as a value, and which of its numbers may be amounts."""

from decimal import Decimal

import pytest

from services.guardrail_checker.rules.authority.words import Words


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("Refund order 1042, it was 12.50.", 1042),
        ("Refund invoice no. 7731.", 7731),
        ("Pay for May 15th, 2024.", 2024),
        ("I moved to 1234 Elm Street, NY 10001.", 1234),
        ("I moved to 1234 Elm Street, NY 10001.", 10001),
        ("Add 19% of what we paid.", 19),
        ("At 10:30 please.", 30),
    ],
)
def test_a_number_that_is_no_amount_is_none(text, amount):
    assert Decimal(amount) not in Words([text]).numbers()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("The rent is 2200. Also pay", "2200"),
        ("Pay $2024 now", "2024"),
        ("it was 12.50, thanks", "12.50"),
        ("order 1042: 129.90", "129.90"),
        ("send them 40 euros", "40"),
    ],
)
def test_a_number_that_may_be_an_amount_is_one(text, amount):
    assert Decimal(amount) in Words([text]).numbers()


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("Write to lea@partner.example.", "lea@partner.example", True),
        ("Write to LEA@Partner.example!", "lea@partner.example", True),
        ("Write to lea@partner.example.", "partner.example", False),
        ("Write to clea@partner.example.", "lea@partner.example", False),
        ("Delete file 13 on June 14", "14", False),
        ("Delete the file with ID 13", "13", True),
        ("Delete #13, please", "13", True),
        ("Delete '13'.", "13", True),
        ("Delete no. 134", "13", False),
        ("order 10425", "1042", False),
        ("", "1042", False),
        ("order", "", False),
    ],
)
def test_a_value_stands_in_a_text_as_itself(text, value, said):
    assert Words([text]).say(value) is said
