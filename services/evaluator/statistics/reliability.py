"""Whether it works every time, or at least once: pass^k and pass@k of repeated cases.

Unbiased estimates from n repeats of which c passed; the mean over cases has the error of cases.
"""

from collections.abc import Hashable, Sequence
from math import comb

from services.evaluator.statistics.intervals import CONFIDENCE, Interval, share


def pass_every(passed: int, repeats: int, k: int) -> float:
    """pass^k: how likely k further repeats all pass, C(c, k) / C(n, k).

    Raises:
        ValueError: there are fewer than k repeats, or more passed than there are.
    """
    _check(passed, repeats, k)
    return comb(passed, k) / comb(repeats, k)


def pass_once(passed: int, repeats: int, k: int) -> float:
    """pass@k: how likely one of k further repeats passes, 1 - C(n - c, k) / C(n, k).

    Raises:
        ValueError: as above.
    """
    _check(passed, repeats, k)
    return 1 - comb(repeats - passed, k) / comb(repeats, k)


def reliability(
    counts: Sequence[tuple[int, int]],
    k: int,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The mean pass^k over cases, each (passed, repeats), with its interval."""
    values = [pass_every(passed, repeats, k) for passed, repeats in counts]
    return share(values, clusters, confidence=confidence)


def _check(passed: int, repeats: int, k: int) -> None:
    if not 0 <= passed <= repeats:
        raise ValueError(f"{passed} of {repeats} is no count of repeats")
    if not 1 <= k <= repeats:
        raise ValueError(f"pass^{k} needs {k} repeats of each case, and there are {repeats}")
