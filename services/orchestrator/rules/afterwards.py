"""What was under way when its run ended, and of which nobody can tell whether it took effect.

The run is over, and nothing is done any more. But money may have moved: a person is asked all the
same, and what they say is kept. It changes nothing of the end.
"""

from collections.abc import Iterator
from datetime import datetime

from contracts.history import Call, Run, Try
from contracts.history.lineage import is_shadow
from contracts.tool import ToolUnknown

from .calls import did_it_happen
from .moves import Move, Say
from .overdue import give_up, overdue_at, silent
from .reviews import advance_review


def late_unknowns(run: Run, now: datetime) -> tuple[Move, ...]:
    """What a run that is over still needs to have told of its calls."""
    given_up = (give_up(each) for each in in_flight(run) if now >= overdue_at(each))
    calls = () if run.step is None or is_shadow(run) else run.step.calls
    return (*given_up, *(move for call in calls for move in _told_of(run, call, now)))


def in_flight(run: Run) -> Iterator[Try]:
    """Claimed calls of the last step without an outcome: somebody may be at work on them."""
    tries = () if run.step is None else silent(run.step)
    return (one for one in tries if one.claim is not None and one.claim.body.state == "claimed")


def _told_of(run: Run, call: Call, now: datetime) -> tuple[Move, ...]:
    begun = [one for one in call.tries if _was_begun(one)]
    # An attempt that nobody began tells nothing of one before it.
    last = begun[-1] if begun else None
    if last is None or last.outcome is None:
        return ()
    is_unknown = isinstance(last.outcome.body, ToolUnknown)
    if last.review is not None:
        # No result is checked any more, so that the evidence itself withdraws the question.
        return advance_review(run, last.review, now, withdrawn=not is_unknown)
    # Nor is an idempotent tool attempted again, which would have told.
    return (Say(last.outcome.id, did_it_happen(last, now)),) if is_unknown else ()


def _was_begun(one: Try) -> bool:
    is_unknown = one.outcome is not None and isinstance(one.outcome.body, ToolUnknown)
    return is_unknown or (one.claim is not None and one.claim.body.state == "claimed")
