"""One tool call: asked for, cleared, perhaps reviewed, perhaps attempted again."""

from datetime import datetime

from contracts.guardrail import ToolBlocked, ToolEscalated
from contracts.history import Call, Run, Step, Try, labels, pinned, told
from contracts.history.doubt import is_in_doubt
from contracts.history.lineage import is_shadow
from contracts.history.waiting import waited
from contracts.review import EscalationStep, ReviewDecided, ReviewRequested
from contracts.shape import later, sha256_hex
from contracts.tool import ToolCallsRefused, ToolFailed, ToolRequested, ToolUnknown

from .moves import Move, Say
from .retrying import attempted_again_at
from .reviews import advance_review

# By then somebody should have looked. The question stays open, and the run waits.
OUTCOME_REVIEW_SECONDS = 24 * 3600
OUTCOME_ROLES = ("operator",)


def advance_calls(run: Run, step: Step, now: datetime) -> tuple[Move, ...]:
    """What the calls of a response need now; those beyond the limit of its agent are not made."""
    assert run.started is not None, "calls belong to a started run"
    most = run.started.body.agent.limits.parallel_calls
    moves = [
        move
        for call in step.calls
        if call.index <= most or call.last is not None
        for move in advance_call(run, step, call, now)
    ]
    beyond = [call for call in step.calls[most:] if call.last is None and call.refused is None]
    if beyond:
        assert step.outcome is not None, "a call comes from a response"
        moves.append(Say(step.outcome.id, _refused(step, most, len(beyond))))
    return tuple(moves)


def advance_call(run: Run, step: Step, call: Call, now: datetime) -> tuple[Move, ...]:
    """What this call needs now; nothing while others work on it, or once it is told."""
    last = call.last
    if last is None:
        assert step.outcome is not None, "a call comes from a response"
        return (Say(step.outcome.id, _request(run, step, call)),)
    if last.review is not None:
        return _after_review(run, step, call, last, now)
    if told(call) is not None:
        return ()
    if last.verdict is not None and isinstance(last.verdict.body, ToolEscalated):
        if is_shadow(run):
            # The gate blocks such calls. An older one may not know that nobody is to be asked.
            return () if last.outcome is not None else (Say(last.verdict.id, _unasked(last)),)
        return (Say(last.verdict.id, _may_it_run(last, last.verdict.body, now)),)
    if last.outcome is not None and isinstance(last.outcome.body, ToolUnknown):
        return _after_unknown(run, step, call, last.outcome.id, now)
    return _still_in_doubt(call, last)


def _after_review(run: Run, step: Step, call: Call, last: Try, now: datetime) -> tuple[Move, ...]:
    review = last.review
    assert review is not None, "asked for after a review"
    asked_outcome = review.requested.body.about == "outcome"
    settled = asked_outcome and call.result is not None
    moves = advance_review(run, review, now, withdrawn=settled)
    decided = review.decided
    if moves or decided is None or asked_outcome or not _lets_run(decided.body):
        return moves
    # What was asked about runs; where people wrote other arguments, those do.
    arguments = decided.body.arguments_json or review.requested.body.arguments_json
    return (Say(decided.id, _request(run, step, call, arguments, decided.id)),)


def _lets_run(decided: ReviewDecided) -> bool:
    return decided.outcome in ("approved", "edited")


def _still_in_doubt(call: Call, last: Try) -> tuple[Say, ...]:
    """What a gate says of an attempt tells nothing of the one before, which may have acted."""
    blocked = last.verdict.body if last.verdict is not None else None
    if not isinstance(blocked, ToolBlocked) or last.outcome is not None or not is_in_doubt(call):
        return ()
    assert last.verdict is not None, "a block is a verdict"
    asked = last.request.body
    reason = f"it was refused ({blocked.rule}: {blocked.reason}); nobody knows what its earlier"
    reason += " attempt did"
    unknown = ToolUnknown(call=asked.call, attempt=asked.attempt, reason=reason)
    return (Say(last.verdict.id, unknown),)


def _after_unknown(
    run: Run, step: Step, call: Call, unknown_id: str, now: datetime
) -> tuple[Say, ...]:
    """An idempotent tool is attempted again under its key, in a while; else a person is asked."""
    assert call.last is not None, "an unknown outcome has a try"
    again_at = attempted_again_at(run, call)
    if again_at is None:
        return (Say(unknown_id, did_it_happen(call.last, now)),)
    if now < again_at:
        return ()
    before = call.last.request.body
    again = _request(run, step, call, before.arguments_json, before.approval_id)
    return (Say(unknown_id, again),)


def did_it_happen(last: Try, now: datetime) -> ReviewRequested:
    """The question about a call that was started, and of which nobody can tell more."""
    asked = last.request.body
    return ReviewRequested(
        review_id=f"{asked.call}-{asked.attempt}",
        about="outcome",
        call=asked.call,
        attempt=asked.attempt,
        tool=asked.tool,
        arguments_json=asked.arguments_json,
        arguments_sha256=asked.arguments_sha256,
        roles=OUTCOME_ROLES,
        reason="Nobody can tell whether this call took effect. Approve if it did, reject if not.",
        expires_at=later(now, OUTCOME_REVIEW_SECONDS),
    )


def _request(
    run: Run,
    step: Step,
    call: Call,
    arguments_json: str | None = None,
    approval_id: str | None = None,
) -> ToolRequested:
    """The next attempt; with the model's own arguments where no others are given."""
    assert run.started is not None, "calls belong to a started run"
    manifest = pinned(run, call.part.name)
    arguments = call.part.arguments_json if arguments_json is None else arguments_json
    return ToolRequested(
        step=step.number,
        index=call.index,
        attempt=len(call.tries) + 1,
        call_id=call.part.call_id,
        tool=call.part.name,
        manifest_sha256=manifest.sha256 if manifest is not None else None,
        arguments_json=arguments,
        arguments_sha256=sha256_hex(arguments.encode()),
        labels=labels(run, step.number),
        approval_id=approval_id,
        deadline=run.started.body.deadline + waited(run),
    )


def _refused(step: Step, most: int, beyond: int) -> ToolCallsRefused:
    reason = (
        f"the response asked for {len(step.calls)} calls at once, and may for {most}; ask again "
        "for those that are still needed, fewer at a time"
    )
    return ToolCallsRefused(step=step.number, after=most, calls=beyond, reason=reason)


def _unasked(last: Try) -> ToolFailed:
    asked = last.request.body
    reason = "a person would be asked, and nobody is in a shadow run"
    return ToolFailed(call=asked.call, attempt=asked.attempt, kind="refused", reason=reason)


def _may_it_run(last: Try, escalated: ToolEscalated, now: datetime) -> ReviewRequested:
    asked = last.request.body
    return ReviewRequested(
        review_id=f"{asked.call}-{asked.attempt}",
        about="call",
        call=asked.call,
        attempt=asked.attempt,
        tool=asked.tool,
        arguments_json=asked.arguments_json,
        arguments_sha256=asked.arguments_sha256,
        roles=escalated.roles,
        reason=escalated.reason,
        expires_at=later(now, escalated.expires_seconds),
        default=escalated.default,
        quorum=escalated.quorum,
        escalations=tuple(
            EscalationStep(at=later(now, step.after_seconds), roles=step.roles)
            for step in escalated.escalate
        ),
    )
