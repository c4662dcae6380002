"""What findings make of a text: blocked, or cleared with the bad passages taken out."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.guardrail import CheckFinding
from services.guardrail_checker.checks.base import Finding, redact

PASSED = "checks_passed"


@dataclass(frozen=True, slots=True)
class Judged:
    """A text after its checks. `blocked` holds the finding that stopped it."""

    text: str
    rule: str
    reason: str
    findings: tuple[CheckFinding, ...]
    blocked: bool


def judge_text(text: str, findings: Sequence[Finding], after: Judged | None = None) -> Judged:
    """Block on the first finding that asks for it; else take out what should be.

    `after` is what other checks have made of the text before.
    """
    seen = (*(() if after is None else after.findings), *told(findings))
    stopping = next((one for one in findings if one.severity == "block"), None)
    if stopping is not None:
        return Judged("", stopping.rule, f"{stopping.check}: {stopping.reason}", seen, blocked=True)
    removed = [one.check for one in findings if one.severity == "redact"]
    if removed:
        names = ", ".join(sorted(set(removed)))
        reason = f"passages were taken out by {names}"
        return Judged(redact(text, findings), "redacted", reason, seen, blocked=False)
    if after is not None:
        return Judged(text, after.rule, after.reason, seen, blocked=False)
    return Judged(text, PASSED, "no check objected", seen, blocked=False)


def told(findings: Sequence[Finding]) -> tuple[CheckFinding, ...]:
    """Findings as a verdict tells them: never where, and what only where a model was asked."""
    return tuple(
        CheckFinding(
            check=one.check,
            severity=one.severity,
            rule=one.rule,
            reason=one.reason,
            run_id=one.run_id,
            quote=one.quote,
        )
        for one in findings
    )
