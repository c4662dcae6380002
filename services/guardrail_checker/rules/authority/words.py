"""The user's own words, and whether a value stands in them as what it is used for."""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from services.guardrail_checker.rules.numbers import finite

SHORT = 3
"""Of so few characters a value stands in many a text by chance, such as the 13 of 13 June."""

NAME_CHARACTERS = 4
_CALLED = r"(?:\bid|\bids|\bno\.|\bnumber|#)[\s:#]*"
_QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb"
_NUMBER = re.compile(r"(?<![\w.,/:-])[$€£¥]?(\d+(?:[.,]\d+)*)(?![\w/:%-]|[.,]\d|\s*%)")
_MONEY = re.compile(r"(?<![\w.,/:-])(?:[$€£¥]\s?(\d+(?:[.,]\d+)?)|(\d+[.,]\d{2}))(?![\w%-]|[.,]\d)")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_APART = re.compile(r"[^\w]+")


class Words:
    """What the user said in this run, in all its texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(unicodedata.normalize("NFKC", text) for text in texts)
        self._folded = tuple(f" {_fold(text)} " for text in self.texts)

    def say(self, value: object) -> bool:
        """Whether a value stands there as a word of its own; a short one, as it is pointed at."""
        text = str(value).strip()
        if not text:
            return False
        exact = re.escape(text)
        if len(text) <= SHORT:
            shape = rf"(?:{_CALLED}{exact}(?![\w])|[{_QUOTES}]{exact}[{_QUOTES}])"
        else:
            shape = rf"(?<![\w@.+-]){exact}(?![\w@+-])"
        word = re.compile(shape, re.IGNORECASE)
        return any(word.search(each) for each in self.texts)

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

    def numbers(self) -> list[Decimal]:
        """Every number that stands alone: no date, no percentage, no part of a word."""
        return _decimals(found[1] for text in self.texts for found in _NUMBER.finditer(text))

    def sums(self) -> list[Decimal]:
        """Those that are written as money: with a currency sign, or with cents."""
        matches = (found for text in self.texts for found in _MONEY.finditer(text))
        return _decimals(found[1] or found[2] for found in matches)


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _APART.sub(" ", plain).strip()


def _decimals(texts: Iterable[str]) -> list[Decimal]:
    numbers = (finite(text.replace(",", ".")) for text in texts)
    return [number for number in numbers if number is not None]
