"""The next step of a run, and what its conversation must leave out to fit the model.

The policy is the agent's. What it does is recorded as `context.compacted` before the step that it
is done for, so that every prompt of the past can be rebuilt.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.control import InputTaken
from contracts.envelope import Fact
from contracts.history import Measured, Run, Step, measure
from contracts.history.shown import INHERITED, shown
from contracts.history.stubs import trial_of
from contracts.model import ModelRequested, ModelResponded
from contracts.run import ContextCompacted, RunFailed
from contracts.shape import Body

from .moves import Move, Say
from .timing import step_deadline

Kind = Literal["cleared", "window", "summary"]

# Tokenizers need about 4 on average for prose or JSON, so the room is not overrated.
BYTES_PER_TOKEN = 3
# Making room begins before the model is full, and ends well below, so that it is seldom done.
BEGIN_AT = 0.8
END_BELOW = 0.5


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes of prompt the model takes."""

    limit: int

    @classmethod
    def of(cls, run: Run) -> "Room":
        assert run.started is not None, "only a started run has steps"
        started = run.started.body
        tokens = max(1, started.context_tokens - started.limits.output_tokens)
        return cls(tokens * BYTES_PER_TOKEN)

    @property
    def begin_at(self) -> int:
        return int(self.limit * BEGIN_AT)

    @property
    def end_below(self) -> int:
        return int(self.limit * END_BELOW)


def next_step(run: Run, now: datetime) -> tuple[Move, ...]:
    """`model.requested` for the step after the last one, or what must be done for it first."""
    assert run.started is not None, "only a started run has steps"
    room = Room.of(run)
    found = measure(run)
    if found.length <= room.begin_at:
        return (_request(run, now, found),)
    policy = run.started.body.agent.context.policy
    smaller = None if policy == "full" else _make_room(run, now, found.length, room)
    if smaller is not None:
        return (smaller,)
    if found.length <= room.limit:
        return (_request(run, now, found),)
    reason = (
        f"the conversation has {found.length} bytes, the model takes about {room.limit}, and the "
        f"policy {policy!r} can leave out no more of it"
    )
    return (
        Say(run.root, RunFailed(rule="context_exceeded", reason=reason, steps=run.steps_taken)),
    )


def after_summary(run: Run, step: Step) -> tuple[Move, ...]:
    """Put a summary in the place of what it sums up, once; without one, drop whole steps."""
    if any(one.body.step > step.number for one in run.compactions):
        return ()
    assert step.outcome is not None, "asked for once the model has answered"
    outcome, room = step.outcome.body, Room.of(run)
    told = isinstance(outcome, ModelResponded) and outcome.text
    moved = _drop(run, measure(run).length, room, step.number if told else None)
    return () if moved is None else (moved,)


def _make_room(run: Run, now: datetime, length: int, room: Room) -> Say | None:
    """The first thing to leave out under the agent's policy; None where nothing is left."""
    assert run.started is not None, "only a started run has steps"
    match run.started.body.agent.context.policy:
        case "clear_results":
            return _clear(run, length, room) or _drop(run, length, room)
        case "summarize":
            return _ask_summary(run, now, room) or _drop(run, length, room)
        case _:
            return _drop(run, length, room)


def _clear(run: Run, length: int, room: Room) -> Say | None:
    """Take the text out of old tool results, if that makes room enough."""
    last = len(run.steps)
    through = max(_keep_from(run, last + 1), INHERITED)
    if through <= shown(run, last + 1).cleared:
        return None
    compacted = _compacted(run, "cleared", through, length)
    return Say(_cause(run).id, compacted) if compacted.bytes_after <= room.begin_at else None


def _drop(run: Run, length: int, room: Room, summary_step: int | None = None) -> Say | None:
    """Drop the oldest steps, for a summary if there is one.

    The newest steps that the policy names stay whole while they fit, and the last one always.
    """
    last = max((step.number for step in run.steps if not step.is_summary), default=INHERITED)
    first = max(shown(run, len(run.steps) + 1).dropped + 1, _keep_from(run, last + 1), INHERITED)
    if first >= last:
        return None
    kind: Kind = "window" if summary_step is None else "summary"
    fitting = bisect_left(
        range(first, last),
        True,
        key=lambda through: _size_without(run, kind, through, summary_step) <= room.end_below,
    )
    through = min(first + fitting, last - 1)
    compacted = _compacted(run, kind, through, length, summary_step)
    return Say(_cause(run).id, compacted) if compacted.bytes_after < length else None


def _ask_summary(run: Run, now: datetime, room: Room) -> Say | None:
    """Ask the model to sum up; not twice in a row, and not where even that does not fit."""
    if run.step is None or run.step.is_summary:
        return None
    found = measure(run, summary=True)
    return _request(run, now, found, "summary") if found.length <= room.limit else None


def _keep_from(run: Run, before: int) -> int:
    """The last step that is not among the newest ones, which stay whole."""
    assert run.started is not None, "only a started run has steps"
    numbers = [step.number for step in run.steps if not step.is_summary and step.number < before]
    keep = run.started.body.agent.context.keep_steps
    return numbers[-keep - 1] if len(numbers) > keep else INHERITED - 1


def _compacted(
    run: Run,
    kind: Kind,
    through: int,
    length: int,
    summary_step: int | None = None,
) -> ContextCompacted:
    return ContextCompacted(
        step=len(run.steps) + 1,
        kind=kind,
        through_step=through,
        summary_step=summary_step,
        bytes_before=length,
        bytes_after=_size_without(run, kind, through, summary_step),
    )


def _size_without(
    run: Run,
    kind: Kind,
    through: int,
    summary_step: int | None = None,
) -> int:
    tried = ContextCompacted(
        step=len(run.steps) + 1,
        kind=kind,
        through_step=through,
        summary_step=summary_step,
        bytes_before=0,
        bytes_after=0,
    )
    return measure(run, tried=tried).length


def _request(
    run: Run, now: datetime, found: Measured, purpose: Literal["step", "summary"] = "step"
) -> Say:
    assert run.started is not None, "only a started run has steps"
    started, trial = run.started.body, trial_of(run)
    return Say(
        _cause(run).id,
        ModelRequested(
            step=len(run.steps) + 1,
            alias=started.agent.model,
            position=run.last_sequence,
            prompt_sha256=found.sha256,
            prompt_bytes=found.length,
            max_output_tokens=started.limits.output_tokens,
            deadline=step_deadline(run, now),
            purpose=purpose,
            seed=None if trial is None else trial.seed,
        ),
    )


def _cause(run: Run) -> Fact[Body]:
    """What a step follows from: the outcome of the one before, or what called that off."""
    assert run.started is not None, "only a started run has steps"
    if run.step is None:
        return run.started
    if run.step.outcome is not None:
        return run.step.outcome
    ends = [given.end for given in run.inputs if given.end is not None]
    taken = [one for one in ends if isinstance(one.body, InputTaken)]
    assert taken, "a step without an outcome is left for an input alone"
    return taken[-1]
