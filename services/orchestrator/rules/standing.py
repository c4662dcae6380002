"""How kin stand: a run waits while one that it called does, and is paused with the one above it.

Nothing here is decided by who heard what: what has to be said follows from how the two runs are, so
that it may be said late, or again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.control import (
    RunChildStoodStill,
    RunChildWentOn,
    RunParentPaused,
    RunParentResumed,
    RunPaused,
)
from contracts.envelope import Fact
from contracts.history import Run
from contracts.history.delegation import claimed_try
from contracts.history.waiting import end_of
from contracts.shape import Body

# These pauses are of one run. Orders for a tenant and for the platform hold for its kin anyway.
PASSED_DOWN = frozenset({"run", "agent", "parent"})
PASSED_UP = frozenset({"run", "agent"})

# A standstill: with which fact it began, why, and with which it ended.
Wait = tuple[Fact[Body], str, Fact[Body] | None]


@dataclass(frozen=True, slots=True)
class Untold:
    """A wait of a child that its parent does not know, or whose end it does not know.

    `began` is said because of `cause`, unless it is `known`; `ended` because of what began it.
    """

    cause: Fact[Body]
    began: RunChildStoodStill
    known: Fact[RunChildStoodStill] | None
    ended: RunChildWentOn | None


def untold_waits(parent: Run, child: Run) -> Iterator[Untold]:
    """What the waits of a child have to say in the run that waits for it.

    Those of a child that is over too, until its end is the outcome of its call: what it worked
    after a wait is no wait of its parent. A wait that its end cut short ends with that outcome.
    """
    each = claimed_try(child, parent)
    if each is None or each.outcome is not None or parent.end is not None:
        return
    assert each.verdict is not None, "a claim follows a verdict"
    told = {one.began.body.because: one for one in parent.child_waits}
    asked = each.request.body
    for fact, reason, ended in _waits_before_end(child):
        known = told.get(fact.id)
        if known is not None and (known.ended is not None or ended is None):
            continue
        began = RunChildStoodStill(
            child_run_id=child.run_id,
            call=asked.call,
            attempt=asked.attempt,
            because=fact.id,
            since=fact.body.since if isinstance(fact.body, RunChildStoodStill) else fact.time,
            reason=reason,
        )
        went_on = None if ended is None else _went_on(child, ended)
        yield Untold(each.verdict, began, known.began if known is not None else None, went_on)


def parent_stands(parent: Run) -> RunParentPaused | RunParentResumed | None:
    """What the newest pause of a parent says in its children; None where they need not know."""
    passed = [one for one in parent.pauses if one.paused.body.scope in PASSED_DOWN]
    if not passed:
        return None
    last = passed[-1]
    said = last.paused.body if last.resumed is None else last.resumed.body
    kind = RunParentPaused if isinstance(said, RunPaused) else RunParentResumed
    return kind(
        parent_run_id=parent.run_id,
        principal=said.principal,
        reason=said.reason,
        number=last.paused.body.number,
    )


def is_news(child: Run, stands: RunParentPaused | RunParentResumed) -> bool:
    """Whether a child that is at work does not know yet how its parent stands."""
    if child.submitted is None or child.end is not None:
        # Nothing may lie under an id that is not submitted yet: its submission is a create.
        return False
    return child.parent_standing is None or child.parent_standing.body != stands


def _waits_before_end(child: Run) -> Iterator[Wait]:
    """What is asked of a run that is over, about a call of it, keeps nobody waiting."""
    over_at = None if child.end is None else child.end.sequence
    for began, reason, ended in _waits(child):
        if over_at is None:
            yield began, reason, ended
        elif began.sequence < over_at:
            is_cut_short = ended is None or ended.sequence > over_at
            yield began, reason, None if is_cut_short else ended


def _waits(child: Run) -> Iterator[Wait]:
    """Each standstill of a run."""
    for review in child.reviews:
        asked = review.requested
        reason = f"run {child.run_id} asks a person about {asked.body.tool}"
        yield asked, reason, review.decided
    for pause in child.pauses:
        said = pause.paused
        if said.body.scope in PASSED_UP:
            reason = f"run {child.run_id} is paused by {said.body.principal}"
            yield said, reason, pause.resumed
    for wait in child.child_waits:
        yield wait.began, wait.began.body.reason, end_of(child, wait)


def _went_on(child: Run, ended: Fact[Body]) -> RunChildWentOn:
    until = ended.body.until if isinstance(ended.body, RunChildWentOn) else ended.time
    return RunChildWentOn(child_run_id=child.run_id, because=ended.id, until=until)
