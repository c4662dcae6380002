"""How sure a difference of two versions is that tried the same cases, in plain Python.

The evaluator reports by the same formulas on scipy, which the console does without. A test holds
one against the other over thousands of made-up experiments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, pvariance

SERIES_LIMIT = 2_000  # degrees of freedom; beyond, Student's t is nearly the normal law
HALVINGS = 60
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
        sums = _summed(apart, [*clusters, "\0better", "\0worse"])
        half = t_quantile(len(sums) - 1, confidence) * _error(sums)
    value = fmean(changes)
    low, high = max(middle - half, -1.0), min(middle + half, 1.0)
    return Within(value, min(low, value), max(high, value))


def of_share(values: Sequence[float], clusters: Sequence[str], confidence: float) -> Within:
    """The share of cases that pass, each 1 or 0: Wilson's, for as many as vary so in clusters."""
    share, of = fmean(values), float(len(values))
    quantile = NormalDist().inv_cdf((1 + confidence) / 2)
    if not _stand_alone(clusters):
        sums = _summed([(one - share) / of for one in values], clusters)
        if len(sums) < 2:
            return Within(share, 0.0, 1.0)
        of, error = min(of, float(len(sums))), _error(sums)
        quantile = t_quantile(len(sums) - 1, confidence)
        if 0 < share < 1 and error > 0:
            of = share * (1 - share) / error**2
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
    top, base = _summed(ours, clusters), _summed(theirs, clusters)
    if len(base) < 2 or any(sum(base) == one for one in base):
        return Within(ratio - 1, -math.inf, math.inf)
    without = [(sum(top) - one) / (sum(base) - other) for one, other in zip(top, base, strict=True)]
    error = math.sqrt((len(base) - 1) * pvariance(without))
    half = t_quantile(len(base) - 1, confidence) * error
    high = ratio * math.exp(min(half / ratio, STRETCH_LIMIT)) if ratio > 0 else half
    return Within(ratio - 1, ratio - half - 1, high - 1)


def t_quantile(freedom: int, confidence: float) -> float:
    """Student's t for a two-sided interval."""
    if freedom > SERIES_LIMIT:
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        return z + (z**3 + z) / (4 * freedom)
    low, high = 0.0, math.pi / 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, freedom) < confidence else (low, middle)
    return math.tan(low) * math.sqrt(freedom)


def _between(angle: float, freedom: int) -> float:
    """The chance that t is within tan(angle) * sqrt(freedom): its finite series (A&S 26.7.3, 4)."""
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = freedom % 2 == 1
    term = cosine if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for number in range(3 if is_odd else 2, freedom, 2):
        term *= (number - 1) / number * cosine * cosine
        total += term
    return 2 / math.pi * (angle + sine * total) if is_odd else sine * total


def _stand_alone(clusters: Sequence[str]) -> bool:
    return len(set(clusters)) == len(clusters)


def _summed(values: Sequence[float], clusters: Sequence[str]) -> list[float]:
    sums: dict[str, float] = {}
    for value, name in zip(values, clusters, strict=True):
        sums[name] = sums.get(name, 0.0) + value
    return list(sums.values())


def _error(sums: Sequence[float]) -> float:
    """The standard error of a mean, from what each observation adds to it."""
    number = len(sums)
    return math.sqrt(number / (number - 1) * sum(one * one for one in sums))
