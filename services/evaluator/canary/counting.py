"""Which finished runs tell how a canary does: those that took part in its lot.

A task that the checks of its release blocked counts as a run that failed: a canary that lets nobody
in does worse. A run before the canary, or one that asked for a label by name, says nothing of the
difference, for it was of other days, or other people.

Of every run of the lot its end, the assertions of its agent and its cost are counted. What it is
scored by because it is watched (`online.yaml`) counts only where the lot would have drawn it, for
a risk draws more of one side than of the other: a new version is a risk by itself. A jury that
nobody has held against people sends no canary back.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.evaluation import AssertionResult, RunEvaluated
from contracts.history import Run
from contracts.release import AgentReleased
from contracts.run import RunCancelled, RunFailed
from services.evaluator.calibration.card import Card
from services.evaluator.calibration.trust import JUDGED, standings
from services.evaluator.sampling.drawing import Watched, lot
from shared.release_book import ReleaseBook

CardOf = Callable[[str, str], Card | None]  # of a jury, for a metric


@dataclass(frozen=True, slots=True)
class Counted:
    """What one run tells of a canary."""

    canary: AgentReleased
    versions: tuple[str, str]
    is_canary: bool

    @property
    def name(self) -> str:
        return self.canary.agent


def counted(run: Run, heads: ReleaseBook) -> Counted | None:
    """The canary of which a run that is over tells something, and on which side; None of none."""
    if run.submitted is None or run.verdict is None:
        return None
    assigned, name = run.verdict.body.assigned, run.submitted.body.agent
    canary, ours = heads.head(name, "canary"), heads.version(name, "canary")
    if assigned is None or assigned.chance == 1 or canary is None or ours is None:
        return None
    if not _tells(run):
        return None
    theirs = heads.version(name, "production")
    if assigned.version != (ours if assigned.label == "canary" else theirs):
        return None
    return Counted(canary, (ours, theirs or ""), assigned.label == "canary")


def does_well(run: Run, evaluated: RunEvaluated | None, watched: Watched, card_of: CardOf) -> bool:
    """Whether a run is one of the good ones. What nobody could decide is not held against it."""
    if run.end is None or isinstance(run.end.body, RunFailed) or evaluated is None:
        return False
    own = 0 if run.started is None else len(run.started.body.agent.evaluators)
    scored = evaluated.assertions[: None if _is_drawn(run, watched) else own]
    return all(one.passed or one.undecided or not _counts(one, card_of) for one in scored)


def _tells(run: Run) -> bool:
    """What people broke off says nothing of the agent."""
    end = None if run.end is None else run.end.body
    if end is None or isinstance(end, RunCancelled):
        return False
    return not (isinstance(end, RunFailed) and end.rule == "stopped")


def _is_drawn(run: Run, watched: Watched) -> bool:
    """Whether it would be scored whatever its risk."""
    watch = None if run.submitted is None else watched.get(run.submitted.body.agent)
    return watch is not None and lot(run) < watch.rate


def _counts(score: AssertionResult, card_of: CardOf) -> bool:
    """All but what a jury says for which no card vouches."""
    return score.kind != JUDGED or standings([score], card_of)[score.name].card is not None
