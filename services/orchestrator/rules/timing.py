"""Deadlines, and the clock that they run by.

A deadline bounds work, not people: the clock of a run stands still while it waits for a review,
which has an expiry of its own, while it is paused, and while a run that it called stands still.
"""

from datetime import datetime

from contracts.history import Run, Step
from contracts.history.waiting import stands_still, waited
from contracts.shape import later

# The worker's own margin is a second or two. Whoever takes over from it comes before us.
GRACE_SECONDS = 30.0


def deadline(run: Run) -> datetime | None:
    """When the run must have ended; None before it starts, and while its clock stands still."""
    if run.started is None or stands_still(run):
        return None
    return run.started.body.deadline + waited(run)


def step_deadline(run: Run, now: datetime) -> datetime:
    """When the next step must have its answer."""
    assert run.started is not None, "only a started run has steps"
    started = run.started.body
    own = later(now, started.agent.limits.step_seconds)
    return min(own, started.deadline + waited(run))


def step_overdue_at(run: Run, step: Step) -> datetime:
    """When a step without an outcome is given up."""
    asked = step.requested
    return later(asked.body.deadline + waited(run, asked.time), GRACE_SECONDS)
