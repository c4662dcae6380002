"""Retries that wait: a model call that was told when to come back, a tool call that backs off.

Nothing is said, funded or cleared for them before. A timer of the run fires when they are due.
"""

from collections.abc import Iterator
from datetime import datetime

from contracts.history import Call, Run, Step, pinned
from contracts.history.waiting import deferred_until
from contracts.model import ModelAttemptDue
from contracts.shape import later
from contracts.tool import ToolUnknown

from .moves import Say
from .timing import deadline

# An idempotent tool whose outcome is unknown may be attempted so often under one key.
TOOL_ATTEMPTS = 3
TOOL_BACKOFF_SECONDS = 1.0  # before the second attempt; twice that before the third


def due_attempt(step: Step, now: datetime) -> Say | None:
    """That the attempt which the step waits for may be funded now."""
    last = step.last_attempt
    until = deferred_until(last)
    if until is None or now < until or last.claim is not None:
        return None
    return Say(last.request.id, ModelAttemptDue(step=step.number, attempt=last.number))


def attempted_again_at(run: Run, call: Call) -> datetime | None:
    """When a tool call whose outcome is unknown is attempted again; None where a person is asked.

    Past the deadline of the run nobody would attempt it, and nobody would be asked.
    """
    last, manifest = call.last, pinned(run, call.part.name)
    if last is None or last.review is not None or last.outcome is None or manifest is None:
        return None
    unknown = isinstance(last.outcome.body, ToolUnknown)
    if not (unknown and manifest.idempotent) or len(call.tries) >= TOOL_ATTEMPTS:
        return None
    wait: float = TOOL_BACKOFF_SECONDS * 2 ** (len(call.tries) - 1)
    at, ends = later(last.outcome.time, wait), deadline(run)
    return at if ends is None or at < ends else None


def retry_moments(run: Run) -> Iterator[datetime]:
    """When the run must be looked at for what it attempts again."""
    step = run.step
    if run.end is not None or step is None:
        return
    if step.outcome is None and (until := deferred_until(step.last_attempt)) is not None:
        yield until
    for call in step.calls:
        if (at := attempted_again_at(run, call)) is not None:
            yield at
