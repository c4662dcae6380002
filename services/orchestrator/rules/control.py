"""What people order about a run under way: its end, its standstill, and its going on.

A run stands still for its own sake, or because its agent, its tenant or the platform is paused, or
the run that called it.
What was asked for before goes on and its results are taken; nothing new is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from contracts.control import (
    ControlOrdered,
    InputRefused,
    RunParentPaused,
    RunParentStanding,
    RunPaused,
    RunPauseRequested,
    RunResumed,
    RunResumeRequested,
)
from contracts.history import Pause, Run
from contracts.review import ReviewAnswerRefused, ReviewDecided, ReviewEscalated
from contracts.run import RunCancelled, RunFailed

from .moves import InForce, Move, Say
from .reviews import cancelled_by_expiry

Orders = tuple[ControlOrdered, ...]
# People may still answer what they were asked, and learn what became of what they sent.
STILL_SAID = (ReviewDecided, ReviewEscalated, ReviewAnswerRefused, InputRefused)
NO_LONGER_ORDERED = "the order that paused it is gone"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run is to stand still."""

    scope: Literal["run", "agent", "tenant", "platform", "parent"]
    cause_id: str
    principal: str
    reason: str


def orders_for(run: Run, orders: InForce) -> Orders:
    """The last order for each scope that this run is in."""
    if run.submitted is None:
        return ()
    return orders.covering(run.tenant, run.submitted.body.agent)


def called_off(run: Run, orders: Orders) -> RunCancelled | RunFailed | None:
    """How the run ends before its work is done, if somebody wants that."""
    steps = run.steps_taken
    if run.cancel is not None:
        asked = run.cancel.body
        return RunCancelled(principal=asked.principal, reason=asked.reason, steps=steps)
    if run.parent_ended is not None:
        parent = run.parent_ended.body
        reason = f"the run that called it has {parent.status}: {parent.reason}"
        return RunCancelled(principal=f"run {parent.parent_run_id}", reason=reason, steps=steps)
    stop = next((one for one in orders if one.state == "stopped"), None)
    if stop is not None:
        return _stopped(run, stop)
    return cancelled_by_expiry(run)


def standstill(run: Run, orders: Orders) -> Say | None:
    """`run.paused` or `run.resumed`, if the run is not as it was ordered to be."""
    reasons = list(_reasons(run, orders))
    pause = run.pause
    if pause is None:
        return _pause(run, reasons[0]) if reasons else None
    if any(one.scope == pause.paused.body.scope for one in reasons):
        return None
    # Where another reason remains it is paused again, for that one.
    return _resume(run, pause, orders)


def while_paused(moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Of what the run needs, what is said although it stands still."""
    return tuple(one for one in moves if isinstance(one, Say) and isinstance(one.body, STILL_SAID))


def _stopped(run: Run, stop: ControlOrdered) -> RunCancelled | RunFailed:
    reason = f"{stop.what} is stopped: {stop.reason or 'no reason given'}"
    if run.started is None:
        return RunFailed(rule="stopped", reason=f"{reason} (by {stop.principal})")
    return RunCancelled(principal=stop.principal, reason=reason, steps=run.steps_taken)


def _reasons(run: Run, orders: Orders) -> Iterator[Reason]:
    asked = run.pause_asked
    if asked is not None and isinstance(asked.body, RunPauseRequested):
        yield Reason("run", asked.id, asked.body.principal, asked.body.reason)
    for order in orders:
        if order.state == "paused" and order.scope != "tool":
            yield Reason(order.scope, run.root, order.principal, order.reason)
    parent = run.parent_standing
    if parent is not None and isinstance(parent.body, RunParentPaused):
        yield Reason("parent", parent.id, parent.body.principal, parent.body.reason)


def _pause(run: Run, why: Reason) -> Say:
    paused = RunPaused(
        scope=why.scope,
        principal=why.principal,
        reason=why.reason,
        number=len(run.pauses) + 1,
    )
    return Say(why.cause_id, paused)


def _resume(run: Run, pause: Pause, orders: Orders) -> Say:
    number = pause.paused.body.number
    by = _resumed_by(run, pause.paused.body.scope, orders)
    if by is None:
        resumed = RunResumed(principal="nobody", reason=NO_LONGER_ORDERED, number=number)
    else:
        resumed = RunResumed(principal=by.principal, reason=by.reason, number=number)
    return Say(pause.paused.id, resumed)


def _resumed_by(
    run: Run, scope: str, orders: Orders
) -> RunPauseRequested | RunResumeRequested | RunParentStanding | ControlOrdered | None:
    """What lets a run go on that was paused in this scope."""
    match scope:
        case "run":
            return run.pause_asked.body if run.pause_asked is not None else None
        case "parent":
            return run.parent_standing.body if run.parent_standing is not None else None
        case _:
            return next((one for one in orders if one.scope == scope), None)
