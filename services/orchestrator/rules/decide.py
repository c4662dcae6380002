"""The whole of a run, from the top: what is missing, given everything that was said.

`decide` is level-triggered: it looks at the run as it is, never at the event that woke it, so that
a repeated, late or lost wake-up changes nothing.
"""

from datetime import datetime
from typing import cast

from contracts.envelope import Fact
from contracts.guardrail import AnswerBlocked, AnswerCleared, TaskBlocked, TaskCleared, ToolCleared
from contracts.history import Run, Step, told
from contracts.model import ModelClaimed, ModelFailed, ModelResponded
from contracts.money import ModelFunded, ModelUnfunded
from contracts.run import (
    DECIDE_VERSION,
    FOLD_VERSION,
    AnswerProposed,
    FailureRule,
    RunCancelled,
    RunCompleted,
    RunFailed,
)
from contracts.shape import Body, sha256_hex
from contracts.task import TaskConflicted
from contracts.tool import ToolClaimed

from .calls import advance_call
from .moves import Book, Move, Revoke, Say
from .start import next_step, start
from .timing import deadline

REVOKED = "revoked"


def decide(run: Run, now: datetime, book: Book) -> tuple[Move, ...]:
    """The moves that the run needs now; none while it waits for others, or has ended."""
    conflicts = tuple(Say(run.root, _conflict(run, second)) for second in run.conflicts)
    if run.end is not None or run.archived:
        return conflicts
    return conflicts + _advance(run, now, book)


def _advance(run: Run, now: datetime, book: Book) -> tuple[Move, ...]:
    if run.cancel is not None:
        asked = run.cancel.body
        cancelled = RunCancelled(
            principal=asked.principal, reason=asked.reason, steps=len(run.steps)
        )
        return (*_revocations(run), Say(run.root, cancelled))
    match run.verdict.body if run.verdict is not None else None:
        case None:
            return ()
        case TaskBlocked() as blocked:
            return _fail(run, _blocked_rule(blocked), blocked.reason)
        case TaskCleared():
            return _run(run, now, book)


def _run(run: Run, now: datetime, book: Book) -> tuple[Move, ...]:
    if run.started is None:
        return start(run, book)
    started = run.started.body
    if (started.fold_version, started.decide_version) != (FOLD_VERSION, DECIDE_VERSION):
        return ()  # A replica of that version takes it.
    ends = deadline(run)
    if ends is not None and now >= ends:
        return _fail(run, "deadline_passed", f"it was to end by {ends.isoformat()}")
    if run.answer is not None:
        return _finish(run)
    if run.step is None:
        return (next_step(run),)
    return _advance_step(run, run.step, now)


def _finish(run: Run) -> tuple[Move, ...]:
    assert run.answer is not None, "only a run with an answer finishes"
    match run.answer.verdict.body if run.answer.verdict is not None else None:
        case None:
            return ()
        case AnswerCleared() as cleared:
            return (Say(run.root, RunCompleted(answer=cleared.text, steps=len(run.steps))),)
        case AnswerBlocked() as blocked:
            return _fail(run, "answer_blocked", f"{blocked.rule}: {blocked.reason}")


def _advance_step(run: Run, step: Step, now: datetime) -> tuple[Move, ...]:
    match step.outcome.body if step.outcome is not None else None:
        case None:
            return _await_model(run, step)
        case ModelFailed() as failed:
            return _fail(run, "model_failed", failed.failure.reason)
        case ModelResponded() as responded if step.calls:
            return _advance_calls(run, step, responded, now)
        case ModelResponded() as responded:
            return _propose(run, step, responded)


def _await_model(run: Run, step: Step) -> tuple[Move, ...]:
    verdict = step.last_attempt.verdict
    if verdict is not None and isinstance(verdict.body, ModelUnfunded):
        return _fail(run, "money_ceiling", verdict.body.reason)
    return ()


def _propose(run: Run, step: Step, responded: ModelResponded) -> tuple[Move, ...]:
    assert step.outcome is not None, "a proposal follows a response"
    match responded.stop.kind:
        case "refused":
            return _fail(run, "model_refused", responded.text or "the model refused")
        case "ok" | "truncated" | "needs_tools" if responded.text:
            return (Say(step.outcome.id, AnswerProposed(step=step.number, text=responded.text)),)
        case stopped:
            raw = responded.stop.raw
            return _fail(run, "model_failed", f"it stopped with nothing to say ({stopped}, {raw})")


def _advance_calls(
    run: Run, step: Step, responded: ModelResponded, now: datetime
) -> tuple[Move, ...]:
    moves = tuple(move for call in step.calls for move in advance_call(run, step, call, now))
    if moves or any(told(call) is None for call in step.calls):
        return moves
    assert run.started is not None, "a step belongs to a started run"
    ceiling = run.started.body.limits.steps
    if step.number >= ceiling:
        wanted = ", ".join(call.name for call in responded.tool_calls)
        return _fail(run, "step_ceiling", f"{ceiling} steps are used up; it last called {wanted}")
    return (next_step(run),)


def _fail(run: Run, rule: FailureRule, reason: str) -> tuple[Move, ...]:
    failed = RunFailed(rule=rule, reason=reason, steps=len(run.steps))
    return (*_revocations(run), Say(run.root, failed))


def _blocked_rule(blocked: TaskBlocked) -> FailureRule:
    return "unknown_agent" if blocked.rule == "unknown_agent" else "task_blocked"


def _conflict(run: Run, second: Fact[Body]) -> TaskConflicted:
    assert run.submitted is not None, "a conflict has a first"
    return TaskConflicted(
        first_sha256=sha256_hex(run.submitted.body.model_dump_json().encode()),
        second_sha256=sha256_hex(second.body.model_dump_json().encode()),
        second_sequence=second.sequence,
        reason="the run id was taken with another body; submit under a new one",
    )


def _revocations(run: Run) -> tuple[Revoke, ...]:
    """Whatever is permitted and not yet claimed. What is claimed finishes, and is settled."""
    return (*_model_revocations(run), *_tool_revocations(run))


def _model_revocations(run: Run) -> tuple[Revoke, ...]:
    if run.step is None or run.step.outcome is not None:
        return ()
    return tuple(
        Revoke(
            attempt.verdict,
            ModelClaimed(
                step=run.step.number, attempt=attempt.number, nonce=REVOKED, state="revoked"
            ),
        )
        for attempt in run.step.attempts
        if attempt.claim is None
        and attempt.verdict is not None
        and isinstance(attempt.verdict.body, ModelFunded)
    )


def _tool_revocations(run: Run) -> tuple[Revoke, ...]:
    lasts = (call.last for call in run.step.calls) if run.step is not None else ()
    return tuple(
        Revoke(
            cast("Fact[ToolCleared]", last.verdict),
            ToolClaimed(
                call=last.request.body.call,
                attempt=last.request.body.attempt,
                nonce=REVOKED,
                state="revoked",
            ),
        )
        for last in lasts
        if last is not None
        and last.claim is None
        and last.verdict is not None
        and isinstance(last.verdict.body, ToolCleared)
    )
