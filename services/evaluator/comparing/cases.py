"""Results put together by case: what each arm got of it, over its repeats.

A figure of a case is the mean of its repeats. Where nothing can be said of a case, it has none.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from services.evaluator.results import Result

Figure = Callable[[Result], float | None]
PASS_RATE = "pass_rate"  # noqa: S105 - a name of a metric
MICRO = 1_000_000

# Measures of every run: how each is read, and in which unit.
MEASURES: dict[str, tuple[Figure, str]] = {
    "cost": (lambda one: one.cost_micro_usd / MICRO, "usd"),
    "latency": (lambda one: one.seconds, "seconds"),
    "steps": (lambda one: float(one.steps), "calls"),
    "approvals": (lambda one: float(one.approvals), "calls"),
    "blocked": (lambda one: float(one.blocked), "calls"),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One case as one arm tried it."""

    case: str
    cluster: str
    weight: float
    tags: tuple[str, ...]
    results: list[Result] = field(default_factory=list)

    def mean(self, figure: Figure) -> float | None:
        """The mean over the repeats that have the figure."""
        found = [value for one in self.results if (value := figure(one)) is not None]
        return fmean(found) if found else None


def passed(result: Result) -> float | None:
    """1 or 0; None where nobody can tell."""
    return None if result.passed is None else float(result.passed)


def passed_for_sure(calibrated: Collection[str]) -> Figure:
    """Whether a trial passed all but judges whom nobody has held against people.

    Of a trial that only such judges have scored, or that was held to nothing, nothing is known.
    """

    def figure(result: Result) -> float | None:
        if result.passed is None and not any(one.undecided for one in result.scores):
            return None
        counted = [one for one in result.scores if one.kind != "judged" or one.name in calibrated]
        if not counted or any(one.undecided for one in counted):
            return None
        return float(all(one.passed for one in counted))

    return figure


def of_metric(name: str) -> Figure:
    """Whether the scorers of this name were passed; None where there are none, or undecided."""

    def figure(result: Result) -> float | None:
        scores = [one for one in result.scores if one.name == name]
        if not scores or any(one.undecided for one in scores):
            return None
        return float(all(one.passed for one in scores))

    return figure


def by_case(results: Iterable[Result], arm: str) -> dict[str, Tried]:
    """The cases that an arm tried, in the order of their first result."""
    found: dict[str, Tried] = {}
    for one in results:
        if one.arm != arm:
            continue
        tried = Tried(one.case, one.cluster or f"case {one.case}", one.weight, one.tags)
        found.setdefault(one.case, tried).results.append(one)
    return found


def pairs(
    ours: Mapping[str, Tried], theirs: Mapping[str, Tried], figure: Figure
) -> tuple[list[Tried], list[float], list[float]]:
    """The cases that both arms have a figure of, with the candidate's and the baseline's."""
    both: list[Tried] = []
    of_ours: list[float] = []
    of_theirs: list[float] = []
    for name, one in ours.items():
        if name not in theirs:
            continue
        mine, other = one.mean(figure), theirs[name].mean(figure)
        if mine is not None and other is not None:
            both.append(one)
            of_ours.append(mine)
            of_theirs.append(other)
    return both, of_ours, of_theirs


def metrics_of(results: Sequence[Result]) -> list[str]:
    """The names of all scorers, in the order in which they were met."""
    return list(dict.fromkeys(score.name for one in results for score in one.scores))


def clusters_of(tried: Sequence[Tried]) -> list[str] | None:
    """The cluster of each case; None where each stands alone."""
    names = [one.cluster for one in tried]
    return names if len(set(names)) < len(names) else None
