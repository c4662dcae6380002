"""How sure a difference is, of two arms that tried the same cases.

Differences are of one case each: candidate less baseline, of passes from -1 to 1 (with repeats, of
the means of both), or of any measure.
"""

from collections.abc import Hashable, Sequence
from math import exp
from typing import Literal

import numpy as np
from scipy import special

from services.evaluator.statistics.clusters import Numbers, spread_of, summed
from services.evaluator.statistics.intervals import CONFIDENCE, Interval, array, t_of, z_of
from services.evaluator.statistics.skewed import MANY, SEED, skewed_mean

FLIPS = 9999
STRETCH_LIMIT = 700.0  # of an exponent; beyond, no float holds it
BATCH_NUMBERS = 2_000_000  # resampled at once: 16 MB, whatever the number of cases


def difference_of_shares(
    differences: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The mean difference of passes, by Bonett and Price: as if one more pair spoke for each side.

    So cases of which none changed still leave room for one that would have. A cluster counts as
    one observation, and so does each of the two.
    """
    found = array(differences)
    values, groups = padded(differences, clusters)
    middle = float(values.mean())
    spread = spread_of(values, groups, np.ones(len(values)))
    error = spread.error
    # With few clusters the error itself is unsure; without, the two pairs allow for that.
    quantile = z_of(confidence)
    if clusters is not None:
        quantile = t_of(confidence, spread.freedom)
    else:
        error *= float(np.sqrt(1 - 1 / len(values)))
    low, high = max(middle - quantile * error, -1.0), min(middle + quantile * error, 1.0)
    value = float(found.mean())
    method = "Bonett-Price" if clusters is None else "Bonett-Price, clustered"
    return Interval(value, min(low, value), max(high, value), method, confidence)


def padded(
    differences: Sequence[float], clusters: Sequence[Hashable] | None
) -> tuple[Numbers, list[Hashable] | None]:
    """With the two pairs that nobody saw, each a cluster of its own."""
    values = np.concatenate([array(differences), [1.0, -1.0]])
    return values, None if clusters is None else [*clusters, *_nobody()]


def difference_of_means(
    differences: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The mean difference of a measure, skewed as it may be."""
    return skewed_mean(differences, clusters, confidence)


def mcnemar(
    better: int, worse: int, alternative: Literal["two-sided", "less"] = "two-sided"
) -> float:
    """The p value of the exact McNemar test of the cases that only one arm passed.

    `alternative` is `two-sided`, or `less`: that the candidate passes fewer.
    """
    if alternative == "less":
        return float(special.bdtr(better, better + worse, 0.5))
    # Either way is as likely, so the two tails are alike.
    return min(1.0, 2 * float(special.bdtr(min(better, worse), better + worse, 0.5)))


def permutation(
    differences: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    seed: int = SEED,
    flips: int = FLIPS,
) -> float:
    """The two-sided p value of a mean difference under random signs, one sign for a cluster.

    Of few observations all signs are tried; of more, `flips` random ones, and the p value counts
    what was seen among them, so that it is never 0. Past MANY it is that of their normal limit.
    """
    found = summed(array(differences), clusters)
    seen, count = abs(float(found.sum())), len(found)
    # Sums of the same numbers in another order may differ in their last digits.
    reached = seen * (1 - 1e-12) - 1e-15
    if 2**count <= flips:
        signs = 1 - 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
        return float((np.abs(signs @ found) >= reached).mean())
    if count > MANY:
        spread = float(np.sqrt((found**2).sum()))
        return 1.0 if spread == 0 else float(2 * special.ndtr(-seen / spread))
    draw = np.random.default_rng(seed)
    at_once = max(1, BATCH_NUMBERS // count)
    further = 0
    for start in range(0, flips, at_once):
        drawn = 2.0 * draw.integers(0, 2, (min(at_once, flips - start), count)) - 1
        further += int((np.abs(drawn @ found) >= reached).sum())
    return (1 + further) / (flips + 1)


def ratio_of_means(
    candidate: Sequence[float],
    baseline: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """How much more the candidate's mean is, as a share of the baseline's: 0.1 is a tenth more.

    By the jackknife over the pairs, or over clusters where there are any, with as many degrees of
    freedom as clusters of their sizes are worth. A ratio of what is skewed
    is skewed itself: it reaches down as it is, and up as its logarithm does.

    Raises:
        ValueError: the baseline's mean is 0: nothing is a share of it.
    """
    ours, theirs = summed(array(candidate), clusters), summed(array(baseline), clusters)
    if theirs.sum() == 0:
        raise ValueError("the baseline's mean is 0: nothing is a share of it")
    ratio = float(ours.sum() / theirs.sum())
    rest = theirs.sum() - theirs
    if len(rest) < 2 or not rest.all():
        return Interval(ratio - 1, float("-inf"), float("inf"), "one observation", confidence)
    without = (ours.sum() - ours) / rest
    error = np.sqrt((len(rest) - 1) * without.var())
    half = float(t_of(confidence, _freedom(candidate, baseline, ratio, clusters)) * error)
    top = ratio * exp(min(half / ratio, STRETCH_LIMIT)) if ratio > 0 else half
    return Interval(ratio - 1, ratio - half - 1, top - 1, "ratio, jackknife", confidence)


def _freedom(
    candidate: Sequence[float],
    baseline: Sequence[float],
    ratio: float,
    clusters: Sequence[Hashable] | None,
) -> float:
    """Of what each case of the candidate costs beyond the ratio, which is 0 on average."""
    beyond = array(candidate) - ratio * array(baseline)
    return spread_of(beyond, clusters, np.ones(len(beyond))).freedom


def _nobody() -> tuple[object, object]:
    """Two clusters that no case is in."""
    return object(), object()
