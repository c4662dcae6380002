"""Which finished runs are judged, beside trials, and how likely each was to be.

Runs with a risk in them are judged all, of the others a share that is drawn by lot. The chance is
kept with the result: who weighs each by 1 / chance has the rate of all runs, not of the risky ones.
The lot follows from the run's id, so whoever hears its end again draws the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

from contracts.history import Run
from contracts.history.taken import escalations_of, redactions_of, refusals_of, unsettled_of
from contracts.ids import lot_of
from contracts.run import RunFailed
from contracts.scoring import SCORERS_LIMIT, Scorer, Scorers, Share
from contracts.shape import Usd, Written, to_micro_usd

Risk = Literal["failed", "refused", "redacted", "escalated", "edited", "costly", "new_version"]
RISKS: tuple[Risk, ...] = get_args(Risk)
EDITED = frozenset({"edited", "rejected", "responded"})


class Watch(Written):
    """How the runs of one agent are watched."""

    rate: Share = Field(description="Of the runs without a risk, drawn by lot")
    always: tuple[Risk, ...] = RISKS
    costly_usd: Usd | None = Field(None, description="From here on a run is costly; None: none is")
    known_versions: tuple[str, ...] | None = Field(
        None, description="Versions that are no news; None: all but those of canary and staging"
    )
    scorers: Annotated[Scorers, Field(min_length=1, max_length=SCORERS_LIMIT)]


Watched = Mapping[str, Watch]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a run that is watched is scored by, and how likely a run like it was to be."""

    scorers: tuple[Scorer, ...]
    chance: float


def sample(run: Run, watched: Watched) -> Sample | None:
    """By what a finished run is scored beside its assertions; None where it is not."""
    watch = _watch_of(run, watched)
    if watch is None:
        return None
    is_risky = any(risk in watch.always for risk in risks(run, watch))
    chance = 1.0 if is_risky else watch.rate
    return Sample(watch.scorers, chance) if lot(run) < chance else None


def waits_for_bills(run: Run, watched: Watched) -> bool:
    """Whether nobody can tell yet if the run was costly: a model call of it is not settled."""
    watch = _watch_of(run, watched)
    if watch is None or watch.costly_usd is None or "costly" not in watch.always:
        return False
    return unsettled_of(run) > 0


def lot(run: Run) -> float:
    """A number from 0 up to 1 that the run has drawn, always the same."""
    return lot_of(run.root)


def risks(run: Run, watch: Watch) -> Iterator[Risk]:
    """Why this run should be looked at, whatever the lot says."""
    if run.end is not None and isinstance(run.end.body, RunFailed):
        yield "failed"
    if refusals_of(run):
        yield "refused"
    if redactions_of(run):
        yield "redacted"
    if escalations_of(run):
        yield "escalated"
    if any(one.decided is not None and one.decided.body.outcome in EDITED for one in run.reviews):
        yield "edited"
    if watch.costly_usd is not None and run.cost_micro_usd >= to_micro_usd(watch.costly_usd):
        yield "costly"
    if _is_new(run, watch):
        yield "new_version"


def _is_new(run: Run, watch: Watch) -> bool:
    """A version that is not production's is news; one that is listed is none."""
    if watch.known_versions is not None:
        version = run.started.body.agent_version if run.started is not None else ""
        return version not in watch.known_versions
    cleared = None if run.verdict is None else run.verdict.body.assigned
    return cleared is not None and cleared.label != "production"


def _watch_of(run: Run, watched: Watched) -> Watch | None:
    """How a run is watched, if it is: trials, shadows, judges and checks were run for nobody."""
    if run.started is None or run.submitted is None or run.started.body.shadow:
        return None
    task = run.submitted.body
    is_for_nobody = (task.trial, task.judging, task.checking) != (None, None, None)
    return None if is_for_nobody else watched.get(run.started.body.agent.name)
