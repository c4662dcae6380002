"""A call that another agent answers, as a run of its own: the task to submit for it.

Nothing is run here. The call is claimed in the name of the child, and the child's task is created
under that name: doing either again changes nothing, so that a redelivery does both again, and no
outcome of the call is ever unknown. The outcome is told by the orchestrator, when the child ends.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.history import Run, Try
from contracts.history.delegation import called_task, own_budget
from contracts.ids import child_run_id
from contracts.shape import MICRO
from contracts.task import TaskDelegated, TaskLimits, TaskSubmitted
from contracts.tool import ToolFailed, ToolManifest, ToolRequested


@dataclass(frozen=True, slots=True)
class Submit:
    """Claim the call in the name of the child, unless that is `claimed`; then submit the task."""

    request: ToolRequested
    child_run_id: str
    task: TaskDelegated
    start_before: datetime
    claimed: bool


def submission(
    run: Run, each: Try, manifest: ToolManifest, start_before: datetime
) -> Submit | ToolFailed:
    """The task that answers a call of an agent; or why there is none."""
    asked, claimed = each.request.body, each.claim is not None
    task = called_task(run, asked)
    if task is None:
        return _failed(asked, "invalid_arguments", 'the arguments are {"input": "what to ask"}')
    budget_micro_usd = _budget(run, manifest, left_at_least=1 if claimed else 0)
    if budget_micro_usd <= 0:
        return _failed(asked, "refused", "the budget of the run is used up")
    steps = _steps(run, manifest)
    if steps <= 0 and not claimed:
        return _failed(asked, "refused", "the steps of the run are used up")
    name = child_run_id(run.run_id, asked.call, asked.attempt)
    limits = TaskLimits(budget_usd=Decimal(budget_micro_usd) / MICRO, steps=max(steps, 1))
    carved = task.model_copy(update={"limits": limits})
    return Submit(asked, name, carved, start_before, claimed)


def answers_same_call(found: TaskSubmitted, ours: TaskSubmitted) -> bool:
    """Whether both tasks answer one call. What was left of the budget may have changed since."""
    return (found.parent, found.agent, found.input) == (ours.parent, ours.agent, ours.input)


def taken(submit: Submit) -> ToolFailed:
    """What is said where another task has the name of the child."""
    reason = f"the run id {submit.child_run_id} is taken by another task"
    return _failed(submit.request, "unavailable", reason)


def _budget(run: Run, manifest: ToolManifest, left_at_least: int) -> int:
    """What the author gave it, and no more than its parent has left.

    Calls of one step share what is left: the ledger holds each of them against the parent too.
    """
    assert run.started is not None, "only a started run makes calls"
    left = max(run.started.body.limits.budget_micro_usd - run.cost_micro_usd, left_at_least)
    own = own_budget(run, manifest.name)
    return left if own is None else min(left, own)


def _steps(run: Run, manifest: ToolManifest) -> int:
    """What its parent has left. A run that hands over takes no further step, and needs none."""
    assert run.started is not None, "only a started run makes calls"
    left = run.started.body.limits.steps - run.steps_taken
    return max(left, 1) if manifest.handoff else left


def _failed(asked: ToolRequested, kind: str, reason: str) -> ToolFailed:
    return ToolFailed.model_validate(
        {"call": asked.call, "attempt": asked.attempt, "kind": kind, "reason": reason}
    )
