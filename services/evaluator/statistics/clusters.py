"""The error of a mean whose cases fail together: a cluster is one observation, whatever its size.

The variance is CR2, and Student's degrees of freedom are Satterthwaite's, both after Bell and
McCaffrey (2002); how far cases of a cluster go together is estimated, as Imbens and Kolesar (2016)
propose. For a mean alone both have a closed form. Clusters of one size are as they would be without
all that: Student's t over their number less one.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard error, and with how many degrees of freedom it is known: 0 where it is not."""

    error: float
    freedom: float


def spread_of(values: Numbers, clusters: Sequence[Hashable] | None, weights: Numbers) -> Spread:
    """How sure the weighted mean of the values is."""
    total = weights.sum()
    apart = weights * (values - np.average(values, weights=weights)) / total
    sums = summed(apart, clusters)
    groups = len(sums)
    if groups < 2:
        return Spread(0.0, 0.0)
    if clusters is None:
        return Spread(float(np.sqrt(groups / (groups - 1) * (sums**2).sum())), groups - 1.0)
    parts = summed(weights, clusters) / total
    error = np.sqrt((sums**2 / (1 - parts)).sum())
    squares = summed((weights / total) ** 2, clusters)
    alike = _alike(apart, sums, squares, parts)
    return Spread(float(error), _freedom(parts, (1 - alike) * squares + alike * parts**2))


def summed(values: Numbers, clusters: Sequence[Hashable] | None) -> Numbers:
    """The sum of each cluster, in the order of their first cases; without clusters, the values."""
    if clusters is None:
        return values
    names = {name: at for at, name in enumerate(dict.fromkeys(clusters))}
    return np.bincount([names[one] for one in clusters], weights=values).astype(np.float64)


def _alike(apart: Numbers, sums: Numbers, squares: Numbers, parts: Numbers) -> float:
    """How far cases of a cluster go together, from 0 to 1: the correlation of its pairs."""
    alone, pairs = float((apart**2).sum()), float((parts**2 - squares).sum())
    if alone == 0 or pairs <= 0:
        return 0.0
    together = float((sums**2).sum()) - alone
    return min(max(together / pairs * float(squares.sum()) / alone, 0.0), 1.0)


def _freedom(parts: Numbers, variances: Numbers) -> float:
    """Satterthwaite's, where each cluster has its part of all weight, and a sum of this variance.

    The trace of a matrix, squared, by the sum of its squares; its entry of the clusters g and h is
    what their residual sums have in common.
    """
    counts = 1 / (1 - parts)
    whole = variances.sum()
    own = -2 * parts * variances + parts**2 * whole
    trace = (counts * (variances + own)).sum()
    first, both, second = (
        (counts * one).sum() for one in (variances**2, parts * variances, parts**2)
    )
    squares = 2 * first * second + (whole * second) ** 2 + 2 * both**2 - 4 * whole * second * both
    squares += (counts**2 * (variances**2 + 2 * variances * own)).sum()
    return float(trace**2 / squares)
