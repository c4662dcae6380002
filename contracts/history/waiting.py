"""What a run waits for: people, by the times that lie in the log; and the time of a retry.

A run that it called waits in its place: while that one stands still, so does this one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ..control import RunChildWentOn
from ..envelope import Fact
from ..model import ModelAttemptRequested
from ..shape import Body
from .standing import ChildWait
from .state import Attempt, Run


def waited(run: Run, since: datetime | None = None, now: datetime | None = None) -> timedelta:
    """How long the clock of the run has stood still: waits that overlap count once.

    One that is not over counts until `now`, if that is given.
    """
    total = timedelta()
    until = since
    for begin, end in sorted(_standstills(run, now)):
        start = begin if until is None else max(begin, until)
        total += max(end - start, timedelta())
        until = end if until is None else max(until, end)
    return total


def stands_still(run: Run) -> bool:
    """Whether its clock does now."""
    child_waits = any(end_of(run, wait) is None for wait in run.child_waits)
    return bool(run.open_reviews) or run.pause is not None or child_waits


def end_of(run: Run, wait: ChildWait) -> Fact[Body] | None:
    """With what the wait of a run that it called is over: that went on, or its call has an outcome.

    None while it waits.
    """
    if wait.ended is not None:
        return wait.ended
    began = wait.began.body
    call = run.call(began.call)
    assert call is not None, "a wait belongs to a call"
    return call.tries[began.attempt - 1].outcome


def deferred_until(attempt: Attempt) -> datetime | None:
    """Until when nothing may be funded for an attempt; None where it does not wait, or no more."""
    asked = attempt.request.body
    if attempt.due is not None or attempt.verdict is not None:
        return None
    return asked.not_before if isinstance(asked, ModelAttemptRequested) and asked.deferred else None


def _standstills(run: Run, now: datetime | None) -> Iterator[tuple[datetime, datetime]]:
    """Waits for people by the times that lie in the log; one that is open lasts until `now`."""
    for began, ended in _bounds(run):
        end = now if ended is None else ended
        if end is not None:
            yield began, end


def _bounds(run: Run) -> Iterator[tuple[datetime, datetime | None]]:
    for review in run.reviews:
        yield review.requested.time, _time(review.decided)
    for pause in run.pauses:
        yield pause.paused.time, _time(pause.resumed)
    for wait in run.child_waits:
        match end_of(run, wait):
            case Fact(body=RunChildWentOn(until=until)):
                yield wait.began.body.since, until
            case ended:
                yield wait.began.body.since, _time(ended)


def _time(fact: Fact[Any] | None) -> datetime | None:
    return None if fact is None else fact.time
