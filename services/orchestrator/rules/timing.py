"""Deadlines, and when a run must be looked at again if nothing is said of it before.

A deadline bounds work, not people: the clock of a run stands still while it waits for a review,
which has an expiry of its own.
"""

from datetime import datetime, timedelta

from contracts.history import Review, Run
from contracts.shape import later


def deadline(run: Run) -> datetime | None:
    """When the run must have ended; None before it starts, and while it waits for a person."""
    if run.started is None or run.open_reviews:
        return None
    return run.started.body.deadline + waited(run)


def waited(run: Run) -> timedelta:
    """How long the run has waited for people: reviews that overlap count once."""
    total = timedelta()
    until: datetime | None = None
    for begin, end in sorted(_span(review) for review in run.reviews):
        start = begin if until is None else max(begin, until)
        total += max(end - start, timedelta())
        until = end if until is None else max(until, end)
    return total


def next_wake(run: Run, now: datetime, sweep_seconds: float) -> datetime | None:
    """The next deadline or expiry, and at the latest the next sweep; None once it has ended."""
    if run.end is not None or run.started is None:
        return None
    moments = [later(now, sweep_seconds)]
    moments += [review.requested.body.expires_at for review in run.open_reviews]
    ends = deadline(run)
    return min([*moments, ends] if ends is not None else moments)


def _span(review: Review) -> tuple[datetime, datetime]:
    """From the question to the decision, by the times that lie in the log."""
    asked = review.requested.time
    return asked, review.decided.time if review.decided is not None else asked
