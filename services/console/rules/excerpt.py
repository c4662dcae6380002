"""Where a text has what people searched for: a piece of it, and the places in that piece."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

BEFORE_CHARACTERS = 40
SHOWN_CHARACTERS = 160
MARKS_LIMIT = 16
# Of a search as PostgreSQL reads it: phrases, words, and what must not be there.
_PARTS = re.compile(r'-?"([^"]*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a text. Each place is where a word that was searched for begins and ends in it."""

    text: str
    places: tuple[tuple[int, int], ...]


def excerpt(text: str, search: str) -> Excerpt | None:
    """The piece around the first word that was searched for; None where there is none."""
    words = list(wanted(search))
    if not words:
        return None
    whole = (rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)
    pattern = re.compile("|".join(whole), re.IGNORECASE)
    first = pattern.search(text)
    if first is None:
        return None
    begin = max(0, first.start() - BEFORE_CHARACTERS)
    piece = text[begin : begin + SHOWN_CHARACTERS]
    places = [found.span() for found in pattern.finditer(piece)]
    return Excerpt(piece, tuple(places[:MARKS_LIMIT]))


def wanted(search: str) -> Iterator[str]:
    """The words that a search asks for, without those that it rules out."""
    for found in _PARTS.finditer(search):
        phrase, word = found.groups()
        if found.group().startswith("-"):
            continue
        for one in re.findall(r"\w+", phrase if phrase is not None else word):
            if not (phrase is None and one.lower() == "or"):
                yield one
