"""What checks found, in words."""

from collections.abc import Iterable

from contracts.guardrail import CheckFinding
from services.console.rules.words.amounts import short


def found(findings: Iterable[CheckFinding]) -> str:
    """Each after a semicolon, to stand behind the reason of a verdict; with its quote, if any."""
    return "".join(f"; {one.check}: {one.reason}{_asked(one)}" for one in findings)


def _asked(finding: CheckFinding) -> str:
    quote = "" if finding.quote is None else f', "{short(finding.quote)}"'
    return quote if finding.run_id is None else f"{quote} (run {finding.run_id})"
