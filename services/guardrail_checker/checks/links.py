"""`no_links`: takes every web address out. An image link alone carries text out of a chat."""

import re
from functools import lru_cache

from services.guardrail_checker.checks.base import Content, Finding
from services.guardrail_checker.checks.folding import FOLDED_KEPT, fold, lower
from shared.redaction.span import Span

NAME = "no_links"

# Without a scheme a name counts only under these domains, or `main.py` would be a web site.
_DOMAINS = "com|net|org|io|ai|app|dev|co|info|biz|me|xyz|site|online|shop|link|ly|eu|uk|de|fr|us|ru"
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"'`\])}]{1,2048}"
    r"|(?<![\w@./-])(?:[a-z0-9-]{1,63}\.){1,4}"
    rf"(?:{_DOMAINS})\b(?!@|\.[a-z0-9])(?:[/?#][^\s<>\"'`\])}}]{{0,2048}})?"
    r"|\b(?:javascript|data|vbscript):[^\s<>\"'`\])}]{1,2048}"
)
# What no link can do without one of; far cheaper to look for.
_MARKS = ("://", "www.", "javascript:", "data:", "vbscript:")
_DOMAIN = re.compile(rf"\.(?:{_DOMAINS})\b")
_TRAILING = ".,;:!?*_"


class NoLinks:
    """Takes out web addresses, with or without a scheme."""

    name = NAME

    async def check(self, content: Content) -> tuple[Finding, ...]:
        folded = fold(content.text)
        return tuple(
            Finding(NAME, "redact", "link", "a web address", folded.span(start, end))
            for start, end in find_links(folded.text)
        )


@lru_cache(maxsize=FOLDED_KEPT)
def find_links(text: str) -> tuple[Span, ...]:
    """Spans of web addresses, without the punctuation of the sentence around them."""
    lowered = lower(text)
    if not any(mark in lowered for mark in _MARKS) and _DOMAIN.search(lowered) is None:
        return ()
    return tuple(
        Span(match.start(), match.start() + len(match[0].rstrip(_TRAILING)))
        for match in _LINK.finditer(lowered)
    )


def same_link(link: str) -> str:
    """One spelling for addresses that lead to one place."""
    without_scheme = re.sub(r"^https?://", "", link, flags=re.IGNORECASE)
    host, slash, path = without_scheme.removeprefix("www.").partition("/")
    return (host.lower() + slash + path).rstrip("/")
