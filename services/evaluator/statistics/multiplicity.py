"""Many questions at once: p values that allow for how many were asked."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted by Holm's step-down, in the order given: of all, a false alarm in at most alpha."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted for the false discovery rate, in the order given."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at], reverse=True)
    adjusted = [0.0] * len(p_values)
    lowest = 1.0
    for fewer, at in enumerate(order):
        lowest = min(lowest, p_values[at] * (len(p_values) / (len(p_values) - fewer)))
        adjusted[at] = lowest
    return adjusted
