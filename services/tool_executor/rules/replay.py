"""What a shadow run is told of a call: what the run that it grew from has on record of it.

A trial that grew from none is told what the stub says that fits the call. Nothing is run and
nothing is claimed. A call without a record or a stub would have to touch something, so it is
refused.
"""

from dataclasses import dataclass

from contracts.history import Run
from contracts.history.lineage import grown_from, is_shadow, recorded_call, recorded_outcome
from contracts.history.stubs import stubbed
from contracts.tool import ToolFailed, ToolRequested, ToolSucceeded

UNSEEN = "a shadow run touches nothing"


@dataclass(frozen=True, slots=True)
class Replay:
    """Say what `run_id` has on record of the call, or refuse it."""

    request: ToolRequested
    run_id: str


@dataclass(frozen=True, slots=True)
class Stubbed:
    """Say this, and look nowhere."""

    body: ToolSucceeded | ToolFailed


def replay_of(run: Run, asked: ToolRequested) -> Replay | Stubbed | None:
    """What to do about a call if it is that of a shadow; None if it may really run."""
    if not is_shadow(run):
        return None
    grown = grown_from(run)
    if grown is not None:
        return Replay(asked, grown.run_id)
    unfit = f"no stub of the trial fits this call of {asked.tool}, and {UNSEEN}"
    return Stubbed(stubbed(run, asked) or _refused(asked, unfit))


def recorded(run: Run, parent: Run, asked: ToolRequested) -> ToolSucceeded | ToolFailed:
    """The recorded outcome, as that of this call; or why there is none."""
    call = recorded_call(run, parent, asked)
    if call is None:
        reason = f"run {parent.run_id} made no such call, and {UNSEEN}"
        return _refused(asked, reason)
    outcome = recorded_outcome(call)
    if outcome is None:
        reason = f"call {call.name} of run {parent.run_id} has no outcome, and {UNSEEN}"
        return _refused(asked, reason)
    place = {"call": asked.call, "attempt": asked.attempt, "replayed_from": outcome.id}
    return outcome.body.model_copy(update=place)


def _refused(asked: ToolRequested, reason: str) -> ToolFailed:
    return ToolFailed(call=asked.call, attempt=asked.attempt, kind="refused", reason=reason)
