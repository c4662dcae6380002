"""Search in a few documents: sections, ranked by how many words of the question they share."""

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel

DOCUMENTS = Path(__file__).parent / "documents"
PASSAGES = 3
# Enough of a word that `refund` finds `refunds` and `refunded`.
STEM = 5
SHORTEST_WORD = 4
_WORD = re.compile(r"[a-z]+")


class Passage(BaseModel):
    """One section of a document."""

    document: str
    heading: str
    text: str


def search(question: str) -> list[Passage]:
    """The best passages, the best first; none where no word is shared."""
    wanted = _stems(question)
    ranked = [(len(wanted & _stems(f"{one.heading} {one.text}")), one) for one in _passages()]
    ranked.sort(key=lambda pair: -pair[0])
    return [passage for shared, passage in ranked[:PASSAGES] if shared]


@cache
def _passages() -> tuple[Passage, ...]:
    return tuple(
        Passage(document=path.name, heading=heading.strip(), text=text.strip())
        for path in sorted(DOCUMENTS.glob("*.md"))
        for section in path.read_text().split("\n## ")[1:]
        for heading, _, text in [section.partition("\n")]
    )


def _stems(text: str) -> set[str]:
    words = _WORD.findall(text.lower())
    return {word[:STEM] for word in words if len(word) >= SHORTEST_WORD}
