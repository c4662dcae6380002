"""When the facts of a run may leave the log: into a file, or for good.

A run is moved when nobody will ask the log for it any more: it has ended, nothing of it is under
way, its money is settled or booked as a liability, it was assessed, and no other run reads it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from contracts.history import Review, Run
from contracts.history.state import Attempt, Try
from contracts.money import ModelFunded, ToolFunded
from contracts.run import RunArchived


@dataclass(frozen=True, slots=True)
class Kin:
    """The other runs that still need it: they grew from it, are its children, or called it."""

    unarchived: tuple[str, ...] = ()
    open_parent: str | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """It may go."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """It stays, and why."""

    reason: str


Verdict: TypeAlias = Ready | NotYet
NO_KIN = Kin()


def may_archive(run: Run, kin: Kin, now: datetime, after: timedelta) -> Verdict:
    """Whether the facts of a run may be moved into a file, so long after its end."""
    verdict = may_erase(run)
    if isinstance(verdict, NotYet):
        return verdict
    assert run.end is not None, "an open run was refused"
    if now - (run.end.stored_at or run.end.time) < after:
        return NotYet(f"it ended less than {after} ago")
    if run.started is not None and run.started.body.agent.evaluators and run.evaluated is None:
        return NotYet("it has not been evaluated")
    if kin.unarchived:
        return NotYet(f"the log has runs that read it: {', '.join(kin.unarchived)}")
    if kin.open_parent is not None:
        return NotYet(f"the run that called it is open: {kin.open_parent}")
    return Ready()


def may_erase(run: Run) -> Verdict:
    """Whether the facts of a run may go for good: nobody acts on them, and nothing is open."""
    if run.submitted is None:
        return NotYet("the log has no task of it")
    if run.end is None:
        return NotYet("it is open; cancel it first")
    attempts = (_open_attempt(one) for step in run.steps for one in step.attempts)
    tries = (_open_try(one) for step in run.steps for call in step.calls for one in call.tries)
    questions = map(_open_question, run.open_reviews)
    reason = next((one for one in (*attempts, *tries, *questions) if one is not None), None)
    return Ready() if reason is None else NotYet(reason)


def is_erased(tombstone: RunArchived) -> bool:
    """Whether a tombstone stands for a run that was deleted, of which there is no file.

    It tells nothing of the task: the digest of a short text can be guessed.
    """
    return tombstone.task_sha256 == tombstone.archive_sha256


def _open_attempt(attempt: Attempt) -> str | None:
    """A hold is settled, released or a liability; without one, nobody may take one any more."""
    name = f"{attempt.request.body.step}-{attempt.number}"
    is_revoked = attempt.claim is not None and attempt.claim.body.state == "revoked"
    if attempt.verdict is None:
        return None if is_revoked else f"attempt {name} waits for its money"
    if isinstance(attempt.verdict.body, ModelFunded) and attempt.settled is None:
        return f"the hold of attempt {name} is open"
    return None


def _open_try(one: Try) -> str | None:
    claimed = one.claim is not None and one.claim.body.state == "claimed"
    if claimed and one.outcome is None:
        return f"nobody knows what became of call {one.request.body.call}"
    if one.funding is not None and isinstance(one.funding.body, ToolFunded) and one.settled is None:
        return f"the hold of call {one.request.body.call} is open"
    return None


def _open_question(review: Review) -> str:
    asked = review.requested.body
    return f"nobody has answered review {asked.review_id}: what became of its call"
