"""Whose words a run holds: who asked for it, and who told its model more on the way.

Whoever tells a model what to do may not also be the one who lets it: they would approve what they
asked for, in the name of a run that somebody else submitted.
"""

import re
from collections.abc import Iterator

from ..ids import person
from ..review import ReviewRequested
from .shown import taken_through
from .state import Review, Run

_STEP = re.compile(r"[1-9]\d{0,5}")


def requesters(run: Run) -> frozenset[str]:
    """Those who asked for the task, and so may not approve what it does."""
    task = run.submitted.body if run.submitted is not None else None
    names = (task.user, task.requester) if task is not None else ()
    return frozenset(person(name) for name in names if name is not None)


def speakers(run: Run, step: int) -> frozenset[str]:
    """Who else gave the model words before this step: by more input, or by an answer it was told.

    Also those who were heard in the run that this one continues, who asked for that one among them;
    and of words that are not shown any more, since the model may have passed them on in its own.
    """
    own = frozenset(person(name) for name in _names(run, step))
    grown = run.started.body.ancestor if run.started is not None else None
    if grown is None or run.ancestor is None:
        return own
    before = run.ancestor
    return own | requesters(before) | speakers(before, grown.step or len(before.steps) + 1)


def step_of(asked: ReviewRequested) -> int:
    """The step of the call that people are asked about."""
    found = _STEP.match(asked.call)
    return int(found.group()) if found is not None else 0


def _names(run: Run, step: int) -> Iterator[str]:
    for given in taken_through(run, step):
        said = given.submitted.body
        yield from (name for name in (said.user, said.principal) if name is not None)
    for review in run.reviews:
        if step_of(review.requested.body) < step:
            yield from _heard(review)


def _heard(review: Review) -> Iterator[str]:
    """Those whose answer the model was told in their words."""
    decided = review.decided.body if review.decided is not None else None
    if decided is None:
        return
    has_words = decided.outcome in ("edited", "responded") or (
        decided.outcome == "rejected" and review.requested.body.about == "call" and decided.reason
    )
    if has_words:
        yield from (one.principal for one in decided.approvers)
