"""`grounded_in_sources`: an answer states no amount, number or link that the model was not shown.

Three kinds of thing are compared, because they are what people act upon: amounts of money, order
numbers and their like, and web addresses. Prose is not judged. What the model has worked out, such
as a sum of two prices, is refused too: let a tool do the sum, then it is a source.

The sources are `content.grounds`: everything that was in front of the model, task included. An
answer for which no sources are given is compared with nothing, and so may state nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from services.guardrail_checker.checks.base import Content, Finding, Span
from services.guardrail_checker.checks.folding import fold
from services.guardrail_checker.checks.links import find_links, same_link

NAME = "grounded_in_sources"

_CURRENCIES = {
    **{"us$": "USD", "$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD"},
    **{"\u20ac": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR"},
    **{"\u00a3": "GBP", "gbp": "GBP", "pounds": "GBP", "\u00a5": "JPY", "jpy": "JPY", "yen": "JPY"},
    **{"chf": "CHF", "francs": "CHF", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN"},
    **{"cad": "CAD", "aud": "AUD", "inr": "INR", "\u20b9": "INR"},
}
_SIGN = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_NUMBER = r"\d(?:[\d.,'\u00a0\u202f]{0,20}\d)?"
_AMOUNT = re.compile(
    rf"(?<![a-z])(?P<before>{_SIGN})\s?(?P<first>{_NUMBER})"
    rf"|(?<![\w.,])(?P<second>{_NUMBER})\s?(?P<after>{_SIGN})(?![a-z])",
    re.IGNORECASE,
)
_PLAIN_NUMBER = re.compile(rf"(?<![\w.,]){_NUMBER}(?!\w)")
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?\S{0,8})?|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
)
# A bare four-digit number of these centuries is read as a year, unless a word says otherwise.
_YEAR = re.compile(r"(?:19|20)\d{2}")
_NAMED = re.compile(
    r"\b(?:orders?|invoices?|tickets?|parcels?|cases?|bookings?|references?|refunds?|shipments?"
    r"|tracking|customers?|accounts?|claims?|rma)\s{0,2}(?:number|no\.?|id|code)?\s{0,2}[:#]?\s{0,2}"
    r"(?P<named>[\w-]{0,20}\d[\w-]{0,40})(?![\w.,]*\d)|#(?P<hash>[\w-]{0,20}\d[\w-]{0,40})",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?<![\w.,-])(?=[\w-]{0,40}\d{3})[A-Za-z0-9][\w-]{3,63}(?![\w-])")


@dataclass(frozen=True, slots=True)
class Stated:
    """Something an answer states, and where. `rule` is the finding's, if it has no source."""

    rule: str
    span: Span


class GroundedInSources:
    """Refuses an answer that states an amount, number or link found in none of its sources."""

    name = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        sources = [fold(ground.text).text for ground in content.grounds]
        folded = fold(content.text)
        return tuple(
            Finding(NAME, "block", one.rule, _REASONS[one.rule], folded.span(*one.span))
            for one in find_ungrounded(folded.text, sources)
        )


_REASONS = {
    "ungrounded_amount": "an amount of money that no source states",
    "ungrounded_number": "an order number or the like that no source states",
    "ungrounded_link": "a web address that no source holds",
}


def find_ungrounded(answer: str, sources: Iterable[str]) -> Iterator[Stated]:
    """What `answer` states and no source does. Each stretch of text is judged as one thing only."""
    everything = "\n".join(sources)
    rest = answer
    links = {same_link(everything[start:end]) for start, end in find_links(everything)}
    for start, end in find_links(answer):
        rest = _blank(rest, start, end)
        if same_link(answer[start:end]) not in links:
            yield Stated("ungrounded_link", Span(start, end))
    for match in _DATE.finditer(rest):
        rest = _blank(rest, *match.span())
    known = _amounts_of(everything)
    for match in _AMOUNT.finditer(rest):
        rest = _blank(rest, *match.span())
        if not _amount(match) & known:
            yield Stated("ungrounded_amount", Span(*match.span()))
    haystack = everything.casefold()
    for start, end in _numbers_of(rest):
        if not _holds(haystack, answer[start:end].casefold()):
            yield Stated("ungrounded_number", Span(start, end))


def _numbers_of(text: str) -> list[Span]:
    named = [match.span("named" if match["named"] else "hash") for match in _NAMED.finditer(text)]
    taken = {start for start, _ in named}
    bare = [
        match.span()
        for match in _NUMBERED.finditer(text)
        if match.start() not in taken and not _YEAR.fullmatch(match[0]) and _is_number(match[0])
    ]
    return sorted(Span(*span) for span in [*named, *bare])


def _is_number(token: str) -> bool:
    """Whether a bare token reads as an identifier: mixed with letters, or at least four digits."""
    return not token.isdigit() or len(token) >= 4


def _holds(haystack: str, token: str) -> bool:
    return bool(re.search(rf"(?<![^\W_]){re.escape(token)}(?![^\W_])", haystack))


def _amounts_of(text: str) -> set[tuple[str, Decimal]]:
    """Every amount of the sources; one without a currency beside it speaks for any of them."""
    amounts: set[tuple[str, Decimal]] = set()
    rest = text
    for match in _AMOUNT.finditer(text):
        amounts |= _amount(match)
        rest = _blank(rest, *match.span())
    currencies = set(_CURRENCIES.values())
    for match in _PLAIN_NUMBER.finditer(rest):
        amounts |= {(code, value) for value in readings(match[0]) for code in currencies}
    return amounts


def _amount(match: re.Match[str]) -> set[tuple[str, Decimal]]:
    code = _CURRENCIES[(match["before"] or match["after"]).lower()]
    return {(code, value) for value in readings(match["first"] or match["second"])}


def readings(number: str) -> set[Decimal]:
    """What a written number may mean: `1.234` is read both ways, `1.234,50` in one only."""
    compact = re.sub(r"['\u00a0\u202f\s]", "", number)
    marks = [mark for mark in compact if mark in ".,"]
    if not marks:
        return {Decimal(compact)}
    whole = Decimal(re.sub(r"[.,]", "", compact))
    head, _, tail = compact.rpartition(marks[-1])
    if len(marks) > 1 and marks[-1] in marks[:-1]:
        return {whole}
    decimal = Decimal(f"{re.sub(r'[.,]', '', head)}.{tail}")
    return {decimal, whole} if len(marks) == 1 and len(tail) == 3 else {decimal}


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]
