"""Student's t without scipy, which the console does without."""

import math
from statistics import NormalDist

NEARLY_NORMAL = 2_000  # degrees of freedom; beyond, Student's t is nearly the normal law
HALVINGS = 60
FRACTIONS_LIMIT = 500  # of a continued fraction, which takes a few dozen
ENOUGH = 1e-15
TINY = 1e-300  # in place of 0 in a denominator


def t_quantile(freedom: float, confidence: float) -> float:
    """Student's t for a two-sided interval. Degrees of freedom need not be whole."""
    if freedom > NEARLY_NORMAL:
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        return z + (z**3 + z) / (4 * freedom)
    low, high = 0.0, math.pi / 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, freedom) < confidence else (low, middle)
    return math.tan(low) * math.sqrt(freedom)


def _between(angle: float, freedom: float) -> float:
    """The chance that t is within tan(angle) * sqrt(freedom): an incomplete beta function."""
    return _incomplete_beta(math.sin(angle) ** 2, 0.5, freedom / 2)


def _incomplete_beta(part: float, first: float, second: float) -> float:
    """I of `part`, which lies between 0 and 1 (A&S 26.5.2); from the side where it is quick."""
    if part > (first + 1) / (first + second + 2):
        return 1 - _incomplete_beta(1 - part, second, first)
    if part <= 0:
        return 0.0
    sizes = math.lgamma(first + second) - math.lgamma(first) - math.lgamma(second)
    front = sizes + first * math.log(part) + second * math.log1p(-part)
    return math.exp(front) / (first * _fraction(part, first, second))


def _fraction(part: float, first: float, second: float) -> float:
    """The continued fraction of it (A&S 26.5.8), from the top, after Lentz."""
    value, above, below = 1.0, 1.0, 0.0
    for number in range(1, FRACTIONS_LIMIT):
        half = number // 2
        if number % 2 == 0:
            step = half * (second - half) * part
            step /= (first + number - 1) * (first + number)
        else:
            step = -(first + half) * (first + second + half) * part
            step /= (first + number - 1) * (first + number)
        below = 1 / (1 + step * below or TINY)
        above = 1 + step / above or TINY
        value *= above * below
        if abs(above * below - 1) < ENOUGH:
            break
    return value
