"""What a suite could have seen: the smallest drop that its cases show, and how many a drop needs.

A drop is of the pass rate, as a share. Cases that change without a drop, one way as often as the
other, are its noise: `discordance` is the share of them in all. Cases that change together say less
than as many that stand alone: `Together` is how much less.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np
from scipy import optimize, special

from services.evaluator.statistics.clusters import Numbers, spread_of
from services.evaluator.statistics.intervals import Interval, array, z_of
from services.evaluator.statistics.paired import padded

POWER = 0.8
DISCORDANCE = 0.1  # 5 of 100 cases each way, where nothing is known yet
CASES_LIMIT = 1_000_000
SEEN_FOR_SURE = 30.0  # standard errors
SMALLEST = 0.001  # of a difference: nobody buys the cases that tell less apart


@dataclass(frozen=True, slots=True)
class Together:
    """How cases of one cluster go together.

    `design` is how many times the variance of cases that stand alone they have, never less than
    that. Of few clusters the error is itself unsure: it has so many degrees of `freedom`.
    """

    design: float = 1.0
    freedom: float | None = None


ALONE = Together()


def together(values: Sequence[float], clusters: Sequence[Hashable] | None) -> Together:
    """How the values of the same clusters were seen to go together."""
    return ALONE if clusters is None else _design(array(values), clusters)


def discordance_of(changes: Sequence[float]) -> float:
    """The share of cases that change without a drop, as far as was seen; never taken for none.

    Of changes by a part, as repeats make them, by what they do to the variance.
    """
    found = array(changes)
    without_drop = float((found**2).sum()) - abs(float(found.sum()))
    return (max(without_drop, 0.0) + 1) / (len(found) + 2)


def power_of(
    drop: float, cases: int, discordance: float, alpha: float, lumped: Together = ALONE
) -> float:
    """How often `cases` pairs with this drop are seen to be worse, at one-sided `alpha`."""
    changed = min(max(discordance, 0.0) + drop, 1.0)
    # Of the interval that gates use, with its two pairs for what was not seen.
    variance = max(changed + 2 / cases - drop**2, 1e-12)
    error = sqrt(lumped.design * variance / cases)
    if lumped.freedom is None:
        return float(special.ndtr(drop / error - special.ndtri(1 - alpha)))
    needed = special.stdtrit(lumped.freedom, 1 - alpha)
    # Beyond it the series of the noncentral t breaks down, and the drop is seen for sure.
    if drop / error > needed + SEEN_FOR_SURE:
        return 1.0
    return float(1 - special.nctdtr(lumped.freedom, drop / error, needed))


def smallest_drop(
    cases: int,
    discordance: float = DISCORDANCE,
    alpha: float = 0.05,
    power: float = POWER,
    lumped: Together = ALONE,
) -> float | None:
    """The smallest drop that so many cases show with this power; None where they show none."""
    if cases < 1:
        raise ValueError("there are no cases")

    def lacking(drop: float) -> float:
        return power_of(drop, cases, discordance, alpha, lumped) - power

    if lacking(1.0) < 0:
        return None
    return float(optimize.brentq(lacking, 0.0, 1.0))


def smallest_drop_seen(
    changes: Sequence[float], clusters: Sequence[Hashable] | None = None, alpha: float = 0.05
) -> float | None:
    """The same by how the cases of two arms changed, repeats and clusters as what they are."""
    values, groups = padded(changes, clusters)
    lumped = ALONE if groups is None else _design(values, groups)
    return smallest_drop(len(changes), discordance_of(changes), alpha, lumped=lumped)


def cases_needed(
    drop: float, discordance: float = DISCORDANCE, alpha: float = 0.05, power: float = POWER
) -> float:
    """How many cases show this drop with this power; infinite where no number does."""
    if drop <= 0:
        return inf
    low, high = 1, CASES_LIMIT
    if power_of(drop, high, discordance, alpha) < power:
        return inf
    while low < high:
        middle = (low + high) // 2
        enough = power_of(drop, middle, discordance, alpha) >= power
        low, high = (low, middle) if enough else (middle + 1, high)
    return ceil(low)


def cases_to_tell(
    cases: int, seen: Interval, apart: float, alpha: float = 0.05, power: float = POWER
) -> float:
    """How many cases would tell what was `seen` in `cases` of them from what lies `apart` of it.

    By the error that was seen, so that clusters and repeats count as what they are. Infinite past
    CASES_LIMIT.
    """
    error = (seen.high - seen.low) / 2 / z_of(seen.confidence)
    z = float(special.ndtri(1 - alpha) + special.ndtri(power))
    needed = ceil(cases * (z * error / max(apart, SMALLEST)) ** 2)
    return inf if needed > CASES_LIMIT else needed


def _design(values: Numbers, clusters: Sequence[Hashable]) -> Together:
    """By the error with these clusters, and that of as many values without any."""
    even = np.ones(len(values))
    lumped, plain = spread_of(values, clusters, even), spread_of(values, None, even)
    design = max((lumped.error / plain.error) ** 2, 1.0) if plain.error > 0 else 1.0
    return Together(design, max(lumped.freedom, 1.0))
