"""How sure a share of runs is, and a price per accepted one: from sums alone, no run is held.

A price is the ratio of two means of the same runs, cost and share. Its bounds are where the
difference `cost - price x share` can no longer be told from 0, as Fieller has it; but with Wilson's
bounds of the share instead of normal ones (the method is MOVER, after Donner and Zou). Normal ones
give no upper bound where few runs were accepted, and no doubt at all where all of them were.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

from services.console.rules.student import t_quantile

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
BOUNDED_RUNS = 50  # of fewer, 92 to 99 of 100 intervals held the truth, and not 95
DOUBT = 0.8  # standard errors that a correlation is taken to be lower: see `_correlation`
FISHER_RUNS = 3  # so many tell nothing of a correlation
ALMOST_ONE = 1 - 1e-12  # the z of 1 is infinite


@dataclass(frozen=True, slots=True)
class Share:
    """A share of runs, and its bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Price:
    """Micro-dollars for each accepted run. No value: none was accepted. No `high`: no bound."""

    value: float | None
    low: float
    high: float | None
    why: str = ""  # there is no bound


@dataclass(frozen=True, slots=True)
class Tally:
    """What is summed of some runs: how many, how many accepted, and their cost in micro-dollars."""

    runs: int
    accepted: int
    cost: int
    cost_squares: int
    cost_of_accepted: int

    def __post_init__(self) -> None:
        assert self.runs > 0, "a group of no runs is none"
        assert 0 <= self.accepted <= self.runs, "what is accepted was run"

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.runs + other.runs,
            self.accepted + other.accepted,
            self.cost + other.cost,
            self.cost_squares + other.cost_squares,
            self.cost_of_accepted + other.cost_of_accepted,
        )

    @classmethod
    def of(cls, cost_micro_usd: int, *, accepted: bool) -> "Tally":
        """One run."""
        spent = cost_micro_usd if accepted else 0
        return cls(1, int(accepted), cost_micro_usd, cost_micro_usd**2, spent)


def accepted_share(tally: Tally) -> Share:
    """The share of runs that was accepted, with Wilson's interval."""
    share, square = tally.accepted / tally.runs, Z * Z
    shrunk = 1 + square / tally.runs
    middle = (share + square / (2 * tally.runs)) / shrunk
    spread = share * (1 - share) / tally.runs + square / (4 * tally.runs * tally.runs)
    half = Z / shrunk * math.sqrt(spread)
    # At the ends one bound is the share itself, but for rounding.
    low = 0.0 if tally.accepted == 0 else middle - half
    high = 1.0 if tally.accepted == tally.runs else middle + half
    return Share(share, low, high)


def price_per_accepted(tally: Tally) -> Price:
    """What all of the runs cost for each one that was accepted.

    Of fewer than BOUNDED_RUNS nothing tells for sure how costs vary: their price has no bounds.
    """
    if tally.runs < BOUNDED_RUNS:
        value = tally.cost / tally.accepted if tally.accepted else None
        return Price(value, 0.0, None, f"below {BOUNDED_RUNS} runs")
    share, apart = accepted_share(tally), _cost_apart(tally)
    cost, together = _Reach(tally.cost / tally.runs, apart), _correlation(tally)
    below = _lower(cost, _Reach(share.value, share.high - share.value), together)
    if tally.accepted == 0:
        return Price(None, below, None, "none accepted")
    value = tally.cost / tally.accepted
    above = _upper(cost, _Reach(share.value, share.value - share.low), together)
    # Both hold the value; rounding may think otherwise.
    return Price(value, min(below, value), max(above, value))


class _Reach(NamedTuple):
    """A mean, and how far from it the truth may be on one side."""

    mean: float
    apart: float


def _lower(cost: _Reach, share: _Reach, together: float) -> float:
    """The smallest price at which `cost - price x share` may be 0."""
    if cost.apart >= cost.mean:
        return 0.0  # no cost is below 0
    _, middle, rest, root = _equation(cost, share, together)
    # Divided this way round, it also holds where the share may be anything from 0 on.
    return rest / (middle + root) if middle + root > 0 else 0.0


def _upper(cost: _Reach, share: _Reach, together: float) -> float:
    """The largest one. Wilson's lower bound of a share above 0 is above 0: there always is one."""
    square, middle, _, root = _equation(cost, share, together)
    return (middle + root) / square


def _equation(cost: _Reach, share: _Reach, together: float) -> tuple[float, float, float, float]:
    """Of `square x price^2 - 2 x middle x price + rest = 0`: its numbers, and the root in it."""
    square = share.mean * share.mean - share.apart * share.apart
    middle = cost.mean * share.mean - together * cost.apart * share.apart
    rest = cost.mean * cost.mean - cost.apart * cost.apart
    return square, middle, rest, math.sqrt(max(0.0, middle * middle - square * rest))


def _cost_apart(tally: Tally) -> float:
    """How far the mean cost may be from the truth."""
    error = math.sqrt(_scatter(tally) / (tally.runs - 1)) / tally.runs
    return t_quantile(tally.runs - 1, CONFIDENCE) * error


def _correlation(tally: Tally) -> float:
    """Whether accepted runs cost more (above 0) or less; 0 where either is always the same.

    That they cost more narrows the interval, that they cost less widens it, and of few runs either
    is often chance: so it is taken DOUBT standard errors of Fisher's z lower. Without that, of 40
    runs 92 of 100 intervals held the truth; with the whole z of 95 %, up to 98.
    """
    of_cost, of_accepted = _scatter(tally), tally.accepted * (tally.runs - tally.accepted)
    if of_cost == 0 or of_accepted == 0:
        return 0.0
    both = tally.runs * tally.cost_of_accepted - tally.cost * tally.accepted
    found = both / math.sqrt(of_cost * of_accepted)
    seen = math.atanh(max(min(found, ALMOST_ONE), -ALMOST_ONE))
    doubted = math.tanh(seen - DOUBT / math.sqrt(tally.runs - FISHER_RUNS))
    return max(0.0, doubted) if found > 0 else doubted


def _scatter(tally: Tally) -> int:
    """`runs` squared times the variance of costs: of whole numbers, so that nothing cancels out."""
    return tally.runs * tally.cost_squares - tally.cost * tally.cost
