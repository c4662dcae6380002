"""When a run must be looked at again, if nothing is said of it before."""

from datetime import datetime

from contracts.history import Run
from contracts.shape import later


def next_wake(run: Run, now: datetime, sweep_seconds: float) -> datetime | None:
    """The next deadline or expiry, and at the latest the next sweep; None once it has ended."""
    if run.end is not None or run.started is None:
        return None
    moments = [run.started.body.deadline, later(now, sweep_seconds)]
    moments += [review.requested.body.expires_at for review in run.open_reviews]
    return min(moments)
