"""`grounded_in_sources`: an answer states no figure, name or link that the model was not shown.

Compared is what people act upon: amounts of money, order numbers and their like, web addresses,
percentages, durations, dates, and discounts by name. Prose is not judged. What the model has worked
out, such as a sum of two prices, is refused too: let a tool do the sum, then it is a source.

The sources are `content.grounds`: everything that was in front of the model, task included. An
answer for which no sources are given is compared with nothing, and so may state nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from services.guardrail_checker.checks.base import CheckerUnavailable, Content, Finding
from services.guardrail_checker.checks.folding import fold, lower
from services.guardrail_checker.checks.links import find_links, same_link
from services.guardrail_checker.checks.terms import ungrounded_terms
from shared.redaction.span import Span

NAME = "grounded_in_sources"
SOURCES_LIMIT_CHARS = 1_048_576
ANY = "any currency"

_SIGNS = {
    "USD": "us$ $ usd dollar dollars bucks",
    "EUR": "\u20ac eur euro euros",
    "GBP": "\u00a3 gbp pounds",
    "JPY": "\u00a5 jpy yen",
    "CHF": "chf francs",
    "INR": "\u20b9 inr rupees",
    **{code: code.lower() for code in ("SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "CNY")},
}
_CURRENCIES = {sign: code for code, signs in _SIGNS.items() for sign in signs.split()}
_SIGN = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_NUMBER = r"(?:\d{1,3}(?: \d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|\d(?:[\d.,']{0,20}\d)?)"
_AMOUNT = re.compile(
    rf"(?<![a-z])(?P<before>{_SIGN})\s?(?P<first>{_NUMBER})"
    rf"|(?<![\w.,])(?P<second>{_NUMBER})\s?(?P<after>{_SIGN})(?![a-z])"
)
# As above, but for the digit that it begins with: to look for digits is far cheaper.
_PLAIN_NUMBER = re.compile(
    r"[0-9](?<![\w.,].)(?:\d{0,2}(?: \d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|(?:[\d.,']{0,20}\d)?)(?!\w)"
)
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2})?\S{0,8})?|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
)
# Without one of these a text holds no date, which is far cheaper to see.
_DATE_BEGINS = re.compile(r"[0-9][-./]\d{1,2}[-./]\d")
# A bare four-digit number of these centuries is read as a year, unless a word says otherwise.
_YEAR = re.compile(r"(?:19|20)\d{2}")
# Three digits, or letters and a digit: `orders 2` counts things, `order 204` names one.
_IDENTIFIER = r"(?=[\w-]{0,40}(?:\d{3}|[a-z]-?\d|\d[a-z]))[\w-]{1,60}"
_NAMED = re.compile(
    r"\b(?:orders?|invoices?|tickets?|parcels?|cases?|bookings?|references?|refunds?|shipments?"
    r"|tracking|customers?|accounts?|claims?|rma)(?:\s(?:number|no\.?|id|code))?(?:\sis)?\s?[:#]?\s{0,2}"
    rf"(?<=[\s:#])(?P<named>{_IDENTIFIER})(?![\w-]|[.,]\d)"
)
_HASHED = re.compile(r"#(?P<hash>(?=[\w-]{0,40}\d)[\w-]{2,60})(?![\w-])")
_NUMBERED = re.compile(r"(?<![\w.,-])(?=[\w-]{0,40}\d{3})[a-z0-9][\w-]{3,63}(?![\w-])")

_WORD = re.compile(r"\w[\w-]*")


@dataclass(frozen=True, slots=True)
class Stated:
    """Something an answer states, and where. `rule` is the finding's, if it has no source."""

    rule: str
    span: Span


class GroundedInSources:
    """Refuses an answer that states what none of its sources does."""

    name = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        size = sum(len(ground.text) for ground in content.grounds)
        if size > SOURCES_LIMIT_CHARS:
            raise CheckerUnavailable(
                NAME, f"{size} characters of sources; it reads {SOURCES_LIMIT_CHARS}"
            )
        grounds = [(ground.label, fold(ground.text).text) for ground in content.grounds]
        sources = "\n".join(text for _, text in grounds)
        told = "\n".join(text for label, text in grounds if label != "user")
        folded = fold(content.text)
        found = [(one.rule, one.span) for one in find_ungrounded(folded.text, sources)]
        found += [(one.rule, one.span) for one in ungrounded_terms(folded.text, sources, told)]
        return tuple(
            Finding(NAME, "block", rule, _REASONS[rule], folded.span(*span)) for rule, span in found
        )


_REASONS = {
    "ungrounded_amount": "an amount of money that no source states",
    "ungrounded_number": "an order number or the like that no source states",
    "ungrounded_link": "a web address that no source holds",
    "ungrounded_percentage": "a percentage that no source but perhaps the customer states",
    "ungrounded_duration": "a duration that no source states",
    "ungrounded_date": "a date that no source states",
    "ungrounded_discount": "a discount that no source but perhaps the customer names",
}


def find_ungrounded(answer: str, sources: str) -> Iterator[Stated]:
    """What `answer` states and `sources` do not. Each stretch of text is judged as one thing."""
    links = find_links(answer)
    if links:
        known = {same_link(sources[start:end]) for start, end in find_links(sources)}
        unknown = (one for one in links if same_link(answer[one.start : one.end]) not in known)
        yield from (Stated("ungrounded_link", one) for one in unknown)
    rest = _without_dates(lower(_without_links(answer, links)))
    amounts, rest = _apart(rest)
    if amounts:
        stated = _amounts_of(lower(sources))
        for match in amounts:
            if not _meanings(match) & stated:
                yield Stated("ungrounded_amount", Span(*match.span()))
    if numbers := _numbers_of(rest):
        tokens = _tokens_of(sources)
        for start, end in numbers:
            if answer[start:end].casefold() not in tokens:
                yield Stated("ungrounded_number", Span(start, end))


def _without_links(text: str, links: Sequence[Span]) -> str:
    pieces, done = [], 0
    for start, end in links:
        pieces += [text[done:start], " " * (end - start)]
        done = end
    return "".join((*pieces, text[done:]))


def _without_dates(text: str) -> str:
    return _DATE.sub(_blank, text) if _DATE_BEGINS.search(text) is not None else text


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _numbers_of(text: str) -> list[Span]:
    """Order numbers and their like: named as such, or recognisable without it."""
    spans = {Span(*match.span("named")) for match in _NAMED.finditer(text)}
    spans |= {Span(*match.span("hash")) for match in _HASHED.finditer(text)}
    bare = (match for match in _NUMBERED.finditer(text) if not _YEAR.fullmatch(match[0]))
    spans |= {Span(*match.span()) for match in bare}
    return sorted(spans)


def _tokens_of(text: str) -> set[str]:
    """Every word of the sources, and the parts of those with a dash: `1042` of `ORD-1042`."""
    words = set(_WORD.findall(text.casefold()))
    joined = (word for word in words if "-" in word or "_" in word)
    return words | {part for word in joined for part in re.split(r"[-_]", word)}


def _amounts_of(text: str) -> set[tuple[str, Decimal]]:
    """Every amount of the sources. A number with no currency beside it speaks for any."""
    priced, rest = _apart(text)
    amounts = {one for match in priced for one in _priced(match)}
    plain = _PLAIN_NUMBER.finditer(rest)
    return amounts | {(ANY, value) for match in plain for value in readings(match[0])}


def _apart(text: str) -> tuple[list[re.Match[str]], str]:
    """Every amount with its currency, and the text in lower case with blanks in their places."""
    if not _has_currency(text):
        return [], text
    found = list(_AMOUNT.finditer(text))
    pieces, done = [], 0
    for match in found:
        pieces += [text[done : match.start()], _blank(match)]
        done = match.end()
    return found, "".join((*pieces, text[done:]))


def _has_currency(text: str) -> bool:
    """Whether it is worth the search: most texts name no currency."""
    return any(sign in text for sign in _CURRENCIES)


def _meanings(match: re.Match[str]) -> set[tuple[str, Decimal]]:
    priced = _priced(match)
    return priced | {(ANY, value) for _, value in priced}


def _priced(match: re.Match[str]) -> set[tuple[str, Decimal]]:
    code = _CURRENCIES[match["before"] or match["after"]]
    return {(code, value) for value in readings(match["first"] or match["second"])}


@lru_cache(maxsize=4096)
def readings(number: str) -> frozenset[Decimal]:
    """What a written number may mean: `1.234` is read both ways, `1.234,50` in one only."""
    compact = re.sub(r"[' ]", "", number)
    marks = [mark for mark in compact if mark in ".,"]
    whole = Decimal(re.sub(r"[.,]", "", compact))
    if not marks or marks[-1] in marks[:-1]:
        return frozenset({whole})
    head, _, tail = compact.rpartition(marks[-1])
    decimal = Decimal(f"{re.sub(r'[.,]', '', head)}.{tail}")
    both = len(marks) == 1 and len(tail) == 3
    return frozenset({decimal, whole}) if both else frozenset({decimal})
