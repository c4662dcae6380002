"""What a check is: it reads content and says what it found; unsure means no.

A check never edits. It returns findings, and `redact` is the one place where text is changed, so
that what was seen and what was done about it are both on record. No finding of a program carries
the text that it is about: findings are written to the log, and a secret must not be. A model's
quotes what it was shown, which lies in the log as it is.

CheckError
├── CheckerUnavailable      down, late, or not to be trusted: becomes a finding that blocks
└── TelemetryNotSilenced    a library might speak to its maker: not one text is handed to it
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.redaction.span import Span

Label = Literal["system", "user", "tool", "external"]
Severity = Literal["note", "vault", "redact", "block"]

# Native checks take time in proportion to the text. A fact holds 256 KiB, and so does a check.
SCAN_LIMIT_CHARS = 262_144
# Findings travel in a verdict. Past this many from one check, the text is refused as a whole:
# to drop the rest would leave in the text what the dropped ones would have taken out.
FINDINGS_LIMIT = 64


class CheckError(Exception):
    """Base of what a check can answer instead of findings."""


class CheckerUnavailable(CheckError):
    """A check cannot tell. Whoever asked must take that as a no."""

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(f"{check}: {reason}")
        self.check = check
        self.reason = reason


class TelemetryNotSilenced(CheckError):
    """It cannot be proven that a library keeps what it reads to itself."""


@dataclass(frozen=True, slots=True)
class Content:
    """A text, who it comes from, and what its author had read.

    `label` says how far it is trusted (`system`: a model of ours wrote it), `source` names the
    origin (`tool:find_order`). `grounds` is for an answer: everything the model was shown. Only
    checks that compare look at it.
    """

    text: str
    label: Label
    source: str
    grounds: tuple["Content", ...] = ()
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw, and what should be done about it. Without a span: the whole text.

    Of one that asked a model: in which run, and its quote out of what that was shown.
    """

    check: str
    severity: Severity
    rule: str
    reason: str
    span: Span | None = None
    run_id: str | None = None
    quote: str | None = None


class Checker(Protocol):
    """One content check. Raises `CheckerUnavailable` when it cannot tell."""

    @property
    def name(self) -> str: ...

    async def check(self, content: Content) -> tuple[Finding, ...]: ...


async def run_checks(
    checkers: Sequence[Checker], content: Content, timeout_seconds: float
) -> tuple[Finding, ...]:
    """All findings, in the order of the checkers, after `timeout_seconds` at the latest.

    A checker that is down or late adds a finding that blocks. So does a text that is too long.
    """
    if len(content.text) > SCAN_LIMIT_CHARS:
        reason = f"{len(content.text)} characters; checks read {SCAN_LIMIT_CHARS}"
        return (Finding("run_checks", "block", "too_long_to_check", reason),)
    answers = await asyncio.gather(
        *(_ask(checker, content, timeout_seconds) for checker in checkers)
    )
    return tuple(finding for answer in answers for finding in answer)


async def _ask(checker: Checker, content: Content, timeout_seconds: float) -> tuple[Finding, ...]:
    try:
        async with asyncio.timeout(timeout_seconds):
            findings = await checker.check(content)
    except TimeoutError:
        return (_unavailable(checker.name, f"no answer after {timeout_seconds:g} s"),)
    except CheckerUnavailable as error:
        return (_unavailable(checker.name, error.reason),)
    except Exception as error:  # noqa: BLE001 - the edge: a broken check is a check that is down
        # The class alone: messages of strangers quote what they have read.
        return (_unavailable(checker.name, f"broke with {type(error).__name__}"),)
    if len(findings) > FINDINGS_LIMIT:
        reason = f"{len(findings)} findings; at most {FINDINGS_LIMIT} are taken out of one text"
        return (Finding(checker.name, "block", "too_many_findings", reason),)
    return findings


def _unavailable(check: str, reason: str) -> Finding:
    return Finding(check, "block", "checker_unavailable", reason)


def marker(finding: Finding, _span: Span) -> str:
    """What stands where something was taken out."""
    return f"[removed by {finding.check}: {finding.rule}]"


def redact(
    text: str,
    findings: Sequence[Finding],
    mark: Callable[[Finding, Span], str] = marker,
) -> str:
    """`text` with a mark in place of every passage that a finding asks to take out.

    Passages that overlap become one, named after the one that starts first; it is vaulted only if
    none of them asks for more than that.

    Raises:
        ValueError: a span lies outside the text; it was made for another one.
    """
    pieces: list[str] = []
    done = 0
    for span, finding in _passages(text, findings):
        pieces += [text[done : span.start], mark(finding, span)]
        done = span.end
    return "".join([*pieces, text[done:]])


def _passages(text: str, findings: Sequence[Finding]) -> list[tuple[Span, Finding]]:
    whole = Span(0, len(text))
    asked = [finding for finding in findings if finding.severity in ("redact", "vault")]
    found: list[tuple[Span, Finding]] = []
    for span, finding in sorted(((one.span or whole, one) for one in asked), key=_position):
        if not 0 <= span.start <= span.end <= len(text):
            raise ValueError(f"{finding.check}: {span} lies outside a text of {len(text)}")
        if not found or span.start >= found[-1][0].end:
            found.append((span, finding))
            continue
        before, first = found[-1]
        named = finding if (first.severity, finding.severity) == ("vault", "redact") else first
        found[-1] = (Span(before.start, max(before.end, span.end)), named)
    return found


def _position(marked: tuple[Span, Finding]) -> tuple[int, int]:
    span, _ = marked
    return span.start, -span.end
