"""Is a canary worse, or dearer, for sure? Asked after every run, as often as one likes.

An ordinary interval that is looked at after every run is wrong in the end, however good the canary:
chance has its day. So these are confidence sequences, which hold at all times at once: asymptotic
ones, after Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences" (2021), proposition 2.5, over the difference of two means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

from contracts.release import CanaryRules
from services.evaluator.canary.tally import CanaryTally, Side

MIN_RUNS = 30  # a side: before, the normal law says nothing of its mean
# The sequence is tightest around so many effective runs. It holds at any number.
TIGHT_AT_RUNS = 200
QUESTIONS = 2  # worse, and dearer: each has half of alpha

Outcome = Literal["worse", "dearer", "undecided"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a difference lies, at whatever moment one looks."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the runs so far say of a canary, in a sentence with the figures."""

    outcome: Outcome
    sentence: str

    @property
    def sends_back(self) -> bool:
        return self.outcome != "undecided"


def judge(tally: CanaryTally, rules: CanaryRules) -> Verdict:
    """Whether the canary goes back."""
    canary, production = tally.canary, tally.production
    counted = f"after {canary.runs:,} runs of the canary and {production.runs:,} of production"
    if min(canary.runs, production.runs) < MIN_RUNS:
        return Verdict("undecided", f"Nothing can be said yet, {counted}: each needs {MIN_RUNS}.")
    quality = _quality(canary, production, rules.alpha / QUESTIONS)
    if quality.high < -rules.quality_margin:
        return Verdict("worse", f"Its pass rate is {_points(quality)} points lower, {counted}.")
    extra = _extra_cost(canary, production, rules)
    if extra.low > 0:
        ratio = canary.mean_cost / production.mean_cost - 1 if production.cost else float("inf")
        return Verdict("dearer", f"A run costs {ratio:.0%} more, {counted}.")
    told = f"Its pass rate differs by {_percent(quality.low)} to {_percent(quality.high)} points"
    return Verdict("undecided", f"{told}, {counted}: nothing is sure.")


def _quality(canary: Side, production: Side, alpha: float) -> Bounds:
    """The pass rate of the canary less that of production."""
    difference = canary.rate - production.rate
    return _around(difference, canary, production, alpha, lambda one: one.rate_variance)


def _extra_cost(canary: Side, production: Side, rules: CanaryRules) -> Bounds:
    """What a run costs beyond production's and the margin, as one line of both means."""
    allowed = 1 + rules.cost_margin

    def variance(side: Side) -> float:
        return side.cost_variance * (1 if side is canary else allowed**2)

    extra = canary.mean_cost - allowed * production.mean_cost
    return _around(extra, canary, production, rules.alpha / QUESTIONS, variance)


def _around(
    value: float,
    canary: Side,
    production: Side,
    alpha: float,
    variance: Callable[[Side], float],
) -> Bounds:
    """Both sides as one mean: its effective number of runs is that of the smaller, about."""
    error = variance(canary) / canary.runs + variance(production) / production.runs
    runs = 1 / (1 / canary.runs + 1 / production.runs)
    radius = sqrt(error) * _stretch(runs, alpha)
    return Bounds(value - radius, value + radius)


def _stretch(runs: float, alpha: float) -> float:
    """So many standard errors, in place of the 1.96 of an interval that is looked at once."""
    weight = _weight(alpha)
    grown = runs * weight + 1
    return sqrt(grown / (runs * weight) * log(grown / alpha**2))


def _weight(alpha: float) -> float:
    """The parameter of the mixture (rho squared) that is tightest at TIGHT_AT_RUNS."""
    spread = -2 * log(alpha)
    return (spread + log(spread + 1)) / TIGHT_AT_RUNS


def _points(bounds: Bounds) -> str:
    return f"{_percent(-bounds.high)} to {_percent(-bounds.low)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
