"""Credentials, by the shapes that their issuers gave them, and by entropy."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from .span import Span

# Bits a character. English words have about 2.5 to 3, random base64 of this length 4 and more.
MIN_ENTROPY_BITS = 3.3
PRIVATE_KEY_LIMIT_CHARS = 16_384

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    rf"(?:.{{0,{PRIVATE_KEY_LIMIT_CHARS}}}?-----END [A-Z0-9 ]{{0,40}}-----)?",
    re.DOTALL,
)
_SHAPES = tuple(
    (rule, re.compile(pattern))
    for rule, pattern in (
        ("model_provider_key", r"(?<![A-Za-z0-9])sk-(?=[\w-]{0,200}\d)[A-Za-z0-9_-]{20,200}"),
        ("aws_access_key", r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])"),
        ("github_token", r"(?<![A-Za-z0-9])(?:gh[pousr]_\w{36,255}|github_pat_\w{22,255})"),
        ("gitlab_token", r"(?<![A-Za-z0-9])glpat-[\w-]{20,64}"),
        ("slack_token", r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
        ("google_api_key", r"(?<![A-Za-z0-9])AIza[\w-]{35}"),
        ("stripe_key", r"(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}"),
        ("package_token", r"(?<![A-Za-z0-9])(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,250})"),
        ("nats_seed", r"(?<![A-Za-z0-9])S[ACNOUX][A-Z2-7]{56}(?![A-Za-z0-9])"),
        ("web_token", r"(?<![\w-])eyJ[\w-]{8,4000}\.eyJ[\w-]{8,4000}\.[\w-]{8,1000}"),
        ("password_in_url", r"(?<=://)[^\s:/@]{1,128}:[^\s:/@]{3,256}(?=@)"),
    )
)
# Without one of these a text holds none of the shapes, which is far cheaper to see.
_BEGINNINGS = re.compile(
    r"sk-|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|AIza|k_live_|k_test_|npm_|pypi-|eyJ|://"
    r"|S[ACNOUX][A-Z2-7]{8}"
)
_ASSIGNED = re.compile(
    r"(?:api[ _-]?key|secret(?:[ _-]?key)?|(?:access|auth|bearer|refresh)?[ _-]?token|passw(?:or)?d"
    r"|pwd|client[ _-]?secret|authorization|credentials?)[\"']?\s{0,3}(?:=>|:=|[:=])\s{0,3}"
    r"(?:bearer\s{1,3})?[\"']?(?P<value>[A-Za-z0-9+/_.~$!@#%^&*-]{12,512}={0,2})",
    re.IGNORECASE,
)
_ASSIGNED_WORDS = ("key", "secret", "token", "passw", "pwd", "authorization", "credential")
_PLACEHOLDER = re.compile(
    r"\$\{|\*{3}|x{4}|\.{3}|your[_-]|example|placeholder|changeme|redacted", re.IGNORECASE
)


def find_secrets(text: str) -> Iterator[tuple[str, Span]]:
    """Rule and span of everything that looks like a credential."""
    for match in _PRIVATE_KEY.finditer(text):
        yield "private_key", Span(*match.span())
    shapes = _SHAPES if _BEGINNINGS.search(text) is not None else ()
    for rule, pattern in shapes:
        for match in pattern.finditer(text):
            yield rule, Span(*match.span())
    lowered = text.lower()
    if not any(word in lowered for word in _ASSIGNED_WORDS):
        return
    for match in _ASSIGNED.finditer(text):
        if is_random(match["value"]):
            yield "assigned_secret", Span(*match.span("value"))


def is_random(value: str) -> bool:
    """Whether a value looks drawn by lot: high entropy, a digit in it, and no placeholder."""
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and entropy_bits(value) >= MIN_ENTROPY_BITS and not _PLACEHOLDER.search(value)


def entropy_bits(value: str) -> float:
    """Shannon entropy of the characters of `value`, in bits a character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
