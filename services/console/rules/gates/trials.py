"""What a trial says of its case, read from its facts; and cases put together over their repeats."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from contracts.evaluation import RunEvaluated
from contracts.history import Run
from contracts.history.lineage import canonical_json
from contracts.history.stubs import trial_of
from contracts.history.taken import seconds_of
from contracts.shape import sha256_hex
from contracts.suite import CRITICAL
from contracts.task import TaskSubmitted

JUDGED = "judged"
# By what the trials of one case may differ: which version it was, who asked, and when it is served.
OF_THE_TASK = frozenset({"label", "requester", "priority", "concurrency_key", "trial"})
OF_THE_TRIAL = frozenset(
    {"experiment", "arm", "repeat", "seed", "definition", "model", "instructions"}
)


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial. `passed` is 1 or 0, and None where nobody can tell.

    `asked` is the digest of what was asked of it, alike in all trials of a case.
    """

    case: str
    passed: float | None
    cost: float = 0.0
    seconds: float = 0.0
    is_critical: bool = False
    cluster: str | None = None
    asked: str = ""


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
    assert run.submitted is not None, "a trial was submitted"
    told = None if run.evaluated is None else run.evaluated.body
    return Tried(
        case=trial.case,
        passed=None if told is None else _passed(told, judged),
        cost=float(run.cost_micro_usd),
        seconds=seconds_of(run) or 0.0,
        is_critical=CRITICAL in trial.tags,
        cluster=trial.cluster,
        asked=_asked(run.submitted.body),
    )


def by_case(trials: Iterable[Tried]) -> dict[str, TriedCase]:
    """The cases that were tried, in the order of their first trial."""
    found: dict[str, TriedCase] = {}
    for one in trials:
        case = TriedCase(one.cluster or f"case {one.case}", one.is_critical)
        found.setdefault(one.case, case).trials.append(one)
    return found


def asked_differently(trials: Iterable[Tried]) -> tuple[str, ...]:
    """The cases of which two trials were not asked the same."""
    seen: dict[str, set[str]] = {}
    for one in trials:
        seen.setdefault(one.case, set()).add(one.asked)
    return tuple(sorted(case for case, asked in seen.items() if len(asked) > 1))


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


def _asked(task: TaskSubmitted) -> str:
    """The digest of what the task asks, and of what its answer is held to."""
    assert task.trial is not None, "only trials were asked for"
    whole = {
        "task": task.model_dump(mode="json", exclude=set(OF_THE_TASK)),
        "trial": task.trial.model_dump(mode="json", exclude=set(OF_THE_TRIAL)),
    }
    return sha256_hex(canonical_json(whole).encode())


def _passed(told: RunEvaluated, judged: Collection[str]) -> float | None:
    """Whether it passed all but juries that nobody has held against people.

    Of a trial that was held to nothing, nothing is known.
    """
    counted = [one for one in told.assertions if one.kind != JUDGED or one.name in judged]
    if not counted or any(one.undecided for one in counted):
        return None
    return float(all(one.passed for one in counted))
