"""When a run must be looked at again if nothing is said of it before."""

from collections.abc import Iterator
from datetime import datetime

from contracts.guardrail import ToolCleared
from contracts.history import Call, Review, Run, pinned
from contracts.shape import later
from contracts.tool import DEFAULT_TIMEOUT_SECONDS

from .afterwards import in_flight
from .overdue import overdue_at, silent
from .retrying import retry_moments
from .timing import GRACE_SECONDS, deadline, step_overdue_at

# Schedules have whole seconds: a nearer one would be this one.
SOONEST_SECONDS = 1.0


def next_wake(run: Run, now: datetime, sweep_seconds: float) -> datetime | None:
    """The next deadline or expiry, and at the latest the next sweep.

    None once it has ended, unless it is still open what became of a call. A moment that has passed
    without a decision is one for others, such as a replica with the rules of the run: it is looked
    at again after as long as it is past, so ever more seldom, until only the sweep looks.
    """
    if run.submitted is None or run.archived:
        return None
    if run.end is None:
        moments = (_to_come(at, now) for at in _moments(run, now))
        return min([later(now, sweep_seconds), *moments])
    under_way = [_to_come(overdue_at(each), now) for each in in_flight(run)]
    if not under_way and not run.open_reviews:
        return None
    return min([later(now, sweep_seconds), *under_way])


def _to_come(at: datetime, now: datetime) -> datetime:
    return at if at > now else later(now, max(SOONEST_SECONDS, (now - at).total_seconds()))


def _moments(run: Run, now: datetime) -> Iterator[datetime]:
    for review in run.open_reviews:
        yield from _review_moments(review)
    if (ends := deadline(run)) is not None:
        yield ends
    if run.step is None or run.pause is not None:
        return
    if run.step.outcome is None:
        yield step_overdue_at(run, run.step)
    yield from (overdue_at(each) for each in silent(run.step))
    yield from (_soonest_overdue(run, call, now) for call in run.step.calls if _may_begin(call))
    yield from retry_moments(run)


def _may_begin(call: Call) -> bool:
    """Whether it is asked for, and nobody is known to have begun it, refused it or asked people."""
    last = call.last
    if last is None or last.claim is not None or last.outcome is not None:
        return False
    return last.verdict is None or isinstance(last.verdict.body, ToolCleared)


def _soonest_overdue(run: Run, call: Call, now: datetime) -> datetime:
    """Before this a call that is begun cannot be overdue, whoever clears and claims it and when.

    The orchestrator is not woken by clearances and claims. It looks again then, and knows.
    """
    manifest = pinned(run, call.part.name)
    limit = DEFAULT_TIMEOUT_SECONDS if manifest is None else manifest.timeout_seconds
    assert call.last is not None, "a call that may begin is asked for"
    soonest = later(call.last.request.time, limit + GRACE_SECONDS)
    return soonest if soonest > now else later(now, limit + GRACE_SECONDS)


def _review_moments(review: Review) -> Iterator[datetime]:
    """When it expires, if it does, and when the next of its ladder is asked."""
    asked = review.requested.body
    if asked.about == "call":
        yield asked.expires_at
    yield from (step.at for step in asked.escalations[len(review.escalated) :][:1])
