"""Student's t without scipy, which the console does without."""

import math
from statistics import NormalDist

SERIES_LIMIT = 2_000  # degrees of freedom; beyond, Student's t is nearly the normal law
HALVINGS = 60


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
