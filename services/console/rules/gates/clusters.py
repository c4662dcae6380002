"""The error of a mean whose cases fail together, in plain Python: CR2, after Bell and McCaffrey.

The evaluator says where the formulas are from; a test holds one against the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard error, and with how many degrees of freedom it is known."""

    error: float
    freedom: float


def spread_of(apart: Sequence[float], clusters: Sequence[str]) -> Spread:
    """Of a mean of two clusters or more, from what each case adds to it."""
    sums = summed(apart, clusters)
    sizes = summed([1.0] * len(apart), clusters)
    parts = [one / len(apart) for one in sizes]
    error = math.sqrt(sum(one * one / (1 - part) for one, part in zip(sums, parts, strict=True)))
    alike = _alike(apart, sums, sizes)
    variances = [(1 - alike) * one + alike * one * one for one in sizes]
    return Spread(error, _freedom(parts, variances))


def summed(values: Sequence[float], clusters: Sequence[str]) -> list[float]:
    """The sum of each cluster, in the order of their first cases."""
    sums: dict[str, float] = {}
    for value, name in zip(values, clusters, strict=True):
        sums[name] = sums.get(name, 0.0) + value
    return list(sums.values())


def _alike(apart: Sequence[float], sums: Sequence[float], sizes: Sequence[float]) -> float:
    """How far cases of a cluster go together, from 0 to 1: the correlation of its pairs."""
    alone, pairs = _squared(apart), _squared(sizes) - len(apart)
    if alone == 0 or pairs <= 0:
        return 0.0
    return min(max((_squared(sums) - alone) / pairs * len(apart) / alone, 0.0), 1.0)


def _freedom(parts: Sequence[float], variances: Sequence[float]) -> float:
    """Satterthwaite's, where each cluster has its part of all cases, and a sum of this variance."""
    counts = [1 / (1 - part) for part in parts]
    each = list(zip(counts, parts, variances, strict=True))
    whole = sum(variances)
    own = [-2 * part * one + part * part * whole for _, part, one in each]
    trace = sum(count * (one + more) for (count, _, one), more in zip(each, own, strict=True))
    first = sum(count * one * one for count, _, one in each)
    both = sum(count * part * one for count, part, one in each)
    second = sum(count * part * part for count, part, _ in each)
    squares = 2 * first * second + (whole * second) ** 2 + 2 * both**2 - 4 * whole * second * both
    squares += sum(
        count**2 * (one * one + 2 * one * more)
        for (count, _, one), more in zip(each, own, strict=True)
    )
    return trace**2 / squares


def _squared(values: Sequence[float]) -> float:
    return sum(one * one for one in values)
