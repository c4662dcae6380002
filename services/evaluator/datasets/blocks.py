"""A case in blocks that can be left out: the sentences of its input, and each of its stubs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from contracts.suite import Case
from contracts.trial import Stub

SENTENCES_LIMIT = 100
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")


@dataclass(frozen=True)
class Words:
    """A part of the input, with the space behind it."""

    place: int
    text: str


@dataclass(frozen=True)
class Kept:
    """One of the stubs."""

    place: int
    stub: Stub


Block = Words | Kept


def blocks_of(case: Case) -> tuple[Block, ...]:
    """The blocks of a case, in their order; put together, they are the case again."""
    texts = _cut(case.input, _SENTENCE)
    if len(texts) > SENTENCES_LIMIT:
        texts = _cut(case.input, _PARAGRAPH)
    words = (Words(place, text) for place, text in enumerate(texts))
    stubs = (Kept(place, stub) for place, stub in enumerate(case.stubs))
    return (*words, *stubs)


def with_blocks(case: Case, blocks: Sequence[Block]) -> Case | None:
    """The case with these blocks alone; None where no input is left, which cannot be tried."""
    text = "".join(block.text for block in blocks if isinstance(block, Words))
    if not text.strip():
        return None
    stubs = tuple(block.stub for block in blocks if isinstance(block, Kept))
    return case.model_copy(update={"input": text, "stubs": stubs})


def _cut(text: str, between: re.Pattern[str]) -> list[str]:
    ends = [found.end() for found in between.finditer(text)]
    bounds = sorted({0, *ends, len(text)})
    return [text[start:end] for start, end in pairwise(bounds)]
