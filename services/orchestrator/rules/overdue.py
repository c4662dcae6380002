"""Tool calls that went silent, and are given up.

The services that do the work report it themselves, and sooner. This is for a worker that dies with
every delivery, or is not there at all.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from contracts.envelope import Fact
from contracts.guardrail import ToolCleared
from contracts.history import Step, Try
from contracts.history.doubt import is_in_doubt
from contracts.shape import later
from contracts.tool import ToolClaimed, ToolFailed, ToolUnknown

from .moves import Move, Revoke, Say
from .timing import GRACE_SECONDS

OVERDUE = "overdue"


def overdue_calls(step: Step, now: datetime) -> tuple[Move, ...]:
    """What to do about calls of the step that went silent."""
    doubted = [call.last for call in step.calls if is_in_doubt(call)]
    overdue = (each for each in silent(step) if now >= overdue_at(each))
    return tuple(give_up(each, in_doubt=each in doubted) for each in overdue)


def silent(step: Step) -> Iterator[Try]:
    """Cleared calls of the step that have no outcome, other than those that another run answers."""
    for call in step.calls:
        last = call.last
        if last is None or last.outcome is not None or last.verdict is None:
            continue
        answered_by_run = last.claim is not None and last.claim.body.child_run_id is not None
        if isinstance(last.verdict.body, ToolCleared) and not answered_by_run:
            yield last


def overdue_at(each: Try) -> datetime:
    """When a cleared call without an outcome is given up."""
    assert each.verdict is not None, "only a cleared call is waited for"
    clearance = cast("ToolCleared", each.verdict.body)
    claim = each.claim.body if each.claim is not None else None
    if claim is None or claim.state == "revoked" or claim.start_before is None:
        return later(clearance.expires_at, GRACE_SECONDS)
    return later(claim.start_before, (claim.time_limit_seconds or 0.0) + GRACE_SECONDS)


def give_up(each: Try, *, in_doubt: bool = False) -> Move:
    """Unclaimed, it is revoked, and then has failed; claimed, nobody knows what it did.

    In doubt about an earlier attempt, nobody knows either way: told that it failed, a model would
    make a new call of it, with a key that no back end has seen.
    """
    cause = cast("Fact[ToolCleared]", each.verdict)
    asked = each.request.body
    if each.claim is None:
        revoked = ToolClaimed(
            call=asked.call, attempt=asked.attempt, nonce=OVERDUE, state="revoked"
        )
        return Revoke(cause, revoked)
    if each.claim.body.state == "revoked" and not in_doubt:
        failed = ToolFailed(
            call=asked.call,
            attempt=asked.attempt,
            kind="unavailable",
            reason="no worker started the call in time",
        )
        return Say(cause.id, failed)
    reason = "its worker claimed the call and fell silent"
    if each.claim.body.state == "revoked":
        reason = "it was not begun again, and nobody knows what its earlier attempt did"
    return Say(cause.id, ToolUnknown(call=asked.call, attempt=asked.attempt, reason=reason))
