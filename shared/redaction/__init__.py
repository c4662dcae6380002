"""Taking credentials and numbers that identify people out of what leaves the platform.

The same patterns that the guardrail's checks have, for logs and traces: there is nobody to ask, so
whatever looks like one is taken out. A log is read by more people than a run.
"""

import re
from collections.abc import Iterator

from .numbers import find_numbers
from .secrets import find_secrets
from .span import Span

__all__ = ["SCAN_LIMIT_CHARS", "Span", "find_numbers", "find_secrets", "redact"]

# Patterns take time in proportion to the text; what is longer is cut before it is looked at.
SCAN_LIMIT_CHARS = 65_536
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")


def redact(text: str) -> str:
    """The text with `[redacted:<what>]` in place of every passage that should not be read."""
    kept = text[:SCAN_LIMIT_CHARS]
    pieces: list[str] = []
    done = 0
    for span, what in sorted((span, what) for what, span in _found(kept)):
        if span.start >= done:
            pieces += [kept[done : span.start], f"[redacted:{what}]"]
        done = max(done, span.end)
    cut = f"[cut:{len(text) - len(kept)}]" if len(text) > len(kept) else ""
    return "".join([*pieces, kept[done:], cut])


def _found(text: str) -> Iterator[tuple[str, Span]]:
    yield from find_secrets(text)
    yield from find_numbers(text)
    for match in _EMAIL.finditer(text):
        yield "email", Span(*match.span())
