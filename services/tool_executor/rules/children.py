"""A call that another agent answers, as a run of its own: the task to submit for it.

Nothing is run here. The call is claimed in the name of the child, and the child's task is created
under that name: doing either again changes nothing, so that a redelivery does both again, and no
outcome of the call is ever unknown. The outcome is told by the orchestrator, when the child ends.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.history import Run, Try
from contracts.ids import child_run_id
from contracts.shape import MICRO
from contracts.task import INPUT_LIMIT_CHARACTERS, ParentCall, TaskLimits, TaskSubmitted
from contracts.tool import ToolFailed, ToolManifest, ToolRequested


@dataclass(frozen=True, slots=True)
class Submit:
    """Claim the call in the name of the child, unless that is `claimed`; then submit the task."""

    request: ToolRequested
    child_run_id: str
    task: TaskSubmitted
    start_before: datetime
    claimed: bool


def submission(
    run: Run, each: Try, manifest: ToolManifest, start_before: datetime
) -> Submit | ToolFailed:
    """The task that answers a call of an agent; or why there is none."""
    asked, claimed = each.request.body, each.claim is not None
    text = _input(asked.arguments_json)
    if text is None:
        return _failed(asked, "invalid_arguments", 'the arguments are {"input": "what to ask"}')
    budget_micro_usd = _budget(run, manifest, left_at_least=1 if claimed else 0)
    if budget_micro_usd <= 0:
        return _failed(asked, "refused", "the budget of the run is used up")
    steps = _steps(run, manifest)
    if steps <= 0 and not claimed:
        return _failed(asked, "refused", "the steps of the run are used up")
    name = child_run_id(run.run_id, asked.call, asked.attempt)
    limits = TaskLimits(budget_usd=Decimal(budget_micro_usd) / MICRO, steps=max(steps, 1))
    task = _task(run, asked, manifest, text, limits)
    return Submit(asked, name, task, start_before, claimed)


def answers_same_call(found: TaskSubmitted, ours: TaskSubmitted) -> bool:
    """Whether both tasks answer one call. What was left of the budget may have changed since."""
    return (found.parent, found.agent, found.input) == (ours.parent, ours.agent, ours.input)


def taken(submit: Submit) -> ToolFailed:
    """What is said where another task has the name of the child."""
    reason = f"the run id {submit.child_run_id} is taken by another task"
    return _failed(submit.request, "unavailable", reason)


def _task(
    run: Run, asked: ToolRequested, manifest: ToolManifest, text: str, limits: TaskLimits
) -> TaskSubmitted:
    assert run.submitted is not None, "only a submitted run makes calls"
    assert manifest.agent is not None, "the tool is an agent"
    own = run.submitted.body
    above = own.parent.depth if own.parent is not None else 0
    return TaskSubmitted(
        agent=manifest.agent,
        input=text,
        customer=own.customer,
        feature=own.feature,
        user=own.user,
        requester=own.requester,
        priority=own.priority,
        parent=ParentCall(
            run_id=run.run_id,
            call=asked.call,
            attempt=asked.attempt,
            depth=above + 1,
            deadline=asked.deadline,
        ),
        limits=limits,
    )


def _input(arguments_json: str) -> str | None:
    try:
        arguments = json.loads(arguments_json)
    except ValueError:
        return None
    if not isinstance(arguments, dict) or set(arguments) != {"input"}:
        return None
    text = arguments["input"]
    fits = isinstance(text, str) and 0 < len(text) <= INPUT_LIMIT_CHARACTERS
    return text if fits else None


def _budget(run: Run, manifest: ToolManifest, left_at_least: int) -> int:
    """What the author gave it, and no more than its parent has left.

    Calls of one step share what is left: the ledger holds each of them against the parent too.
    """
    assert run.started is not None, "only a started run makes calls"
    started = run.started.body
    left = max(started.limits.budget_micro_usd - run.cost_micro_usd, left_at_least)
    delegate = started.agent.agents.get(manifest.name)
    own = None if delegate is None or delegate.budget_usd is None else delegate.budget_usd
    return left if own is None else min(left, int(own * MICRO))


def _steps(run: Run, manifest: ToolManifest) -> int:
    """What its parent has left. A run that hands over takes no further step, and needs none."""
    assert run.started is not None, "only a started run makes calls"
    left = run.started.body.limits.steps - run.steps_taken
    return max(left, 1) if manifest.handoff else left


def _failed(asked: ToolRequested, kind: str, reason: str) -> ToolFailed:
    return ToolFailed.model_validate(
        {"call": asked.call, "attempt": asked.attempt, "kind": kind, "reason": reason}
    )
