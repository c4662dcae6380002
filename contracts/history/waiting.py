"""How long a run waited for people, by the times that lie in the log."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from .state import Run


def waited(run: Run, since: datetime | None = None) -> timedelta:
    """How long the clock of the run has stood still: waits that overlap count once."""
    total = timedelta()
    until = since
    for begin, end in sorted(_standstills(run)):
        start = begin if until is None else max(begin, until)
        total += max(end - start, timedelta())
        until = end if until is None else max(until, end)
    return total


def _standstills(run: Run) -> Iterator[tuple[datetime, datetime]]:
    """Waits for people that are over, by the times that lie in the log."""
    for review in run.reviews:
        if review.decided is not None:
            yield review.requested.time, review.decided.time
    for pause in run.pauses:
        if pause.resumed is not None:
            yield pause.paused.time, pause.resumed.time
