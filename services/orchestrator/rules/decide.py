"""The whole of a run, from the top: what is missing, given everything that was said.

`decide` is level-triggered: it looks at the run as it is, never at the event that woke it, so that
a repeated, late or lost wake-up changes nothing.
"""

from datetime import datetime

from contracts.envelope import Fact
from contracts.guardrail import AnswerBlocked, AnswerCleared, TaskBlocked, TaskCleared
from contracts.history import Run, Step, told
from contracts.model import ModelFailed, ModelResponded
from contracts.money import ModelUnfunded
from contracts.run import AnswerProposed, FailureRule, RunCompleted, RunFailed
from contracts.shape import Body, sha256_hex
from contracts.task import TaskConflicted

from .afterwards import late_unknowns
from .calls import advance_call, advance_calls
from .children import handed_over
from .context import after_summary, next_step
from .control import called_off, orders_for, standstill, while_paused
from .inputs import (
    BEFORE_ANSWER,
    URGENT,
    goes_on,
    has_room,
    is_busy,
    is_interrupted,
    refuse_inputs,
    take_inputs,
)
from .moves import NO_KIN, Book, Kin, Move, Say
from .overdue import overdue_calls
from .replies import stray_answers
from .retrying import due_attempt
from .revoking import call_off, is_begun, revocations, revoke_attempts
from .start import start
from .timing import deadline, step_overdue_at
from .versions import foreign_rules


def decide(run: Run, now: datetime, book: Book, kin: Kin = NO_KIN) -> tuple[Move, ...]:
    """The moves that the run needs now; none while it waits for others.

    Of a run that has ended, only what is owed to people: answers, and questions about outcomes.
    """
    conflicts = tuple(Say(run.root, _conflict(run, second)) for second in run.conflicts)
    if run.archived:
        return conflicts
    if run.end is not None:
        late = late_unknowns(run, now)
        return (*conflicts, *late, *stray_answers(run), *refuse_inputs(run))
    return (*conflicts, *refuse_inputs(run), *_advance(run, now, book, kin))


def _advance(run: Run, now: datetime, book: Book, kin: Kin) -> tuple[Move, ...]:
    orders = orders_for(run, book.orders)
    over = called_off(run, orders)
    if over is not None:
        return (*revocations(run), Say(run.root, over))
    match run.verdict.body if run.verdict is not None else None:
        case None:
            return ()
        case TaskBlocked() as blocked:
            return _fail(run, _blocked_rule(blocked), blocked.reason)
        case TaskCleared():
            if foreign_rules(run) is not None:
                return ()  # A replica of that version takes it.
            if (changed := standstill(run, orders)) is not None:
                return (changed,)
            moves = _run(run, now, book, kin)
            return moves if run.pause is None else while_paused(moves)


def _run(run: Run, now: datetime, book: Book, kin: Kin) -> tuple[Move, ...]:
    if run.started is None:
        return start(run, now, book, kin)
    return (*stray_answers(run), *_proceed(run, now))


def _proceed(run: Run, now: datetime) -> tuple[Move, ...]:
    ends = deadline(run)
    if ends is not None and now >= ends:
        return _fail(run, "deadline_passed", f"it was to end by {ends.isoformat()}")
    if run.answer is not None:
        return _finish(run)
    if run.step is None:
        return take_inputs(run, ("reject", *URGENT)) or next_step(run, now)
    taken = () if is_busy(run) else take_inputs(run, ("reject",))
    return taken or _advance_step(run, run.step, now)


def _finish(run: Run) -> tuple[Move, ...]:
    assert run.answer is not None, "only a run with an answer finishes"
    match run.answer.verdict.body if run.answer.verdict is not None else None:
        case None:
            return ()
        case AnswerCleared() as cleared:
            return (Say(run.root, RunCompleted(answer=cleared.text, steps=run.steps_taken)),)
        case AnswerBlocked() as blocked:
            return _fail(run, "answer_blocked", f"{blocked.rule}: {blocked.reason}")


def _advance_step(run: Run, step: Step, now: datetime) -> tuple[Move, ...]:
    match step.outcome.body if step.outcome is not None else None:
        case None:
            return _await_model(run, step, now)
        case _ if step.is_summary:
            return after_summary(run, step) or next_step(run, now)
        case ModelFailed() if is_interrupted(run) and _is_revoked(step):
            return take_inputs(run, URGENT) or next_step(run, now)
        case ModelFailed() as failed:
            return _fail(run, "model_failed", failed.failure.reason)
        case ModelResponded() if step.calls and is_interrupted(run):
            return _wind_up(run, step, now)
        case ModelResponded() as responded if step.calls:
            return _advance_calls(run, step, responded, now)
        case ModelResponded() as responded:
            return _propose(run, step, responded, now)


def _await_model(run: Run, step: Step, now: datetime) -> tuple[Move, ...]:
    verdict = step.last_attempt.verdict
    if verdict is not None and isinstance(verdict.body, ModelUnfunded):
        return _fail(run, "money_ceiling", verdict.body.reason)
    if now >= step_overdue_at(run, step):
        asked = step.requested.body
        reason = f"step {step.number} was to be answered by {asked.deadline.isoformat()}"
        return _fail(run, "step_deadline_passed", reason)
    if is_interrupted(run) and (step.last_attempt.claim is None or _is_revoked(step)):
        return revoke_attempts(step) or take_inputs(run, URGENT) or next_step(run, now)
    due = due_attempt(step, now)
    return () if due is None else (due,)


def _is_revoked(step: Step) -> bool:
    claim = step.last_attempt.claim
    return claim is not None and claim.body.state == "revoked"


def _wind_up(run: Run, step: Step, now: datetime) -> tuple[Move, ...]:
    """Calls that somebody has begun are seen through, the others called off; then it goes on."""
    begun = [call for call in step.calls if is_begun(call)]
    moves = [move for call in begun for move in advance_call(run, step, call, now)]
    moves += [move for call in step.calls if not is_begun(call) for move in call_off(call)]
    moves += overdue_calls(step, now)
    if moves or any(told(call) is None for call in begun):
        return tuple(moves)
    return take_inputs(run, URGENT) or next_step(run, now)


def _propose(run: Run, step: Step, responded: ModelResponded, now: datetime) -> tuple[Move, ...]:
    """The answer of the model; or another step, if there is more to answer."""
    match responded.stop.kind:
        case "refused":
            return _fail(run, "model_refused", responded.text or "the model refused")
        case "ok" | "truncated" | "needs_tools" if responded.text:
            return _answer(run, step, responded.text, now)
        case stopped:
            raw = responded.stop.raw
            return _fail(run, "model_failed", f"it stopped with nothing to say ({stopped}, {raw})")


def _answer(run: Run, step: Step, text: str, now: datetime) -> tuple[Move, ...]:
    assert step.outcome is not None, "a proposal follows a response"
    if has_room(run) and (taken := take_inputs(run, BEFORE_ANSWER)):
        return taken
    if goes_on(run):
        return next_step(run, now)
    return (Say(step.outcome.id, AnswerProposed(step=step.number, text=text)),)


def _advance_calls(
    run: Run, step: Step, responded: ModelResponded, now: datetime
) -> tuple[Move, ...]:
    moves = advance_calls(run, step, now)
    moves += overdue_calls(step, now)
    if moves or any(told(call) is None for call in step.calls):
        return moves
    if (handed := handed_over(run, step)) is not None:
        return _answer(run, step, handed, now)
    assert run.started is not None, "a step belongs to a started run"
    ceiling = run.started.body.limits.steps
    if run.steps_taken >= ceiling:
        wanted = ", ".join(call.name for call in responded.tool_calls)
        return _fail(run, "step_ceiling", f"{ceiling} steps are used up; it last called {wanted}")
    return next_step(run, now)


def _fail(run: Run, rule: FailureRule, reason: str) -> tuple[Move, ...]:
    failed = RunFailed(rule=rule, reason=reason, steps=run.steps_taken)
    return (*revocations(run), Say(run.root, failed))


def _blocked_rule(blocked: TaskBlocked) -> FailureRule:
    return "unknown_agent" if blocked.rule == "unknown_agent" else "task_blocked"


def _conflict(run: Run, second: Fact[Body]) -> TaskConflicted:
    return TaskConflicted(
        first_sha256=_first_sha256(run),
        second_sha256=sha256_hex(second.body.model_dump_json().encode()),
        second_sequence=second.sequence,
        reason="the run id was taken with another body; submit under a new one",
    )


def _first_sha256(run: Run) -> str:
    if run.submitted is not None:
        return sha256_hex(run.submitted.body.model_dump_json().encode())
    assert run.tombstone is not None, "a conflict has a first"
    return run.tombstone.body.task_sha256
