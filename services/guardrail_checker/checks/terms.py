"""What an answer grants beside amounts: percentages, durations, dates, and discounts by name.

An airline's chat answered that a discount may be claimed within 90 days after the journey. No rule
of the airline said so, and a court held it to that answer (Moffatt v. Air Canada, 2024). So each of
these needs a source. A percentage or a discount that only the customer has named is none: they
would be promised whatever they ask for.

Each is looked for by its mark (`%`, `days`, a month, `discount`), and read around it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from services.guardrail_checker.checks.folding import lower
from shared.redaction.span import Span

TermRule = Literal[
    "ungrounded_percentage", "ungrounded_duration", "ungrounded_date", "ungrounded_discount"
]
Meaning = tuple[object, ...]
WINDOW_CHARS = 40  # before a mark, where its number or name stands
ANY_YEAR = "any year"
NEAR_WORDS = 3  # beside the word discount, in a source

_ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety hundred"
_WORDS = {
    **{word: value for value, word in enumerate(_ONES.split(), 1)},
    **{word: value * 10 for value, word in enumerate(_TENS.split(), 1)},
}
_COUNT = rf"(?:\d{{1,6}}(?:[.,]\d{{1,4}})?|{'|'.join(_WORDS)})"
_COUNT_BEFORE = re.compile(
    rf"(?<![\w.,:/-])(?P<first>{_COUNT})(?:\s?(?:-|to|and|or)\s?(?P<last>{_COUNT}))?"
    r"(?:[\s-]{1,2}(?:working|business|calendar|full|more))?[\s-]{0,2}\Z"
)
# Without one of these a text holds no percentage, which is far cheaper to see.
_PERCENT_MARKS = ("%", "percent", "per cent", "pct", "half")
_PERCENT = re.compile(r"%|\bper ?cent\b|\bpct\b|\bhalf[\s-](?:off|(?:of\s)?(?:\w+\s)?price)\b")
_RATE_FIELD = re.compile(
    r"(?:percent\w{0,20}|pct|discount\w{0,20}|rate)[\"']?\s?[:=]\s?[\"']?(\d{1,6}(?:\.\d{1,4})?)"
)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS_OF = {"month": 1, "year": 12}
_SHORT = {"min": "minute", "hr": "hour"}
_UNIT = re.compile(r"(second|min(?:ute)?|hour|hr|day|week|month|year)s?\b")
_UNIT_FIELD = re.compile(
    r"(second|minute|hour|day|week|month|year)s?[\"']?\s?[:=]\s?[\"']?(\d{1,6})"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY_BEFORE = re.compile(r"(?<![\w.,])(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?\s(?:of\s)?\Z")
_DAY_AFTER = re.compile(r"\s(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?![.,:]?\d)")
_YEAR_AFTER = re.compile(r",?\s(?P<year>(?:19|20)\d{2})\b")
_IN_FIGURES = re.compile(r"[0-9][-./]\d{1,2}[-./]\d")
_ISO = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<first>\d{2})-(?P<second>\d{2})(?!\d)")
_FIGURES = re.compile(
    r"(?<![\d./])(?P<first>\d{1,2})[./](?P<second>\d{1,2})[./](?P<year>\d{4}|\d{2})(?![\d/])"
)
_HEAD = re.compile(
    r"(?:discount|rebate|voucher|coupon|cashback|promotion|promo|fare|concession|code)s?\b"
)
_NAME_BEFORE = re.compile(r"\b([a-z][\w'-]{2,30})[ -]\Z")
_NAME_AFTER = re.compile(r"\s(?:for|on|of)\s(?:an?\s|the\s|our\s|your\s)?([a-z][\w'-]{2,30})\b")
_CODE_AFTER = re.compile(r"[\s:]{1,3}[\"'`]?([A-Z][A-Z0-9-]{3,19})\b")
# What is denied is not granted: `we have no student discount`.
_DENIED = re.compile(r"(?:\b(?:no|not|never|without|nor)|n't)(?:\s[\w'-]{1,30}){0,3}\s\Z")
# Words beside `discount` that name none.
_NAMELESS = """
    the any our your this that these those each every such another other further full special same
    extra additional new applicable available existing regular normal standard reduced of for and
    get give gives given offer offers apply applied with one receive received claim claimed use
    enter about see percent cent price total larger smaller higher lower possible his her their its
    which what order orders purchase item items everything
"""
_NO_NAMES = frozenset(_NAMELESS.split())


@dataclass(frozen=True, slots=True)
class Term:
    """Something granted, where it stands, and all that it may mean."""

    rule: TermRule
    span: Span
    meanings: frozenset[Meaning]


def ungrounded_terms(answer: str, sources: str, told: str) -> Iterator[Term]:
    """Terms of an answer that `sources` do not state; `told` is what the customer did not write."""
    for terms, stated, text in (
        (_percentages, _stated_percentages, told),
        (_durations, _stated_durations, sources),
        (_dates, _stated_dates, sources),
        (_discounts, _stated_discounts, told),
    ):
        yield from _without_source(tuple(terms(answer)), stated, text)


def _without_source(
    terms: tuple[Term, ...], stated: Callable[[str], Iterator[Meaning]], text: str
) -> Iterator[Term]:
    known = frozenset(stated(text)) if terms else frozenset()
    yield from (term for term in terms if not term.meanings & known)


def _percentages(text: str) -> Iterator[Term]:
    lowered = lower(text)
    if not any(mark in lowered for mark in _PERCENT_MARKS):
        return
    for mark in _PERCENT.finditer(lowered):
        half = [(mark.start(), Decimal(50))] if mark[0].startswith("half") else None
        for start, value in half or _counts_before(lowered, mark.start()):
            span = Span(start, mark.end())
            yield Term("ungrounded_percentage", span, frozenset({(value,)}))


def _durations(text: str) -> Iterator[Term]:
    lowered = lower(text)
    for mark in _UNIT.finditer(lowered):
        for start, value in _counts_before(lowered, mark.start()):
            meaning = frozenset({_length(value, mark[1])})
            yield Term("ungrounded_duration", Span(start, mark.end()), meaning)


def _dates(text: str) -> Iterator[Term]:
    if _IN_FIGURES.search(text) is not None:
        for match in _ISO.finditer(text):
            month, day = int(match["first"]), int(match["second"])
            yield from _date(Span(*match.span()), match["year"], [(month, day)])
        for match in _FIGURES.finditer(text):
            one, other = int(match["first"]), int(match["second"])
            yield from _date(Span(*match.span()), match["year"], [(one, other), (other, one)])
    lowered = lower(text)
    for match in _MONTH.finditer(lowered):
        # `may` is a month where it is written as one.
        is_month = match[0] != "may" or text[match.start()] == "M"
        if is_month and _begins_word(lowered, match.start()):
            yield from _worded(lowered, match)


def _worded(text: str, month: re.Match[str]) -> Iterator[Term]:
    number, (start, end) = _MONTHS.index(month[0][:3]) + 1, month.span()
    day = _DAY_BEFORE.search(text, max(0, start - WINDOW_CHARS), start)
    if day is not None:
        start = day.start()
    elif (day := _DAY_AFTER.match(text, end)) is not None:
        end = day.end()
    else:
        return
    year = _YEAR_AFTER.match(text, end)
    span = Span(start, year.end() if year is not None else end)
    yield from _date(span, None if year is None else year["year"], [(number, int(day["day"]))])


def _date(span: Span, year: str | None, days: list[tuple[int, int]]) -> Iterator[Term]:
    """One date with all that it may be: a month and a day, in a year if one is told."""
    number = None if year is None else int(year) + (2000 if len(year) == 2 else 0)
    known = [(month, day) for month, day in days if 1 <= month <= 12 and 1 <= day <= 31]
    if known:
        meanings = {(one, *day) for day in known for one in (number, ANY_YEAR)}
        yield Term("ungrounded_date", span, frozenset(meanings))


def _discounts(text: str) -> Iterator[Term]:
    lowered = lower(text)
    for head in _HEAD.finditer(lowered):
        start, end = head.span()
        if not _begins_word(lowered, start):
            continue
        code = _CODE_AFTER.match(text, end)
        if code is not None:
            meaning = frozenset({("code", lower(code[1]))})
            yield Term("ungrounded_discount", Span(start, code.end()), meaning)
        if head[0].startswith("code"):
            continue
        before = _NAME_BEFORE.search(lowered, max(0, start - WINDOW_CHARS), start)
        names = [before] if before is not None and before[1] not in _NO_NAMES else []
        after = _NAME_AFTER.match(lowered, end) if not names else None
        names += [after] if after is not None and after[1] not in _NO_NAMES else []
        for name in names:
            span = Span(min(start, name.start()), max(end, name.end()))
            if not _is_denied(lowered, span.start):
                yield Term("ungrounded_discount", span, frozenset({(_stem(name[1]),)}))


def _counts_before(text: str, end: int) -> Iterator[tuple[int, Decimal]]:
    """The number before a mark, or both of a range, with where the whole begins."""
    match = _COUNT_BEFORE.search(text, max(0, end - WINDOW_CHARS), end)
    if match is not None:
        yield match.start(), _number(match["first"])
        if match["last"] is not None:
            yield match.start(), _number(match["last"])


@lru_cache(maxsize=4096)
def _number(written: str) -> Decimal:
    word = _WORDS.get(written)
    return Decimal(written.replace(",", ".")) if word is None else Decimal(word)


def _length(value: Decimal, unit: str) -> Meaning:
    """14 days are two weeks, and 12 months a year; a month is no number of days."""
    name = _SHORT.get(unit, unit)
    if name in _MONTHS_OF:
        return ("months", value * _MONTHS_OF[name])
    return ("seconds", value * _SECONDS[name])


def _begins_word(text: str, start: int) -> bool:
    return not text[max(0, start - 1) : start].isalnum()


def _is_denied(text: str, start: int) -> bool:
    return _DENIED.search(text, max(0, start - WINDOW_CHARS), start) is not None


def _stem(word: str) -> str:
    return word.removesuffix("'s").removesuffix("s")


def _stated_percentages(text: str) -> Iterator[Meaning]:
    yield from (meaning for term in _percentages(text) for meaning in term.meanings)
    yield from ((Decimal(match[1]),) for match in _RATE_FIELD.finditer(lower(text)))


def _stated_durations(text: str) -> Iterator[Meaning]:
    yield from (meaning for term in _durations(text) for meaning in term.meanings)
    yield from (_length(Decimal(one[2]), one[1]) for one in _UNIT_FIELD.finditer(lower(text)))


def _stated_dates(text: str) -> Iterator[Meaning]:
    """A date with its year speaks for one without, and the other way round."""
    for year, *day in (meaning for term in _dates(text) for meaning in term.meanings):
        if year != ANY_YEAR:
            yield (year, *day)
            yield (None if year is not None else ANY_YEAR, *day)


def _stated_discounts(text: str) -> Iterator[Meaning]:
    words = re.findall(r"[\w'-]+", lower(text))
    for at, word in enumerate(words):
        if _HEAD.fullmatch(word) is not None:
            near = words[max(0, at - NEAR_WORDS) : at + NEAR_WORDS + 1]
            yield from ((_stem(one),) for one in near)
        yield ("code", word)
