"""Two answers held against each other, word by word."""

import re
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

WORDS_LIMIT = 2000  # of each answer; longer ones are shown as they are
_WORD = re.compile(r"\s+|[^\s\w]|\w+")


class Piece(NamedTuple):
    """A part of the later answer, or what is gone from the earlier one."""

    kind: Literal["same", "added", "gone"]
    text: str


def difference(before: str, after: str) -> list[Piece]:
    """What makes the later answer of the earlier one; all of it new where they are too long."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > WORDS_LIMIT:
        return [Piece("added", after)]
    pieces = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(new[c:d])))
            continue
        pieces += [Piece("gone", "".join(old[a:b]))] if a < b else []
        pieces += [Piece("added", "".join(new[c:d]))] if c < d else []
    return pieces
