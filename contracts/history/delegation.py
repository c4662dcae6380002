"""What the log of a run says of a call that another run answers: whether it was, and as what task.

The executor submits that task, and the gate holds what was submitted to it: whoever may submit
tasks for calls can submit none that no run made, and no other one than was cleared.
"""

import json

from ..agent import Delegate
from ..guardrail import ToolCleared
from ..shape import MICRO
from ..task import INPUT_LIMIT_CHARACTERS, ParentCall, TaskDelegated, TaskLimits
from ..tool import ToolRequested
from .pinned import pinned
from .planning import share
from .state import Run, Try


def claimed_try(child: Run, parent: Run | None) -> Try | None:
    """The latest try of the call that the child names, if it was claimed for this very child."""
    asked = child.submitted.body.parent if child.submitted is not None else None
    call = parent.call(asked.call) if parent is not None and asked is not None else None
    last = call.last if call is not None else None
    if asked is None or last is None or last.claim is None:
        return None
    claim = last.claim.body
    named = (claim.state, claim.attempt, claim.child_run_id)
    return last if named == ("claimed", asked.attempt, child.run_id) else None


def called_task(run: Run, asked: ToolRequested) -> TaskDelegated | None:
    """The task of a call, but for its limits; None where its arguments are none of an agent.

    The call is one of an agent: its tool has a pinned manifest that names that.
    """
    text, manifest = _input(asked.arguments_json), pinned(run, asked.tool)
    assert run.submitted is not None, "only a submitted run makes calls"
    assert manifest is not None, "an unknown tool is never cleared"
    assert manifest.agent is not None, "the tool is an agent"
    if text is None:
        return None
    own = run.submitted.body
    above = own.parent.depth if own.parent is not None else 0
    return TaskDelegated(
        agent=manifest.agent,
        input=text,
        customer=own.customer,
        feature=own.feature,
        user=own.user,
        requester=own.requester,
        priority=own.priority,
        plan=share(run, asked.tool),
        parent=ParentCall(
            run_id=run.run_id,
            call=asked.call,
            attempt=asked.attempt,
            depth=above + 1,
            deadline=asked.deadline,
        ),
    )


def own_budget(run: Run, tool: str) -> int | None:
    """What the author of the calling agent gave the called one, in millionths of a US dollar."""
    delegate = _delegate(run, tool)
    if delegate is None or delegate.budget_usd is None:
        return None
    return int(delegate.budget_usd * MICRO)


def undelegated(child: Run, parent: Run | None) -> str | None:
    """Why a task that claims to answer a call does not; None where it is what was called."""
    assert child.submitted is not None, "it was submitted"
    task = child.submitted.body
    asked = task.parent
    assert asked is not None, "it claims to answer a call"
    each = claimed_try(child, parent)
    if parent is None or each is None:
        return f"run {asked.run_id} has no claim for it in {asked.call}, attempt {asked.attempt}"
    if each.verdict is None or not isinstance(each.verdict.body, ToolCleared):
        return f"call {asked.call} of run {asked.run_id} is not cleared"
    request = each.request.body
    manifest = pinned(parent, request.tool)
    if manifest is None or manifest.agent is None:
        return f"call {asked.call} of run {asked.run_id} is of no agent"
    if task.model_copy(update={"limits": TaskLimits()}) != called_task(parent, request):
        return f"it is not what run {asked.run_id} called in {asked.call}"
    return _unlimited(task.limits, parent, request.tool)


def _unlimited(limits: TaskLimits, parent: Run, tool: str) -> str | None:
    """What was left changes while it is looked at: it is held to what there was at most."""
    assert parent.started is not None, "only a started run makes calls"
    most = parent.started.body.limits
    own = own_budget(parent, tool)
    budget = most.budget_micro_usd if own is None else min(own, most.budget_micro_usd)
    if limits.budget_micro_usd is None or limits.budget_micro_usd > budget:
        return f"its budget is not carved from that of run {parent.run_id}"
    if limits.steps is None or limits.steps > most.steps:
        return f"its steps are not carved from those of run {parent.run_id}"
    return None


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


def _delegate(run: Run, tool: str) -> Delegate | None:
    assert run.started is not None, "only a started run makes calls"
    return run.started.body.agent.agents.get(tool)
