"""Which finished runs tell how a canary does: those that took part in its lot.

A task that the checks of its release blocked counts as a run that failed: a canary that lets nobody
in does worse. A run before the canary, or one that asked for a label by name, says nothing of the
difference, for it was of other days, or other people. Where a share of the runs is watched
(`online.yaml`), only that share counts: risky ones are watched all, and a new version is a risk
by itself.
"""

from dataclasses import dataclass

from contracts.evaluation import RunEvaluated
from contracts.history import Run
from contracts.release import AgentReleased
from contracts.run import RunCancelled, RunFailed
from services.evaluator.sampling.drawing import Watched, lot
from shared.release_book import ReleaseBook


@dataclass(frozen=True, slots=True)
class Counted:
    """What one run tells of a canary."""

    canary: AgentReleased
    versions: tuple[str, str]
    is_canary: bool

    @property
    def name(self) -> str:
        return self.canary.agent


def counted(run: Run, heads: ReleaseBook, watched: Watched) -> Counted | None:
    """The canary of which a run that is over tells something, and on which side; None of none."""
    if run.submitted is None or run.verdict is None:
        return None
    assigned, name = run.verdict.body.assigned, run.submitted.body.agent
    canary, ours = heads.head(name, "canary"), heads.version(name, "canary")
    if assigned is None or assigned.chance == 1 or canary is None or ours is None:
        return None
    if not _tells(run) or not _watched(run, name, watched):
        return None
    theirs = heads.version(name, "production")
    if assigned.version != (ours if assigned.label == "canary" else theirs):
        return None
    return Counted(canary, (ours, theirs or ""), assigned.label == "canary")


def does_well(run: Run, evaluated: RunEvaluated | None) -> bool:
    """Whether a run is one of the good ones. What nobody could decide is not held against it."""
    if run.end is None or isinstance(run.end.body, RunFailed) or evaluated is None:
        return False
    return all(one.passed or one.undecided for one in evaluated.assertions)


def _tells(run: Run) -> bool:
    """What people broke off says nothing of the agent."""
    end = None if run.end is None else run.end.body
    if end is None or isinstance(end, RunCancelled):
        return False
    return not (isinstance(end, RunFailed) and end.rule == "stopped")


def _watched(run: Run, name: str, watched: Watched) -> bool:
    """Whether it would be scored whatever its risk."""
    watch = watched.get(name)
    return watch is None or lot(run) < watch.rate
