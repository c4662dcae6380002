"""Cost and quality together: which models of an agent are worth their price.

A line is a group of runs: of one agent, on one set of models. It is *on the frontier* if no other
line of its agent does as well in both share and price and better in one. That goes by the point
estimates: it draws the curve, and two lines that chance alone keeps apart may change places. What
is sure is `dominated_by`: a line whose share is above for as far as both intervals reach, and whose
price is below.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.console.rules.intervals import (
    Price,
    Share,
    Tally,
    accepted_share,
    price_per_accepted,
)

Models = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The runs of one agent on these models, each provider/model. Half took `p50_seconds`."""

    agent: str
    models: Models
    tally: Tally
    p50_seconds: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A group beside the others of its agent. `dominated_by`: the models of a surely better one."""

    group: Group
    share: Share
    price: Price
    on_frontier: bool
    dominated_by: Models | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A group with its figures; exact ones to compare by, so that equal ones are equal."""

    group: Group
    share: Share
    price: Price

    @classmethod
    def of(cls, group: Group) -> "_Candidate":
        return cls(group, accepted_share(group.tally), price_per_accepted(group.tally))

    @property
    def exact_share(self) -> Fraction:
        return Fraction(self.group.tally.accepted, self.group.tally.runs)

    @property
    def exact_price(self) -> Fraction | float:
        """Nothing costs more than what is never accepted."""
        tally = self.group.tally
        return Fraction(tally.cost, tally.accepted) if tally.accepted else float("inf")

    def is_better_than(self, other: "_Candidate") -> bool:
        """By point estimates: as good in both, and better in one."""
        ours, theirs = (self.exact_share, self.exact_price), (other.exact_share, other.exact_price)
        return ours != theirs and ours[0] >= theirs[0] and ours[1] <= theirs[1]

    def dominates(self, other: "_Candidate") -> bool:
        """For sure: neither intervals of the share nor of the price touch."""
        if self.price.high is None:
            return False
        return self.share.low > other.share.high and self.price.high < other.price.low


def frontier(groups: Iterable[Group]) -> list[Line]:
    """The lines of each agent, the best price first; in whatever order the groups come."""
    agents: dict[str, list[_Candidate]] = defaultdict(list)
    for group in groups:
        agents[group.agent].append(_Candidate.of(group))
    return [
        _line(one, agents[agent])
        for agent in sorted(agents)
        for one in sorted(agents[agent], key=_place)
    ]


def _line(one: _Candidate, rivals: Sequence[_Candidate]) -> Line:
    # What was never accepted has no price, and so no place on the curve.
    leads = one.price.value is not None and not any(rival.is_better_than(one) for rival in rivals)
    better = [rival for rival in rivals if rival.dominates(one)]
    best = min(better, key=_worth) if better else None
    return Line(one.group, one.share, one.price, leads, best.group.models if best else None)


def _place(one: _Candidate) -> tuple[Fraction | float, Fraction, Models]:
    return (one.exact_price, -one.exact_share, one.group.models)


def _worth(one: _Candidate) -> tuple[Fraction, Fraction | float, Models]:
    """Of several that are better, the one accepted most, then the cheapest."""
    return (-one.exact_share, one.exact_price, one.group.models)
