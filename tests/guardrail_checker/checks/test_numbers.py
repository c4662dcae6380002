"""`pii`: numbers of persons are told by their check digits, whatever stands beside them."""

import pytest

from tests.guardrail_checker.checks.test_native import found


@pytest.mark.parametrize(
    ("rule", "text", "number"),
    [
        ("card_number", "my card 4111 1111 1111 1111, thanks", "4111 1111 1111 1111"),
        ("card_number", "card 5555-5555-5555-4444.", "5555-5555-5555-4444"),
        ("card_number", "amex 378282246310005", "378282246310005"),
        ("iban", "to DE89 3704 0044 0532 0130 00 please", "DE89 3704 0044 0532 0130 00"),
        ("iban", "IBAN: gb29nwbk60161331926819", "gb29nwbk60161331926819"),
        ("us_ssn", "SSN 219-09-9999", "219-09-9999"),
        ("card_number", "4111\u200b111111111111", "4111\u200b111111111111"),
    ],
)
async def test_numbers_of_persons_are_taken_out(rule, text, number):
    (one,) = await found("pii", text)

    assert (one.rule, one.severity, text[slice(*one.span)]) == (rule, "redact", number)
    assert number not in one.reason


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("4111 1111 1111 1111 123", ["4111 1111 1111 1111"]),
        ("4111-1111-1111-1111 12/27", ["4111-1111-1111-1111"]),
        ("4111111111111111 12 27 737", ["4111111111111111"]),
        ("3782 822463 10005 1234", ["3782 822463 10005"]),
        ("pay 25 4111 1111 1111 1111", ["4111 1111 1111 1111"]),
        ("form ab12 DE89370400440532013000", ["DE89370400440532013000"]),
        (
            "from DE89370400440532013000 to GB82 WEST 1234 5698 7654 32",
            ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32"],
        ),
    ],
)
async def test_what_stands_beside_a_number_does_not_hide_it(text, numbers):
    assert [text[slice(*one.span)] for one in await found("pii", text)] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "card 4111 1111 1111 1112",
        "order 1234567890123452",
        "DE88 3704 0044 0532 0130 00",
        "SSN 000-12-3456 or 666-12-3456",
        "call +1 219 555 9999",
        "anna@example.org",
        "uuid 41111111-1111-4111-8111-111111111111",
        "41 1111 1111 1111 1111 of a longer row 24111111111111111 9",
    ],
)
async def test_numbers_with_wrong_check_digits_are_not_of_a_person(text):
    assert await found("pii", text) == ()
