"""`self_loading`: images and markup that a reader's program loads without being asked.

An image whose address holds what the model knows carries it out of the chat, the moment the answer
is shown. Hosts of one's own may be allowed, by a check of the kind `self_loading` in
`policies/checks.yaml`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.guardrail_checker.checks.base import Content, Finding
from services.guardrail_checker.checks.folding import fold
from shared.redaction.span import Span

NAME = "self_loading"
# Possessive, and no bracket inside: what is not an image in the end is given up at once.
_ADDRESS = r"<?((?:[a-z][a-z0-9+.-]{1,20}:)?//[^\s()>\"']{1,2048}+|data:[^\s()>\"']{1,2048}+)"
_TAGS = (
    r"<(?:img|iframe|script|object|embed|video|audio|source|link|base|meta|form|svg|image|style"
    r"|input|track|portal|frame)\b[^>]{0,4096}>?"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"!\[[^\]]{{0,1000}}\]\(\s{{0,9}}{_ADDRESS}[^)]{{0,400}}+\)",
        rf"^ {{0,3}}\[[^\]\n]{{1,200}}\]:\s{{0,9}}{_ADDRESS}.{{0,400}}",
        _TAGS,
        rf"url\(\s{{0,9}}[\"']?{_ADDRESS}[^)]{{0,400}}+\)",
    )
)
_MARKS = ("![", "]:", "<", "url(")


@dataclass(frozen=True, slots=True)
class SelfLoading:
    """Takes out what loads by itself, but from `hosts` and hosts below them."""

    hosts: tuple[str, ...] = ()
    name: str = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        folded = fold(content.text)
        return tuple(
            Finding(self.name, "redact", "loads_by_itself", "it is loaded when shown", span)
            for start, end in self._found(folded.text)
            for span in (folded.span(start, end),)
        )

    def _found(self, text: str) -> Iterator[Span]:
        if not any(mark in text for mark in _MARKS):
            return
        for pattern in _PATTERNS:
            for match in pattern.finditer(text):
                if not self._is_allowed(match):
                    yield Span(*match.span())

    def _is_allowed(self, match: re.Match[str]) -> bool:
        return bool(match.groups()) and is_of(match[1], self.hosts)


def is_of(address: str, hosts: tuple[str, ...]) -> bool:
    """Whether an address is of one of the hosts, or of one below them."""
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return False
    return any(host == one or host.endswith(f".{one}") for one in hosts)
