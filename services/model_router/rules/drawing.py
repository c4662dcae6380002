"""By which route the calls of a run begin, where the routes of an alias share them by weight.

The lot follows from the run and the alias, so a run stays on its route, whoever calls and however
often. It is weighted rendezvous hashing: rendezvous hashing after Thaler and Ravishankar, with the
logarithm that Resch gave it for weights. Each route draws a number of its own, so raising one
weight moves runs to that route only, and taking a route away moves its own runs only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.model import Route
from contracts.shape import sha256_hex

LOT_DIGITS = 13  # of a hexadecimal digest: as many bits as a float holds exactly


@dataclass(frozen=True, slots=True)
class Choice:
    """What an alias stands for here: the routes that can be reached, and their time limit.

    Without `weights` the first route is the preferred one.
    """

    routes: tuple[Route, ...]
    time_limit_seconds: float
    weights: Mapping[Route, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A route, and how likely it was to be drawn. No `chance`: nothing was left to it."""

    route: Route
    chance: float | None = None


def draw(routes: Sequence[Route], weights: Mapping[Route, float], lot: str) -> Drawn | None:
    """The route that this lot falls on; the first one where no weight stands against another."""
    if not routes:
        return None
    weighed = [route for route in routes if weights.get(route, 0) > 0]
    if not weighed:
        # Those for fallback only are what is left, or nobody gave weights.
        return Drawn(routes[0], 1.0 if weights else None)
    drawn = min(weighed, key=lambda route: -math.log(_number(lot, route)) / weights[route])
    return Drawn(drawn, weights[drawn] / math.fsum(weights[route] for route in weighed))


def _number(lot: str, route: Route) -> float:
    """What a route draws: above 0 and up to 1, each number as likely as any other."""
    name = f"{lot} {route.provider}/{route.api}/{route.model}"
    drawn = int(sha256_hex(name.encode())[:LOT_DIGITS], 16)
    return (drawn + 1) / 16.0**LOT_DIGITS
