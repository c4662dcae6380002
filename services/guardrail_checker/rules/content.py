"""What findings make of a text: blocked, or cleared with the bad passages taken out or vaulted."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.guardrail import CheckFinding, Vaulted
from contracts.history.vault import Vault, token_of
from services.guardrail_checker.checks.base import Finding, marker, redact
from shared.redaction.span import Span

PASSED = "checks_passed"


@dataclass(frozen=True, slots=True)
class Judged:
    """A text after its checks. `blocked` holds the finding that stopped it."""

    text: str
    rule: str
    reason: str
    findings: tuple[CheckFinding, ...]
    blocked: bool
    vaulted: tuple[Vaulted, ...] = ()


class Tokens:
    """The tokens of one fact's text. What was vaulted in its run before keeps its token."""

    def __init__(self, fact_id: str, before: Vault) -> None:
        self._fact_id = fact_id
        self._known = {(one.kind, one.value): token for token, one in before.items()}
        self._made = 0

    def of(self, kind: str, value: str) -> str:
        token = self._known.get((kind, value))
        if token is None:
            self._made += 1
            token = token_of(kind, self._fact_id, self._made)
            self._known[kind, value] = token
        return token


def judge_text(
    text: str,
    findings: Sequence[Finding],
    after: Judged | None = None,
    tokens: Tokens | None = None,
) -> Judged:
    """Block on the first finding that asks for it; else take out what should be.

    `after` is what other checks have made of the text before. Without `tokens` nothing can be
    vaulted here, and what should be is taken out.
    """
    seen = (*(() if after is None else after.findings), *told(findings))
    stopping = next((one for one in findings if one.severity == "block"), None)
    if stopping is not None:
        return Judged("", stopping.rule, f"{stopping.check}: {stopping.reason}", seen, blocked=True)
    vaulted = () if after is None else after.vaulted
    removed = [one.check for one in findings if one.severity in ("redact", "vault")]
    if removed:
        names = ", ".join(sorted(set(removed)))
        reason = f"passages were taken out by {names}"
        left, new = _taken_out(text, findings, tokens)
        return Judged(left, "redacted", reason, seen, blocked=False, vaulted=(*vaulted, *new))
    if after is not None:
        return Judged(text, after.rule, after.reason, seen, blocked=False, vaulted=vaulted)
    return Judged(text, PASSED, "no check objected", seen, blocked=False)


def _taken_out(
    text: str, findings: Sequence[Finding], tokens: Tokens | None
) -> tuple[str, tuple[Vaulted, ...]]:
    vaulted: list[Vaulted] = []

    def mark(finding: Finding, span: Span) -> str:
        if finding.severity != "vault" or tokens is None:
            return marker(finding, span)
        token = tokens.of(finding.rule, text[span.start : span.end])
        vaulted.append(Vaulted(token=token, kind=finding.rule, start=span.start, end=span.end))
        return token

    return redact(text, findings, mark), tuple(vaulted)


def told(findings: Sequence[Finding]) -> tuple[CheckFinding, ...]:
    """Findings as a verdict tells them: never where, and what only where a model was asked."""
    return tuple(
        CheckFinding(
            check=one.check,
            # A token stands there in its place: for whoever reads the verdict, it was taken out.
            severity="redact" if one.severity == "vault" else one.severity,
            rule=one.rule,
            reason=one.reason,
            run_id=one.run_id,
            quote=one.quote,
        )
        for one in findings
    )
