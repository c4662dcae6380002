"""`hidden_text`: what a person does not see and a program obeys: it is taken out.

Characters without a shape, orders to write backwards, and escape sequences that move the cursor of
a terminal or change its title. Joiners stay where alphabets and emoji need them.
"""

import re
from collections.abc import Iterator

from services.guardrail_checker.checks.base import Content, Finding
from shared.redaction.span import Span

NAME = "hidden_text"
_SEQUENCE = (
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]{0,4096}+(?:\x07|\x1b\\|\x9c)|\x1b[@-Z\\^_=>c78]"
)
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]+"
# Flags of regions spell their short name with tag characters, after a black flag.
_TAG = r"\U000e0020-\U000e007e"
_TAGS = rf"(?<![\U0001f3f4{_TAG}])[{_TAG}]{{2,}}\U000e007f?|(?<=\U0001f3f4)[{_TAG}]{{7,}}"
_BACKWARDS = r"[\u202a-\u202e]+"
# Between Latin letters or digits nothing is joined or kept apart.
_BETWEEN = r"(?<=[\x21-\x7e])[\u200b-\u200f\u2060-\u2064\ufeff]+(?=[\x21-\x7e])"
_RUN = r"[\u200b\u2060-\u2064\ufeff\u00ad]{4,}|[\ufe00-\ufe0f]{2,}"
_PATTERNS = (
    ("terminal_sequence", re.compile(_SEQUENCE)),
    ("control_character", re.compile(_CONTROL)),
    ("tag_characters", re.compile(_TAGS)),
    ("written_backwards", re.compile(_BACKWARDS)),
    ("invisible_character", re.compile(f"{_BETWEEN}|{_RUN}")),
)
_SUSPECT = re.compile(r"[^\t\n\r\x20-\x7e\u00a0-\u00ac\u00ae-\u1fff\u2010-\u2027\u2030-\u205f]")


class HiddenText:
    """Takes out what is there to be read by programs alone."""

    name = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        return tuple(
            Finding(NAME, "redact", rule, f"{rule.replace('_', ' ')} that nobody sees", span)
            for rule, span in find_hidden(content.text)
        )


def find_hidden(text: str) -> Iterator[tuple[str, Span]]:
    """Rule and span of every stretch, none inside another."""
    if _SUSPECT.search(text) is None:
        return
    done = 0
    found = [(rule, Span(*one.span())) for rule, p in _PATTERNS for one in p.finditer(text)]
    for rule, span in sorted(found, key=lambda one: (one[1].start, -one[1].end)):
        if span.start >= done:
            done = span.end
            yield rule, span
