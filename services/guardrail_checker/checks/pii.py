"""`pii`: payment cards, bank accounts and social security numbers, by their check digits.

An email address or a telephone number is what a support desk works with, and is left alone. What
is taken out here has no place in a prompt, and is recognised by arithmetic, not by its looks: an
order number of sixteen digits is not a card because it is long.
"""

import re
from collections.abc import Iterator

from services.guardrail_checker.checks.base import Content, Finding, Span
from services.guardrail_checker.checks.folding import fold

NAME = "pii"

_CARD = re.compile(r"(?<![\w.-])(?:[2-6]\d(?:[ -]?\d){10,16}\d)(?![\w-])")
# Prefixes that card networks issue, with the lengths they issue them in.
_NETWORKS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners Club
    r"|(?:6011|64[4-9]\d|65\d{2})\d{12}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|58\d{2}|6304|6759|676[1-3])\d{8,15}"  # Maestro
)
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
# Characters of an IBAN by country, from the SWIFT registry.
_IBAN_LENGTHS = {
    **{"NO": 15, "BE": 16, "DK": 18, "FI": 18, "FO": 18, "GL": 18, "NL": 18, "SD": 18},
    **{"MK": 19, "SI": 19, "AT": 20, "BA": 20, "EE": 20, "KZ": 20, "LT": 20, "LU": 20, "XK": 20},
    **{"CH": 21, "HR": 21, "LI": 21, "LV": 21, "BG": 22, "BH": 22, "CR": 22, "DE": 22, "GB": 22},
    **{"GE": 22, "IE": 22, "ME": 22, "RS": 22, "AE": 23, "GI": 23, "IL": 23, "IQ": 23, "TL": 23},
    **{"AD": 24, "CZ": 24, "ES": 24, "MD": 24, "PK": 24, "RO": 24, "SA": 24, "SE": 24, "SK": 24},
    **{"TN": 24, "VG": 24, "PT": 25, "ST": 25, "IS": 26, "TR": 26, "FR": 27, "GR": 27, "IT": 27},
    **{"MC": 27, "MR": 27, "SM": 27, "AL": 28, "AZ": 28, "BY": 28, "CY": 28, "DO": 28, "GT": 28},
    **{"HU": 28, "LB": 28, "PL": 28, "SV": 28, "BR": 29, "EG": 29, "PS": 29, "QA": 29, "UA": 29},
    **{"JO": 30, "KW": 30, "MU": 30, "MT": 31, "SC": 31, "LC": 32},
}


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


def find_numbers(text: str) -> Iterator[tuple[str, Span]]:
    """Rule and span of every number that identifies a person's card, account or record."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _NETWORKS.fullmatch(digits) and is_luhn(digits):
            yield "card_number", Span(*match.span())
    for match in _IBAN.finditer(text):
        if span := _iban_span(match):
            yield "iban", span
    for match in _SSN.finditer(text):
        yield "us_ssn", Span(*match.span())


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others. All zeros do not count."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = (value * 2 for value in values[1::2])
    total = sum(values[::2]) + sum(value - 9 if value > 9 else value for value in doubled)
    return total % 10 == 0 and any(values)


def is_iban(compact: str) -> bool:
    """Whether the check digits of an IBAN without spaces are right (ISO 7064, modulo 97)."""
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _iban_span(match: re.Match[str]) -> Span | None:
    """The IBAN at the start of a match; words that follow it may have been matched as well."""
    length = _IBAN_LENGTHS.get(match[0][:2].upper())
    places = [place for place, character in enumerate(match[0]) if character.isalnum()]
    if length is None or len(places) < length:
        return None
    end = places[length - 1] + 1
    compact = "".join(match[0][place] for place in places[:length])
    return Span(match.start(), match.start() + end) if is_iban(compact) else None
