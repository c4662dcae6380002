"""What a run took: time, people, and how often a gate said no."""

from collections.abc import Iterator

from ..guardrail import (
    AnswerBlocked,
    InputBlocked,
    ResultBlocked,
    TaskBlocked,
    ToolBlocked,
    ToolEscalated,
    Verdict,
)
from ..shape import Body
from .state import Run
from .waiting import waited

# How the gate of a shadow says that a person would be asked, or was taken to have answered.
ASKED = frozenset({"would_ask", "assumed_approval", "replayed_approval"})
_REFUSALS = (AnswerBlocked, InputBlocked, ResultBlocked, TaskBlocked, ToolBlocked)


def seconds_of(run: Run) -> float | None:
    """From submission to end, waits for people left out; None while it goes on."""
    if run.submitted is None or run.end is None:
        return None
    begun = run.submitted.stored_at or run.submitted.time
    ended = run.end.stored_at or run.end.time
    return max((ended - begun - waited(run)).total_seconds(), 0.0)


def approvals_of(run: Run) -> int:
    """How often a person was asked; in a shadow, would have been."""
    return len(run.reviews) + sum(_rule(one) in ASKED for one in _verdicts(run))


def refusals_of(run: Run) -> int:
    """How often a gate refused something, but for what a person would have been asked."""
    return sum(isinstance(one, _REFUSALS) and _rule(one) not in ASKED for one in _verdicts(run))


def redactions_of(run: Run) -> int:
    """How often a gate took something out of what it let through."""
    verdicts = (one for one in _verdicts(run) if isinstance(one, Verdict))
    return sum(any(seen.severity == "redact" for seen in one.findings) for one in verdicts)


def escalations_of(run: Run) -> int:
    """How often a gate left a call to a person."""
    return sum(isinstance(one, ToolEscalated) for one in _verdicts(run))


def children_of(run: Run) -> tuple[str, ...]:
    """The runs that answered calls of this one, whatever became of them."""
    tries = (each for step in run.steps for call in step.calls for each in call.tries)
    found = (one.claim.body.child_run_id for one in tries if one.claim is not None)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def unsettled_of(run: Run) -> int:
    """How many model calls were made whose bill is not told yet."""
    attempts = (one for step in run.steps for one in step.attempts)
    return sum(one.claim is not None and one.settled is None for one in attempts)


def _verdicts(run: Run) -> Iterator[Body]:
    for fact in (run.verdict, run.answer.verdict if run.answer is not None else None):
        if fact is not None:
            yield fact.body
    yield from (one.verdict.body for one in run.inputs if one.verdict is not None)
    for step in run.steps:
        for call in step.calls:
            yield from (each.verdict.body for each in call.tries if each.verdict is not None)
            if call.result is not None:
                yield call.result.body


def _rule(verdict: Body) -> str:
    return str(getattr(verdict, "rule", ""))
