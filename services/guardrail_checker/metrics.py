"""What the gates count of what they say: verdicts, the time they took, and checks that failed."""

from prometheus_client import Counter, Histogram

from contracts.guardrail import Verdict
from shared.bus import Said
from shared.metrics import SECONDS

UNAVAILABLE = "checker_unavailable"
JUDGED = "judged_"  # how the rules of checks begin that asked a model
CANARY_CHECK = "canaries"

DECISIONS = Counter(
    "interlock_guardrail_decisions",
    "Verdicts, and the rule that decided",
    ["gate", "decision", "rule"],
)
TOOK = Histogram(
    "interlock_guardrail_seconds", "From what was asked to its verdict", ["gate"], buckets=SECONDS
)
ERRORS = Counter(
    "interlock_guardrail_errors", "Checks that could not tell, so that it was refused", ["check"]
)
CANARIES = Counter(
    "interlock_guardrail_canaries",
    "Canaries found on their way out, or with another tenant: refused, and an alarm",
    ["gate", "rule"],
)
JUDGED_FOUND = Counter(
    "interlock_guardrail_judged",
    "Verdicts of models that a check asked, by rule",
    ["check", "rule"],
)
JUDGED_TOOK = Histogram(
    "interlock_guardrail_judged_seconds",
    "From the question of a check to the end of the run in which a model was asked",
    ["check"],
    buckets=SECONDS,
)


def count(said: Said) -> None:
    """One fact that was stored."""
    verdict = said.fact.body
    if not isinstance(verdict, Verdict):
        return
    gate, decision = said.fact.type.split(".")
    DECISIONS.labels(gate, decision, verdict.rule).inc()
    if said.cause is not None:
        asked_at = said.cause.stored_at or said.cause.time
        TOOK.labels(gate).observe(max(0.0, (said.fact.time - asked_at).total_seconds()))
    for finding in verdict.findings:
        if finding.check == CANARY_CHECK and finding.rule != UNAVAILABLE:
            CANARIES.labels(gate, finding.rule).inc()
        if finding.rule.startswith(JUDGED):
            JUDGED_FOUND.labels(finding.check, finding.rule).inc()
        if finding.rule == UNAVAILABLE:
            ERRORS.labels(finding.check).inc()
    if verdict.rule == UNAVAILABLE and not verdict.findings:
        ERRORS.labels("gate").inc()
