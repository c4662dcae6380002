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
# Each with what it begins with: a text without that holds none, which is far cheaper to see.
_SHAPES = tuple(
    (rule, begins, re.compile(pattern))
    for rule, begins, pattern in (
        (
            "model_provider_key",
            ("sk-",),
            r"(?<![A-Za-z0-9])sk-(?=[\w-]{0,200}\d)[A-Za-z0-9_-]{20,200}",
        ),
        (
            "aws_access_key",
            ("AKIA", "ASIA"),
            r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])",
        ),
        (
            "github_token",
            ("ghp_", "gho_", "ghu_", "ghr_", "ghs_", "github_pat_"),
            r"(?<![A-Za-z0-9])(?:gh[pousr]_\w{36,255}|github_pat_\w{22,255})",
        ),
        ("gitlab_token", ("glpat-",), r"(?<![A-Za-z0-9])glpat-[\w-]{20,64}"),
        ("slack_token", ("xox",), r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
        ("google_api_key", ("AIza",), r"(?<![A-Za-z0-9])AIza[\w-]{35}"),
        (
            "stripe_key",
            ("k_live_", "k_test_"),
            r"(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}",
        ),
        (
            "package_token",
            ("npm_", "pypi-"),
            r"(?<![A-Za-z0-9])(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,250})",
        ),
        (
            "nats_seed",
            tuple(f"S{kind}" for kind in "ACNOUX"),
            r"(?<![A-Za-z0-9])S[ACNOUX][A-Z2-7]{56}(?![A-Za-z0-9])",
        ),
        (
            "web_token",
            ("eyJ",),
            r"(?<![\w-])eyJ[\w-]{8,4000}\.eyJ[\w-]{8,4000}\.[\w-]{8,1000}",
        ),
        ("password_in_url", ("://",), r"(?<=://)[^\s:/@]{1,128}:[^\s:/@]{3,256}(?=@)"),
    )
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
    for rule, begins, pattern in _SHAPES:
        if any(one in text for one in begins):
            yield from ((rule, Span(*match.span())) for match in pattern.finditer(text))
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
