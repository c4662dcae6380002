"""`pii`: payment cards, bank accounts and social security numbers, by their check digits.

An email address or a telephone number is what a support desk works with, and is left alone. What
is taken out here has no place in a prompt.
"""

from services.guardrail_checker.checks.base import Content, Finding
from services.guardrail_checker.checks.folding import fold
from shared.redaction.numbers import find_numbers

NAME = "pii"


class Pii:
    """Takes out card numbers, IBANs and US social security numbers."""

    name = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        folded = fold(content.text)
        return tuple(
            Finding(NAME, "redact", rule, _REASONS[rule], folded.span(start, end))
            for rule, (start, end) in find_numbers(folded.text)
        )


_REASONS = {
    "card_number": "a payment card number with a valid check digit",
    "iban": "a bank account number with valid check digits",
    "us_ssn": "the shape of a US social security number",
}
