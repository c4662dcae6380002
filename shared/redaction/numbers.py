"""Payment cards, bank accounts and social security numbers, by their check digits.

They are recognised by arithmetic, not by their looks: an order number of sixteen digits is not a
card because it is long.
"""

import re
from collections.abc import Callable, Iterator

from .span import Span

# Each begins with a digit, and looks back from there: to look for digits is far cheaper.
_CARD = re.compile(r"[2-6](?<![\w.-].)\d(?:[ -]?\d){10,16}\d(?![\w-])")
# As it is printed. What stands beside it, as an expiry, a check value or an amount, is not of it.
_PRINTED = re.compile(
    r"(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-])"
)
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
_SSN = re.compile(r"[0-8](?<![\w.-].)\d\d(?<!000)(?<!666)([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}")
# Digits are rarer than letters, so that this is far cheaper to look for.
_IBAN_BEGINS = re.compile(r"[0-9][0-9](?<=[A-Za-z]{2}[0-9]{2})")
# Characters of an IBAN by country, from the SWIFT registry.
_IBANS = """
    NO15 BE16 DK18 FI18 FO18 GL18 NL18 SD18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20
    XK20 CH21 HR21 LI21 LV21 BG22 BH22 CR22 DE22 GB22 GE22 IE22 ME22 RS22 AE23 GI23
    IL23 IQ23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24 PT25 ST25
    IS26 TR26 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 GT28 HU28 LB28
    PL28 SV28 BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 MT31 SC31 LC32
"""
_IBAN_LENGTHS = {word[:2]: int(word[2:]) for word in _IBANS.split()}


def find_numbers(text: str) -> Iterator[tuple[str, Span]]:
    """Rule and span of every number that identifies a person's card, account or record."""
    yield from (("card_number", span) for span in _each(_CARD, text, _card_end))
    if _IBAN_BEGINS.search(text):
        yield from (("iban", span) for span in _each(_IBAN, text, _iban_end))
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


def _each(
    pattern: re.Pattern[str], text: str, end_of: Callable[[re.Match[str]], int | None]
) -> Iterator[Span]:
    """Every number that a match begins with. One that is none may hide the beginning of another."""
    at = 0
    while match := pattern.search(text, at):
        end = end_of(match)
        if end is not None:
            yield Span(match.start(), end)
        at = match.start() + 1 if end is None else end


def _card_end(match: re.Match[str]) -> int | None:
    """Where the card ends that a match is, or begins with."""
    if _is_card(match[0]):
        return match.end()
    printed = _PRINTED.match(match.string, match.start())
    return printed.end() if printed is not None and _is_card(printed[0]) else None


def _is_card(written: str) -> bool:
    digits = re.sub(r"\D", "", written)
    return _NETWORKS.fullmatch(digits) is not None and is_luhn(digits)


def _iban_end(match: re.Match[str]) -> int | None:
    """Where the IBAN ends that a match begins with; it may go on with words that follow."""
    length = _IBAN_LENGTHS.get(match[0][:2].upper())
    compact = match[0].replace(" ", "").replace("-", "")[:length]
    if len(compact) != length or not is_iban(compact):
        return None
    places = [place for place, character in enumerate(match[0]) if character.isalnum()]
    return match.start() + places[length - 1] + 1
