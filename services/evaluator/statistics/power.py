"""What a suite could have seen: the smallest drop that its cases show, and how many a drop needs.

A drop is of the pass rate, as a share. Cases that change without a drop, one way as often as the
other, are its noise: `discordance` is the share of them in all.
"""

from math import ceil, inf, sqrt

from scipy import optimize, special

from services.evaluator.statistics.intervals import Interval, z_of

POWER = 0.8
DISCORDANCE = 0.1  # 5 of 100 cases each way, where nothing is known yet
CASES_LIMIT = 1_000_000
SMALLEST = 0.001  # of a difference: nobody buys the cases that tell less apart


def discordance_of(better: int, worse: int, cases: int) -> float:
    """The share of cases that change without a drop, as far as was seen; never taken for none."""
    return (2 * min(better, worse) + 1) / (cases + 2)


def power_of(drop: float, cases: int, discordance: float, alpha: float) -> float:
    """How often `cases` pairs with this drop are seen to be worse, at one-sided `alpha`."""
    changed = min(max(discordance, 0.0) + drop, 1.0)
    # Of the interval that gates use, with its two pairs for what was not seen.
    error = sqrt(max(changed + 2 / cases - drop**2, 1e-12) / cases)
    return float(special.ndtr(drop / error - special.ndtri(1 - alpha)))


def smallest_drop(
    cases: int, discordance: float = DISCORDANCE, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """The smallest drop that so many cases show with this power; None where they show none."""
    if cases < 1:
        raise ValueError("there are no cases")

    def lacking(drop: float) -> float:
        return power_of(drop, cases, discordance, alpha) - power

    if lacking(1.0) < 0:
        return None
    return float(optimize.brentq(lacking, 0.0, 1.0))


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
