"""When a run must be looked at again if nothing is said of it before."""

from collections.abc import Iterator
from datetime import datetime

from contracts.history import Review, Run
from contracts.shape import later

from .afterwards import in_flight
from .overdue import overdue_at, silent
from .timing import deadline, step_overdue_at


def next_wake(run: Run, now: datetime, sweep_seconds: float) -> datetime | None:
    """The next deadline or expiry, and at the latest the next sweep.

    None once it has ended, unless it is still open what became of a call.
    """
    if run.submitted is None or run.archived:
        return None
    if run.end is None:
        return min([later(now, sweep_seconds), *_moments(run)])
    under_way = [overdue_at(each) for each in in_flight(run)]
    if not under_way and not run.open_reviews:
        return None
    return min([later(now, sweep_seconds), *under_way])


def _moments(run: Run) -> Iterator[datetime]:
    for review in run.open_reviews:
        yield from _review_moments(review)
    if (ends := deadline(run)) is not None:
        yield ends
    if run.step is None or run.pause is not None:
        return
    if run.step.outcome is None:
        yield step_overdue_at(run, run.step)
    yield from (overdue_at(each) for each in silent(run.step))


def _review_moments(review: Review) -> Iterator[datetime]:
    """When it expires, if it does, and when the next of its ladder is asked."""
    asked = review.requested.body
    if asked.about == "call":
        yield asked.expires_at
    yield from (step.at for step in asked.escalations[len(review.escalated) :][:1])
