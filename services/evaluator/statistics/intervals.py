"""How sure a rate or a mean is: estimates with the interval that they lie in.

Cases of one cluster fail together, so they count as one observation for the error and not for the
mean. A weight is the inverse of the chance that a case was looked at.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from services.evaluator.statistics.clusters import Numbers, spread_of

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and the interval that would hold the truth in `confidence` of repetitions."""

    value: float
    low: float
    high: float
    method: str
    confidence: float = CONFIDENCE


def z_of(confidence: float) -> float:
    """The normal quantile of a two-sided interval: 1.96 for 0.95."""
    return float(special.ndtri((1 + confidence) / 2))


def t_of(confidence: float, freedom: float) -> float:
    """The same of Student's t, with so many degrees of freedom."""
    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def wilson(passed: float, of: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share: `passed` of `of` cases.

    Raises:
        ValueError: there are no cases, or more passed than there are.
    """
    if of <= 0 or not 0 <= passed <= of:
        raise ValueError(f"{passed} of {of} is no share")
    low, high = _score(passed / of, of, z_of(confidence))
    return Interval(passed / of, low, high, "wilson", confidence)


def mean(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    weights: Sequence[float] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """A mean by Student's t, with the error of clusters (CR2) and of weights (Hajek).

    Raises:
        ValueError: there are no values.
    """
    found = array(values)
    weighing = np.ones(len(found)) if weights is None else array(weights)
    value = float(np.average(found, weights=weighing))
    spread = spread_of(found, clusters, weighing)
    if not spread.freedom:
        return Interval(value, float("-inf"), float("inf"), "one observation", confidence)
    half = t_of(confidence, spread.freedom) * spread.error
    method = "t" if clusters is None else "t, clustered"
    return Interval(value, value - half, value + half, method, confidence)


def share(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    weights: Sequence[float] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The mean of shares, each from 0 to 1: one a case, or the mean of its repeats.

    Plain passes and fails have Wilson's interval. Clusters, weights and repeats widen or narrow it
    by what they do to the variance: it is Wilson's for as many cases as would vary so much. With
    few clusters that variance is itself unsure, so they take Student's quantile; of one cluster
    nothing is known but that a share lies between 0 and 1.
    """
    found = array(values)
    weighing = np.ones(len(found)) if weights is None else array(weights)
    value = float(np.average(found, weights=weighing))
    plain = value * (1 - value)
    spread = spread_of(found, clusters, weighing)
    effective = float(weighing.sum() ** 2 / (weighing**2).sum())
    if clusters is None and weights is None and bool(np.isin(found, (0.0, 1.0)).all()):
        return wilson(float(found.sum()), len(found), confidence)
    quantile = z_of(confidence)
    if clusters is not None:
        if not spread.freedom:
            return Interval(value, 0.0, 1.0, "one cluster", confidence)
        effective = min(effective, float(len(set(clusters))))
        quantile = t_of(confidence, spread.freedom)
    if plain > 0 and spread.error > 0:
        effective = plain / spread.error**2
    low, high = _score(value, effective, quantile)
    return Interval(value, low, high, "wilson, effective n", confidence)


def corrected_share(
    passed: int,
    of: int,
    true_positives: tuple[int, int],
    true_negatives: tuple[int, int],
    confidence: float = CONFIDENCE,
) -> Interval:
    """A share that a judge found, corrected for the errors of the judge (Rogan and Gladen).

    `true_positives` are (said pass, of labelled pass), `true_negatives` (said fail, of labelled
    fail). The interval carries the uncertainty of all three samples, after Lang and Reiczigel.

    Raises:
        ValueError: a sample is empty, or the judge is no better than a coin.
    """
    z = z_of(confidence)
    sensitivity, specificity = _share(*true_positives), _share(*true_negatives)
    youden = sensitivity + specificity - 1
    if youden <= 0:
        raise ValueError("the judge tells pass from fail no better than a coin: nothing to correct")
    value = _clip((_share(passed, of) + specificity - 1) / youden)
    cases, found = of + z * z, (passed + z * z / 2) / (of + z * z)
    positives, negatives = true_positives[1] + 2, true_negatives[1] + 2
    se, sp = (true_positives[0] + 1) / positives, (true_negatives[0] + 1) / negatives
    middle = (found + sp - 1) / (se + sp - 1)
    of_se, of_sp = se * (1 - se) / positives, sp * (1 - sp) / negatives
    shift = 2 * z * z * (middle * of_se - (1 - middle) * of_sp)
    spread = found * (1 - found) / cases + middle**2 * of_se + (1 - middle) ** 2 * of_sp
    half = z * float(np.sqrt(spread)) / (se + sp - 1)
    low, high = _clip(middle + shift - half), _clip(middle + shift + half)
    return Interval(value, min(low, value), max(high, value), "Rogan-Gladen", confidence)


def array(values: Sequence[float]) -> Numbers:
    """The values as numbers.

    Raises:
        ValueError: there are none.
    """
    if len(values) == 0:
        raise ValueError("there are no values to take a mean of")
    return np.asarray(values, dtype=np.float64)


def _score(share: float, of: float, quantile: float) -> tuple[float, float]:
    """The bounds of a score interval of a share of `of` cases."""
    square = quantile * quantile
    shrunk = 1 + square / of
    middle = (share + square / (2 * of)) / shrunk
    half = quantile / shrunk * float(np.sqrt(share * (1 - share) / of + square / (4 * of * of)))
    # At the ends one bound is the share itself, but for rounding.
    return 0.0 if share == 0 else middle - half, 1.0 if share == 1 else middle + half


def _share(passed: int, of: int) -> float:
    if of <= 0 or not 0 <= passed <= of:
        raise ValueError(f"{passed} of {of} is no share")
    return passed / of


def _clip(share: float) -> float:
    return min(max(share, 0.0), 1.0)
