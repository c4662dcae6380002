"""Scorers of what a run took: money, time, steps, people."""

from contracts.guardrail import ToolBlocked, ToolCleared
from contracts.history import Run
from contracts.history.waiting import waited
from contracts.scoring import ApprovalsAtMost, CostAtMost, LatencyAtMost, StepsAtMost
from contracts.shape import MICRO, to_micro_usd

from .outcome import Outcome, outcome

# How the gate of a shadow says that a person would be asked, or was taken to have answered.
ASKED = frozenset({"would_ask", "assumed_approval", "replayed_approval"})


def cost(run: Run, scorer: CostAtMost) -> Outcome:
    spent, limit = run.cost_micro_usd, to_micro_usd(scorer.usd)
    told = f"it cost {spent / MICRO:.6f} USD, {scorer.usd} is allowed"
    return outcome(spent <= limit, told)


def latency(run: Run, scorer: LatencyAtMost) -> Outcome:
    taken = seconds_of(run)
    if taken is None:
        return Outcome(None, f"it is {run.status}: nobody knows yet how long it takes")
    return outcome(taken <= scorer.seconds, f"it took {taken:.1f} s, {scorer.seconds} is allowed")


def steps(run: Run, scorer: StepsAtMost) -> Outcome:
    told = f"{run.steps_taken} steps, {scorer.steps} allowed"
    return outcome(run.steps_taken <= scorer.steps, told)


def approvals(run: Run, scorer: ApprovalsAtMost) -> Outcome:
    asked = approvals_of(run)
    told = f"a person was asked {asked} times, {scorer.approvals} allowed"
    return outcome(asked <= scorer.approvals, told)


def seconds_of(run: Run) -> float | None:
    """From submission to end, waits for people left out; None while it goes on."""
    if run.submitted is None or run.end is None:
        return None
    begun = run.submitted.stored_at or run.submitted.time
    ended = run.end.stored_at or run.end.time
    return max((ended - begun - waited(run)).total_seconds(), 0.0)


def approvals_of(run: Run) -> int:
    """How often a person was asked; in a shadow, would have been."""
    assumed = sum(
        isinstance(each.verdict.body, ToolBlocked | ToolCleared) and each.verdict.body.rule in ASKED
        for step in run.steps
        for call in step.calls
        for each in call.tries
        if each.verdict is not None
    )
    return len(run.reviews) + assumed
