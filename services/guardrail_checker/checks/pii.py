"""`pii`: payment cards, bank accounts and social security numbers, by their check digits.

An email address or a telephone number is what a support desk works with, and is left alone. What
is taken out here has no place in a prompt. `pii_vault` leaves a token, which a tool that needs the
number is given it for.
"""

from services.guardrail_checker.checks.base import Content, Finding, Severity
from services.guardrail_checker.checks.folding import fold
from shared.redaction.numbers import find_numbers

NAME = "pii"
VAULT = "pii_vault"


class Pii:
    """Takes out card numbers, IBANs and US social security numbers; or vaults them."""

    def __init__(self, name: str = NAME, *, vaults: bool = False) -> None:
        self.name = name
        self._severity: Severity = "vault" if vaults else "redact"

    async def check(self, content: Content) -> tuple[Finding, ...]:
        folded = fold(content.text)
        return tuple(
            Finding(self.name, self._severity, rule, _REASONS[rule], folded.span(start, end))
            for rule, (start, end) in find_numbers(folded.text)
        )


_REASONS = {
    "card_number": "a payment card number with a valid check digit",
    "iban": "a bank account number with valid check digits",
    "us_ssn": "the shape of a US social security number",
}
