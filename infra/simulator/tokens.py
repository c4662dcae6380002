"""Tokens: a simple deterministic estimate, in buckets that never overlap.

The two providers disagree about whether cached tokens are inside the input count. In here the
buckets are disjoint and a total is a sum; each wire format renders its own reading of them.
"""

from dataclasses import dataclass

BYTES_A_TOKEN = 4


def estimate(text: str) -> int:
    """The number of tokens in a text: its UTF-8 bytes by four, rounded up."""
    return tokens_of_bytes(len(text.encode()))


def tokens_of_bytes(size: int) -> int:
    return -(-size // BYTES_A_TOKEN)


def cut_to_tokens(text: str, tokens: int) -> str:
    """The longest start of a text that is no more than so many tokens."""
    return text.encode()[: tokens * BYTES_A_TOKEN].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Disjoint buckets; cached input is not in `input_uncached`, reasoning not in `output`."""

    input_uncached: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total_input(self) -> int:
        return self.input_uncached + self.cache_read + self.cache_write

    @property
    def total_output(self) -> int:
        return self.output + self.reasoning

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.input_uncached + other.input_uncached,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.output + other.output,
            self.reasoning + other.reasoning,
        )
