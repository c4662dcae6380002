"""An answer in one neutral shape, ready to be put on any of the wires."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from infra.simulator.tokens import TokenUsage

PIECE_CHARACTERS = 24

Stop = Literal["end", "tools", "length", "content_filter", "refusal"]


@dataclass(frozen=True, slots=True)
class ReplyCall:
    """One tool call; `arguments` is JSON text, unless the script broke it on purpose."""

    key: str
    tool: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything a wire format needs to render an answer, streamed or whole."""

    key: str
    """Names the answer: the ids on the wire are made from it."""
    model: str
    usage: TokenUsage
    stop: Stop = "end"
    text: str = ""
    reasoning: str = ""
    seal: str = ""
    refusal: str = ""
    calls: tuple[ReplyCall, ...] = ()


def derived_key(*parts: object) -> str:
    """24 hexadecimal digits that depend on nothing but the parts."""
    joined = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(joined.encode(), digest_size=12).hexdigest()


def pieces(text: str) -> Iterator[str]:
    """A text as a stream brings it."""
    for start in range(0, len(text), PIECE_CHARACTERS):
        yield text[start : start + PIECE_CHARACTERS]
