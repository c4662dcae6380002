"""From the frontier to weights: how the routes of an alias might share its runs.

A route of which enough is known gets the chance that an accepted run costs least there, as Thompson
sampling would deal it out in the long run. A price is taken for log-normal around its value, as
wide as its upper bound is far: computed, not drawn, so the same runs suggest the same weights.
Nothing goes where runs are surely accepted less often, by more than a margin, however cheap. What
is hardly known keeps a small share, else nobody would ever learn of it; so does a route that was
ruled out once its runs have left the window.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import Literal

from contracts.model import Route
from services.console.rules.frontier import Group, Line, frontier
from services.console.rules.intervals import BOUNDED_RUNS, Price, Tally, Z

# Below it a price has no bounds that hold: none to rule a route out, or to send all runs there.
KNOWN_RUNS = BOUNDED_RUNS
EXPLORED_SHARE = 0.05  # of the runs, for each route of which less is known
MARGIN = 0.05  # so much less often accepted still counts as equal
QUANTILES = 400  # of a price: more of them change no weight, which has two digits
DIGITS = 2
LEAST_SPREAD = 1e-6  # where all runs cost nothing, prices are points

Rule = Literal["cheapest", "explored", "beaten", "accepted_less", "never_accepted", "kept"]


@dataclass(frozen=True, slots=True)
class Offered:
    """An alias as `models.yaml` has it, and the agents that ask for it. Without weights: none."""

    alias: str
    agents: frozenset[str]
    routes: tuple[Route, ...]
    weights: Mapping[Route, float]

    def weight_now(self, route: Route) -> float:
        """In effect: without weights the first route has every run."""
        return self.weights.get(route, 0.0) if self.weights else float(route == self.routes[0])


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A weight for a route, with its reason. `tally`: of the runs on its model alone."""

    route: Route
    tally: Tally | None
    weight: float
    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    rule: Rule
    reason: str
    weight: float = 0.0


def suggest(offered: Offered, groups: Iterable[Group], margin: float = MARGIN) -> list[Suggestion]:
    """A weight for each route of an alias, in their order; as they are where nothing is known."""
    tallies = _tallies(offered, groups)
    known = frontier(
        Group(offered.alias, (name,), tally, None)
        for name, tally in tallies.items()
        if tally.runs >= KNOWN_RUNS
    )
    verdicts = _verdicts(known, margin)
    if not any(one.rule == "cheapest" for one in verdicts.values()):
        return [_kept(offered, route, tallies.get(named(route))) for route in offered.routes]
    names = [named(route) for route in offered.routes]
    left = 1 - EXPLORED_SHARE * sum(name not in verdicts for name in names)
    return [
        _suggestion(route, tallies.get(name), verdicts.get(name), left / names.count(name))
        for route, name in zip(offered.routes, names, strict=True)
    ]


def chances_of_least(prices: Mapping[str, Price]) -> dict[str, float]:
    """How likely each of these prices is to be the lowest. Each has a value and an upper bound."""
    laws = {name: _law(price) for name, price in prices.items()}
    points = [(number + 0.5) / QUANTILES for number in range(QUANTILES)]
    return {
        name: fmean(
            math.prod(1 - laws[other].cdf(law.inv_cdf(point)) for other in laws if other != name)
            for point in points
        )
        for name, law in laws.items()
    }


def named(route: Route) -> str:
    """A route as rows of runs name it: two APIs of one model are one there."""
    return f"{route.provider}/{route.model}"


def _tallies(offered: Offered, groups: Iterable[Group]) -> dict[str, Tally]:
    """The runs of the alias's agents that were on one model from end to end."""
    names = {named(route) for route in offered.routes}
    tallies: dict[str, Tally] = {}
    for group in groups:
        if group.agent in offered.agents and len(group.models) == 1 and group.models[0] in names:
            (name,) = group.models
            tallies[name] = tallies[name] + group.tally if name in tallies else group.tally
    return tallies


def _verdicts(known: list[Line], margin: float) -> dict[str, _Verdict]:
    """What becomes of each route of which enough is known."""
    ruled_out = {_name(line): found for line in known if (found := _ruled_out(line, known, margin))}
    chances = chances_of_least(
        {_name(line): line.price for line in known if _name(line) not in ruled_out}
    )
    cheapest = {
        name: _Verdict("cheapest", f"{chance:.0%} likely the cheapest per accepted run", chance)
        for name, chance in chances.items()
    }
    return ruled_out | cheapest


def _ruled_out(line: Line, known: list[Line], margin: float) -> _Verdict | None:
    if line.dominated_by is not None:
        return _Verdict("beaten", f"{line.dominated_by[0]} is better and cheaper, for sure")
    best = max(known, key=lambda one: one.share.low)
    if line.share.high + margin < best.share.low:
        points = f"{100 * margin:g} points"
        return _Verdict("accepted_less", f"{points} less accepted than {_name(best)}, for sure")
    if line.price.value is None:
        return _Verdict("never_accepted", "no run was accepted")
    return None


def _suggestion(
    route: Route, tally: Tally | None, verdict: _Verdict | None, left: float
) -> Suggestion:
    if verdict is None:
        reason = f"explored: it has fewer than {KNOWN_RUNS} runs"
        return Suggestion(route, tally, EXPLORED_SHARE, "explored", reason)
    weight = round(verdict.weight * left, DIGITS)
    return Suggestion(route, tally, weight, verdict.rule, verdict.reason)


def _kept(offered: Offered, route: Route, tally: Tally | None) -> Suggestion:
    reason = f"no route has {KNOWN_RUNS} runs with an accepted one"
    return Suggestion(route, tally, offered.weight_now(route), "kept", reason)


def _law(price: Price) -> NormalDist:
    """The logarithm of a price; one below a micro-dollar counts as that."""
    assert price.value is not None, "what was never accepted has no price"
    assert price.high is not None, "of so many runs there is an upper bound"
    value, high = math.log(max(price.value, 1)), math.log(max(price.high, 1))
    return NormalDist(value, max((high - value) / Z, LEAST_SPREAD))


def _name(line: Line) -> str:
    return line.group.models[0]
