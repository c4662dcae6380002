"""The fold: from facts in log order to a run.

A fact is placed by its cause: the fold keeps, for every fact it has taken, the part of the run
that answers to it belong to. A fact whose id is known, or whose cause is not, changes nothing.
Of alternatives to one cause the first in log order stands. The fold reads no clock.
"""

from collections.abc import Iterable
from typing import cast

from ..envelope import Fact
from ..evaluation import RunEvaluated, RunLabelled
from ..guardrail import (
    AnswerBlocked,
    AnswerCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
    ToolBlocked,
    ToolCleared,
    ToolEscalated,
)
from ..model import (
    ModelAttemptDue,
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelRequested,
    ModelResponded,
)
from ..money import ModelFunded, ModelUnfunded, MoneySettled, ToolFunded, ToolUnfunded
from ..review import ReviewAnswered, ReviewAnswerRefused, ReviewRequested
from ..run import (
    AnswerProposed,
    ContextCompacted,
    RunArchived,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunStarted,
)
from ..shape import Body, sha256_hex
from ..task import TaskConflicted, TaskSubmitted
from ..tool import (
    ToolCallsRefused,
    ToolClaimed,
    ToolFailed,
    ToolRequested,
    ToolSucceeded,
    ToolUnknown,
)
from .control import CONTROL, take_control
from .conversation import freeze
from .reviewing import open_review, take_reply, take_review
from .state import Answer, Attempt, Call, Review, Run, RunEnd, Step, ToolOutcome, ToolVerdict, Try

# The ends of a run, and what is said of one that is over.
_END = (RunCompleted, RunFailed, RunCancelled, RunEvaluated, RunLabelled, RunArchived)


def fold(facts: Iterable[Fact[Body]], onto: Run | None = None) -> Run:
    """Advance a run by facts in log order; a new run where none is given.

    Raises:
        ValueError: no run is given and there are no facts to make one of.
    """
    run = onto
    for fact in facts:
        if run is None:
            run = Run(fact.tenant, fact.run_id, first_sequence=fact.sequence)
        if fact.sequence > run.last_sequence:
            run.last_sequence = fact.sequence
            _take(run, fact)
    if run is None:
        raise ValueError("no facts, and no run to fold them onto")
    return run


def _take(run: Run, fact: Fact[Body]) -> None:
    if fact.id in run.seen:
        _note_conflict(run, fact)
        return
    run.seen.add(fact.id)
    match fact.body:
        case MoneySettled():
            _settle(run, cast("Fact[MoneySettled]", fact))
        case TaskSubmitted() | TaskCleared() | TaskBlocked() | TaskConflicted():
            _take_task(run, fact)
        case RunQueued() | RunStarted():
            _take_start(run, fact)
        case _ if isinstance(fact.body, _END):
            _take_end(run, fact)
        case ModelRequested():
            _open_step(run, cast("Fact[ModelRequested]", fact))
        case ContextCompacted():
            run.compactions.append(cast("Fact[ContextCompacted]", fact))
        case ReviewAnswered() | ReviewAnswerRefused():
            take_reply(run, fact)
        case _ if isinstance(fact.body, CONTROL):
            take_control(run, fact)
        case _:
            _take_part(run, fact)


def _note_conflict(run: Run, fact: Fact[Body]) -> None:
    if isinstance(fact.body, TaskSubmitted) and _is_another(run, fact.body):
        run.conflicts.append(cast("Fact[TaskSubmitted]", fact))


def _is_another(run: Run, task: TaskSubmitted) -> bool:
    """Whether the id was taken by another task; of an archived run, its tombstone tells."""
    if run.submitted is not None:
        return task != run.submitted.body
    sha256 = sha256_hex(task.model_dump_json().encode())
    return run.tombstone is not None and sha256 != run.tombstone.body.task_sha256


def _take_task(run: Run, fact: Fact[Body]) -> None:
    match fact.body:
        case TaskSubmitted() if run.archived:
            _note_conflict(run, fact)
        case TaskSubmitted():
            run.submitted = cast("Fact[TaskSubmitted]", fact)
        case TaskCleared() | TaskBlocked() if fact.cause_id == run.root:
            run.verdict = cast("Fact[TaskCleared]", fact)
        case TaskConflicted() as told:
            run.conflicts = [one for one in run.conflicts if one.sequence != told.second_sequence]


def _take_start(run: Run, fact: Fact[Body]) -> None:
    if run.verdict is None or not _starts(run.verdict, fact):
        return
    if isinstance(fact.body, RunStarted):
        run.started = cast("Fact[RunStarted]", fact)
    else:
        run.queued = cast("Fact[RunQueued]", fact)


def _starts(verdict: Fact[TaskCleared] | Fact[TaskBlocked], fact: Fact[Body]) -> bool:
    """A blocked task shares its id with the clearance that it beat, so the id is not enough."""
    return isinstance(verdict.body, TaskCleared) and fact.cause_id == verdict.id


def _take_end(run: Run, fact: Fact[Body]) -> None:
    match fact.body:
        case RunEvaluated():
            run.evaluated = cast("Fact[RunEvaluated]", fact)
        case RunLabelled() if run.evaluated is not None and fact.cause_id == run.evaluated.id:
            run.labels.append(cast("Fact[RunLabelled]", fact))
        case RunLabelled():
            pass  # of nothing that was scored
        case RunArchived() if run.end is not None or run.submitted is None:
            # Of an open run it would be no tombstone.
            run.archived, run.tombstone = True, cast("Fact[RunArchived]", fact)
        case _ if run.end is None and fact.cause_id == run.root:
            run.end = cast("Fact[RunEnd]", fact)


def _open_step(run: Run, fact: Fact[ModelRequested]) -> None:
    if run.started is None or fact.body.step != len(run.steps) + 1:
        return
    if run.step is not None:
        # Late evidence may still come, but what this step was built on does not change any more.
        freeze(run.step)
    step = Step(fact.body.step, fact)
    run.steps.append(step)
    _open_attempt(run, step, Attempt(1, fact))


def _open_attempt(run: Run, step: Step, attempt: Attempt) -> None:
    step.attempts.append(attempt)
    run.places[attempt.request.id] = attempt


def _settle(run: Run, fact: Fact[MoneySettled]) -> None:
    """A liability may still turn into a bill; a bill is final. No attempt, no money."""
    attempt = _paid(run, fact.body)
    if attempt is None:
        return
    before = attempt.settled.body if attempt.settled is not None else None
    if before is None or before.state == "liability":
        run.cost_micro_usd += fact.body.cost_micro_usd - (before.cost_micro_usd if before else 0)
        attempt.settled = fact


def _paid(run: Run, settled: MoneySettled) -> Attempt | Try | None:
    """What a hold was taken for: an attempt at a model call, or at the call of a tool."""
    if settled.call is None:
        return run.attempt(settled.step, settled.attempt)
    call = run.call(settled.call)
    tries = call.tries if call is not None else []
    return tries[settled.attempt - 1] if 1 <= settled.attempt <= len(tries) else None


def _take_part(run: Run, fact: Fact[Body]) -> None:
    """A fact below a step: its cause names the part that it belongs to."""
    place = run.places.get(fact.cause_id)
    match place, fact.body:
        case Attempt(), _:
            _take_attempt(run, place, fact)
        case Step() as step, ToolRequested() as asked:
            _open_try(run, step.calls, asked, fact)
        case Step() as step, ToolCallsRefused():
            _refuse_calls(step, cast("Fact[ToolCallsRefused]", fact))
        case Call() as call, ToolRequested() as asked:
            _open_try(run, [call], asked, fact)
        case Call() as call, ResultCleared() | ResultBlocked() if call.result is None:
            call.result = cast("Fact[ResultCleared]", fact)
        case Step() as step, AnswerProposed() if step is run.step and run.answer is None:
            run.answer = Answer(cast("Fact[AnswerProposed]", fact))
            run.places[fact.id] = run.answer
        case Answer() as answer, AnswerCleared() | AnswerBlocked() if answer.verdict is None:
            answer.verdict = cast("Fact[AnswerCleared]", fact)
        case Try(), _:
            _take_try(run, place, fact)
        case Review() as review, _:
            take_review(run, review, fact)


def _take_attempt(run: Run, attempt: Attempt, fact: Fact[Body]) -> None:
    step = run.steps[attempt.request.body.step - 1]
    match fact.body:
        case ModelFunded() | ModelUnfunded() if attempt.verdict is None:
            attempt.verdict = cast("Fact[ModelFunded]", fact)
            run.places[fact.id] = attempt
        case ModelClaimed() if attempt.claim is None:
            attempt.claim = cast("Fact[ModelClaimed]", fact)
        case ModelAttemptDue() if attempt.due is None:
            attempt.due = cast("Fact[ModelAttemptDue]", fact)
        case ModelAttemptRequested() as again if again.attempt == len(step.attempts) + 1:
            asked = cast("Fact[ModelAttemptRequested]", fact)
            _open_attempt(run, step, Attempt(again.attempt, asked))
        case ModelResponded() as responded if step.outcome is None:
            step.outcome = cast("Fact[ModelResponded]", fact)
            step.calls = [
                Call(f"{step.number}-{index}", index, part)
                for index, part in enumerate(responded.tool_calls, start=1)
            ]
            run.places[fact.id] = step
        case ModelFailed() if step.outcome is None:
            step.outcome = cast("Fact[ModelFailed]", fact)


def _open_try(run: Run, calls: list[Call], asked: ToolRequested, fact: Fact[Body]) -> None:
    call = next((one for one in calls if one.index == asked.index), None)
    if call is None or call.refused is not None or asked.attempt != len(call.tries) + 1:
        return
    opened = Try(cast("Fact[ToolRequested]", fact))
    call.tries.append(opened)
    run.places[fact.id] = opened


def _refuse_calls(step: Step, fact: Fact[ToolCallsRefused]) -> None:
    for call in step.calls[fact.body.after :]:
        if call.last is None and call.refused is None:
            call.refused = fact


def _take_try(run: Run, each: Try, fact: Fact[Body]) -> None:
    call = run.call(each.request.body.call)
    assert call is not None, "a try lives in a call"
    match fact.body:
        case ToolCleared() | ToolBlocked() | ToolEscalated() if each.verdict is None:
            each.verdict = cast("Fact[ToolVerdict]", fact)
            run.places[fact.id] = each
        case ToolFunded() | ToolUnfunded() if each.funding is None:
            each.funding = cast("Fact[ToolFunded]", fact)
        case ToolClaimed() if each.claim is None:
            each.claim = cast("Fact[ToolClaimed]", fact)
        case ToolSucceeded() | ToolFailed() if _is_open(each):
            each.outcome = cast("Fact[ToolOutcome]", fact)
            run.places[fact.id] = call
        case ToolUnknown() if each.outcome is None:
            each.outcome = cast("Fact[ToolOutcome]", fact)
            run.places[fact.id] = each
        case ToolRequested() as asked:
            _open_try(run, [call], asked, fact)
        case ReviewRequested() if each.review is None:
            each.review = open_review(run, cast("Fact[ReviewRequested]", fact))
            run.places[fact.id] = each.review


def _is_open(each: Try) -> bool:
    """Late evidence settles an unknown outcome."""
    return each.outcome is None or isinstance(each.outcome.body, ToolUnknown)
