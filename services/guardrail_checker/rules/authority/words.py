"""The user's own words, and whether a value stands in them as what it is used for."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property

from services.guardrail_checker.rules.numbers import finite

SHORT = 3
"""Of so few characters a value stands in many a text by chance, such as the 13 of 13 June."""

NAME_CHARACTERS = 4
_CALLED = re.compile(r"(?:\bids?|\bno\.|\bnumber|#)[\s:#]*\Z")
_QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb"
# A number that names something, or is a year or a part of an address, is no amount.
_NAMING = re.compile(
    r"(?:\b(?:order|invoice|ticket|parcel|case|booking|reference|refund|shipment|customer|account|"
    r"claim|file|event|item|id|no|number|room|flight)s?\.?|#|\b(?-i:[A-Z]{2}))[\s:#]*\Z",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d{2}")
_STREET = re.compile(r"\s+[A-Z][a-z]")
_NUMBER = re.compile(r"(?<![\w.,/:-])[$€£¥]?(\d+(?:[.,]\d+)*)(?![\w/:%-]|[.,]\d|\s*%)")
_MONEY = re.compile(r"(?<![\w.,/:-])(?:[$€£¥]\s?(\d+(?:[.,]\d+)?)|(\d+[.,]\d{2}))(?![\w%-]|[.,]\d)")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_APART = re.compile(r"[^\w]+")
_BEFORE = "@.+-"  # beside letters, digits and underscores, what a word goes on with to the left
_AFTER = "@+-"
_LOOK_BACK = 24


class Words:
    """What the user said in this run, in all its texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(unicodedata.normalize("NFKC", text) for text in texts)

    def say(self, value: object) -> bool:
        """Whether a value stands there as a word of its own; a short one, as it is pointed at."""
        word = unicodedata.normalize("NFKC", str(value)).strip().lower()
        fits = _is_pointed_at if len(word) <= SHORT else _is_apart
        return any(
            fits(text, start, start + len(word))
            for text in self._lowered
            for start in _places(text, word)
        )

    def spell(self, value: object) -> bool:
        """Whether a secret stands there in quotes, and is nothing else that is quoted."""
        text = str(value)
        if not (_DIGIT.search(text) and _LETTER.search(text)) or any(map(str.isspace, text)):
            return False
        quoted = re.compile(f"[{_QUOTES}]{re.escape(text)}[{_QUOTES}]")
        return any(quoted.search(each) for each in self.texts)

    def name(self, value: object) -> bool:
        """Whether a name stands there, however it is punctuated or capitalised."""
        folded = _fold(str(value))
        if len(folded) < NAME_CHARACTERS or not any(map(str.isalpha, folded)):
            return False
        return any(f" {folded} " in each for each in self._folded)

    def count(self, value: object) -> bool:
        """Whether a number stands there that may be an amount."""
        number = finite(value)
        return number is not None and number in self.numbers()

    def numbers(self) -> list[Decimal]:
        """Every number that may be an amount: no name, date, percentage, or part of a word."""
        return _decimals(
            found[1]
            for text in self.texts
            for found in _NUMBER.finditer(text)
            if _may_be_amount(text, found)
        )

    def sums(self) -> list[Decimal]:
        """Those that are written as money: with a currency sign, or with cents."""
        matches = (found for text in self.texts for found in _MONEY.finditer(text))
        return _decimals(found[1] or found[2] for found in matches)

    @cached_property
    def _lowered(self) -> tuple[str, ...]:
        return tuple(text.lower() for text in self.texts)

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        return tuple(f" {_fold(text)} " for text in self.texts)


def stands_in(value: object, texts: Iterable[str]) -> bool:
    """Whether a value stands in a text that nobody vouches for, as a word or as a number."""
    known = tuple(texts)
    word = re.compile(rf"(?<!\w){re.escape(str(value))}(?!\w)", re.IGNORECASE)
    return any(map(word.search, known)) or Words(known).count(value)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word) if word else -1
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether nothing goes on before or behind it."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_is_part(before, _BEFORE) or _is_part(after, _AFTER))


def _is_pointed_at(text: str, start: int, end: int) -> bool:
    """Whether it is quoted, or called an id or a number."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and after and before in _QUOTES and after in _QUOTES:
        return True
    called = _CALLED.search(text[max(0, start - _LOOK_BACK) : start])
    return called is not None and not _is_part(after, "")


def _is_part(character: str, also: str) -> bool:
    return bool(character) and (character.isalnum() or character == "_" or character in also)


def _may_be_amount(text: str, found: re.Match[str]) -> bool:
    if _MONEY.match(text, found.start()):
        return True
    before = text[max(0, found.start() - _LOOK_BACK) : found.start()]
    is_name = _NAMING.search(before) or _YEAR.fullmatch(found[1])
    return not (is_name or _STREET.match(text, found.end()))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _APART.sub(" ", plain).strip()


def _decimals(texts: Iterable[str]) -> list[Decimal]:
    numbers = (finite(text.replace(",", ".")) for text in texts)
    return [number for number in numbers if number is not None]
