"""How sure a difference of two versions is that tried the same cases, in plain Python.

The evaluator reports by the same formulas on scipy, which the console does without. A test holds
one against the other over thousands of made-up experiments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, pvariance

from services.console.rules.gates.clusters import spread_of, summed
from services.console.rules.student import t_quantile

STRETCH_LIMIT = 700.0  # of an exponent; beyond, no float holds it


@dataclass(frozen=True, slots=True)
class Within:
    """A value, and the interval that it lies in."""

    value: float
    low: float
    high: float


def of_shares(changes: Sequence[float], clusters: Sequence[str], confidence: float) -> Within:
    """The mean difference of passes, by Bonett and Price; a cluster counts as one observation."""
    padded = [*changes, 1.0, -1.0]
    middle = fmean(padded)
    apart = [(one - middle) / len(padded) for one in padded]
    if _stand_alone(clusters):
        # The two pairs that speak for either side allow for an error that is itself unsure.
        error = math.sqrt(sum(one * one for one in apart))
        half = NormalDist().inv_cdf((1 + confidence) / 2) * error
    else:
        spread = spread_of(apart, [*clusters, "\0better", "\0worse"])
        half = t_quantile(spread.freedom, confidence) * spread.error
    value = fmean(changes)
    low, high = max(middle - half, -1.0), min(middle + half, 1.0)
    return Within(value, min(low, value), max(high, value))


def of_share(values: Sequence[float], clusters: Sequence[str], confidence: float) -> Within:
    """The share of cases that pass, each 1 or 0: Wilson's, for as many as vary so in clusters."""
    share, of = fmean(values), float(len(values))
    quantile = NormalDist().inv_cdf((1 + confidence) / 2)
    if not _stand_alone(clusters):
        if len(set(clusters)) < 2:
            return Within(share, 0.0, 1.0)
        spread = spread_of([(one - share) / of for one in values], clusters)
        of = min(of, float(len(set(clusters))))
        quantile = t_quantile(spread.freedom, confidence)
        if 0 < share < 1 and spread.error > 0:
            of = share * (1 - share) / spread.error**2
    square = quantile * quantile
    shrunk = 1 + square / of
    middle = (share + square / (2 * of)) / shrunk
    half = quantile / shrunk * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    # At the ends one bound is the share itself, but for rounding.
    return Within(share, 0.0 if share == 0 else middle - half, 1.0 if share == 1 else middle + half)


def of_means(
    ours: Sequence[float], theirs: Sequence[float], clusters: Sequence[str], confidence: float
) -> Within:
    """How much more our mean is, as a share of theirs, which is not 0; by the jackknife."""
    ratio = fmean(ours) / fmean(theirs)
    top, base = summed(ours, clusters), summed(theirs, clusters)
    most, all_of_base = sum(top), sum(base)
    if len(base) < 2 or all_of_base in base:
        return Within(ratio - 1, -math.inf, math.inf)
    without = [(most - one) / (all_of_base - other) for one, other in zip(top, base, strict=True)]
    error = math.sqrt((len(base) - 1) * pvariance(without))
    freedom = float(len(base) - 1)
    if not _stand_alone(clusters):
        beyond = [one - ratio * other for one, other in zip(ours, theirs, strict=True)]
        freedom = spread_of(beyond, clusters).freedom
    half = t_quantile(freedom, confidence) * error
    high = ratio * math.exp(min(half / ratio, STRETCH_LIMIT)) if ratio > 0 else half
    return Within(ratio - 1, ratio - half - 1, high - 1)


def _stand_alone(clusters: Sequence[str]) -> bool:
    return len(set(clusters)) == len(clusters)
