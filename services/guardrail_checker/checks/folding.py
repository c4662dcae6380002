"""Text as a reader sees it: disguises undone, with the way back to the original.

Patterns are matched on the folded text, findings point into the original. Folding decomposes
compatibility forms (fullwidth letters, ligatures), drops what is not visible (zero-width and
format characters, combining marks), turns look-alikes of other alphabets into Latin letters and
digits of other scripts into ours, and reads Unicode tag characters, which no screen shows and every
tokenizer passes on, as the ASCII that they spell.

Patterns are written in lower case and matched on `lower`: that is several times as fast as to match
them without regard to case.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from shared.redaction.span import Span

TAG_BASE = 0xE0000
TAG_FIRST, TAG_LAST = 0xE0020, 0xE007E
FOLDED_KEPT = 16  # several checks read one text
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

_LOOK_ALIKES = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb"
        "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
        "\u03b1\u03bf\u03bd\u03c1\u03b9\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d"
        "\u039f\u03a1\u03a4\u03a7\u0131\u2019\u2018\u201c\u201d\u2010\u2011\u2012\u2013\u2014",
        "aeopcyxijsdhABEKMHOPCTXIJSaovpiABEZHIKMNOPTXi''\"\"-----",
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Folded:
    """The folded text, and where each stretch of it starts in both texts."""

    text: str
    folded_starts: tuple[int, ...]
    original_starts: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """The span of the original that a span of the folded text stands for."""
        if start >= end:
            at = self._original(start)
            return Span(at, at)
        return Span(self._original(start), self._original(end - 1) + 1)

    def _original(self, index: int) -> int:
        if not self.folded_starts:
            return index
        stretch = bisect_right(self.folded_starts, index) - 1
        return self.original_starts[stretch] + index - self.folded_starts[stretch]


@lru_cache(maxsize=FOLDED_KEPT)
def fold(text: str) -> Folded:
    """`text` without disguises. Plain ASCII is returned as it is, at no cost."""
    if text.isascii():
        return Folded(text, (), ())
    pieces: list[str] = []
    folded_starts, original_starts = [0], [0]
    length = done = 0
    for match in _NOT_ASCII.finditer(text):
        position, plain = match.start(), _plain(match[0])
        pieces += [text[done:position], plain]
        length += position - done + len(plain)
        done = position + 1
        if len(plain) != 1:
            # From here on the two texts run in step again, at another distance.
            folded_starts += range(length - len(plain) + 1, length)
            original_starts += [position] * max(0, len(plain) - 1)
            folded_starts.append(length)
            original_starts.append(done)
    pieces.append(text[done:])
    return Folded("".join(pieces), tuple(folded_starts), tuple(original_starts))


def lower(text: str) -> str:
    """`text` in lower case, each character in its place: a few have two letters in lower case."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := one.lower()) == 1 else one for one in text)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if TAG_FIRST <= ord(character) <= TAG_LAST:
        return chr(ord(character) - TAG_BASE)
    if character in _LOOK_ALIKES:
        return _LOOK_ALIKES[character]
    kept = (c for c in unicodedata.normalize("NFKD", character) if _visible(c))
    return "".join(map(_latin, kept))


def _latin(character: str) -> str:
    """A look-alike as the letter that it looks like, a digit of any script as the one it means."""
    value = unicodedata.decimal(character, None)
    return _LOOK_ALIKES.get(character, character) if value is None else str(value)


def _visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Mn", "Me", "Cf"}
