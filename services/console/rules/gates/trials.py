"""What a trial says of its case, read from its facts; and cases put together over their repeats."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from contracts.evaluation import RunEvaluated
from contracts.history import Run
from contracts.history.stubs import trial_of
from contracts.history.taken import seconds_of
from contracts.suite import CRITICAL

JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial. `passed` is 1 or 0, and None where nobody can tell."""

    case: str
    passed: float | None
    cost: float = 0.0
    seconds: float = 0.0
    is_critical: bool = False
    cluster: str | None = None


Figure = Callable[[Tried], float | None]


@dataclass(frozen=True, slots=True)
class TriedCase:
    """One case as one version tried it."""

    cluster: str
    is_critical: bool
    trials: list[Tried] = field(default_factory=list)

    def mean(self, figure: Figure) -> float | None:
        """The mean over the repeats that have the figure."""
        found = [value for one in self.trials if (value := figure(one)) is not None]
        return fmean(found) if found else None


def tried(run: Run, judged: Collection[str]) -> Tried:
    """What the run of a trial says. `judged` are the metrics of juries that are believed."""
    trial = trial_of(run)
    assert trial is not None, "only trials were asked for"
    told = None if run.evaluated is None else run.evaluated.body
    return Tried(
        case=trial.case,
        passed=None if told is None else _passed(told, judged),
        cost=float(run.cost_micro_usd),
        seconds=seconds_of(run) or 0.0,
        is_critical=CRITICAL in trial.tags,
        cluster=trial.cluster,
    )


def by_case(trials: Iterable[Tried]) -> dict[str, TriedCase]:
    """The cases that were tried, in the order of their first trial."""
    found: dict[str, TriedCase] = {}
    for one in trials:
        case = TriedCase(one.cluster or f"case {one.case}", one.is_critical)
        found.setdefault(one.case, case).trials.append(one)
    return found


def pairs(
    ours: Mapping[str, TriedCase], theirs: Mapping[str, TriedCase], figure: Figure
) -> tuple[list[str], list[float], list[float]]:
    """The clusters of the cases that both have a figure of, and the figures of either."""
    clusters: list[str] = []
    of_ours: list[float] = []
    of_theirs: list[float] = []
    for name in sorted({*ours} & {*theirs}):
        mine, other = ours[name].mean(figure), theirs[name].mean(figure)
        if mine is not None and other is not None:
            clusters.append(ours[name].cluster)
            of_ours.append(mine)
            of_theirs.append(other)
    return clusters, of_ours, of_theirs


def _passed(told: RunEvaluated, judged: Collection[str]) -> float | None:
    """Whether it passed all but juries that nobody has held against people."""
    counted = [one for one in told.assertions if one.kind != JUDGED or one.name in judged]
    if not counted:
        return None if told.assertions else float(told.passed)
    if any(one.undecided for one in counted):
        return None
    return float(all(one.passed for one in counted))
