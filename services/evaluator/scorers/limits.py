"""Scorers of what a run took: money, time, steps, people."""

from contracts.history import Run
from contracts.history.taken import approvals_of, seconds_of
from contracts.scoring import ApprovalsAtMost, CostAtMost, LatencyAtMost, StepsAtMost
from contracts.shape import MICRO, to_micro_usd

from .outcome import Outcome, outcome


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
