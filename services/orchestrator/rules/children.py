"""Runs that call runs: which agents one may call, and what becomes of it when either ends.

A call of an agent passes the gates of any tool. The executor claims it in the name of the child
and submits the child's task; nothing else starts it. Its end becomes the outcome of the call, and
the end of the parent is told to every child that is still open.
"""

import json
from collections.abc import Iterator
from typing import assert_never

from contracts.agent import Agent, Delegate
from contracts.control import RunParentEnded
from contracts.envelope import Fact
from contracts.guardrail import ResultCleared
from contracts.history import Run, Step, labels, pinned, result_text
from contracts.history.delegation import claimed_try
from contracts.labels import only_readers
from contracts.run import FailureRule, ParentBudget, RunCancelled, RunCompleted, RunFailed
from contracts.shape import Body
from contracts.task import ParentCall
from contracts.tool import ToolFailed, ToolManifest, ToolSucceeded

INPUT = {
    "type": "object",
    "properties": {
        "input": {"type": "string", "minLength": 1, "description": "All that it needs to know"}
    },
    "required": ["input"],
    "additionalProperties": False,
}
LATE: frozenset[FailureRule] = frozenset({"deadline_passed", "step_deadline_passed"})
REFUSED: frozenset[FailureRule] = frozenset({"task_blocked", "answer_blocked", "not_admitted"})

Outcome = ToolSucceeded | ToolFailed


def tools_of(agent: Agent) -> tuple[ToolManifest, ...]:
    """The agents that it may call, each as a tool."""
    return tuple(_tool(name, delegate) for name, delegate in agent.agents.items())


def refusal(run: Run, parent: Run | None) -> str | None:
    """Why a run that names a parent may not start; None where that made the call it answers."""
    assert run.submitted is not None, "a task is submitted before it starts"
    task, each = run.submitted.body, claimed_try(run, parent)
    asked = task.parent
    if asked is None:
        return None
    if parent is None or each is None:
        return f"run {asked.run_id} did not call it in {asked.call}, attempt {asked.attempt}"
    request = each.request.body
    manifest = pinned(parent, each.request.body.tool)
    if manifest is None or manifest.agent != task.agent:
        return f"run {parent.run_id} called another agent in {asked.call}"
    if asked.depth != depth(parent) + 1 or asked.deadline != request.deadline:
        return f"it does not stand where run {parent.run_id} called it from"
    return None


def depth(run: Run) -> int:
    """How many calls of agents lie above the run."""
    above = _parent_call(run)
    return 0 if above is None else above.depth


def budgets_above(parent: Run | None) -> tuple[ParentBudget, ...]:
    """The runs that pay for a child of `parent` too, from the top."""
    if parent is None or parent.started is None:
        return ()
    started = parent.started.body
    own = ParentBudget(run_id=parent.run_id, budget_micro_usd=started.limits.budget_micro_usd)
    return (*started.parents, own)


def outcome(parent: Run, child: Run) -> tuple[Fact[Body], Outcome] | None:
    """What the end of the child says in its parent, and because of which clearance.

    None where nobody waits for it: the call was claimed for another run, or by nobody, or it has
    an outcome, or the parent is over.
    """
    each, asked = claimed_try(child, parent), _parent_call(child)
    if each is None or each.outcome is not None or parent.end is not None or child.end is None:
        return None
    assert each.claim is not None, "a claimed try has a claim"
    assert each.verdict is not None, "a claim follows a verdict"
    assert asked is not None, "it answers a call"
    took = child.end.time - each.claim.time
    duration_ms = max(0, round(took.total_seconds() * 1000))
    manifest = pinned(parent, each.request.body.tool)
    limit = manifest.output_limit_bytes if manifest is not None else 0
    return each.verdict, _outcome(child, asked, limit, duration_ms)


def open_children(run: Run) -> Iterator[str]:
    """The runs that were started for calls of this one, and have not answered."""
    for each in (each for step in run.steps for call in step.calls for each in call.tries):
        if each.claim is not None and each.claim.body.state == "claimed" and each.outcome is None:
            child = each.claim.body.child_run_id
            if child is not None:
                yield child


def called_off(parent: Run) -> RunParentEnded:
    """What the end of a parent says in its children."""
    assert parent.end is not None, "only an end calls off"
    match parent.end.body:
        case RunCompleted():
            status, reason = "completed", "it had its answer without this one"
        case RunFailed(rule=rule, reason=why):
            status, reason = "failed", f"{rule}: {why}"
        case RunCancelled(reason=why):
            status, reason = "cancelled", why
        case body:
            assert_never(body)
    return RunParentEnded.model_validate(
        {"parent_run_id": parent.run_id, "status": status, "reason": reason}
    )


def handed_over(run: Run, step: Step) -> str | None:
    """The answer of the first agent that this step handed the run over to, as it was cleared."""
    for call in step.calls:
        manifest = pinned(run, call.part.name)
        cleared = call.result.body if call.result is not None else None
        if manifest is None or not manifest.handoff or not isinstance(cleared, ResultCleared):
            continue
        if not cleared.is_error:
            return _plain(result_text(call, cleared))
    return None


def _tool(name: str, delegate: Delegate) -> ToolManifest:
    return ToolManifest(
        name=name,
        description=delegate.description or f"Asks the agent {delegate.agent}.",
        parameters=INPUT,
        effect="read",
        output_trust="external",
        agent=delegate.agent,
        handoff=delegate.mode == "handoff",
    )


def _parent_call(run: Run) -> ParentCall | None:
    return run.submitted.body.parent if run.submitted is not None else None


def _outcome(child: Run, asked: ParentCall, limit: int, duration_ms: int) -> Outcome:
    assert child.end is not None, "a child without an end has no outcome"
    failed = ToolFailed(
        call=asked.call, attempt=asked.attempt, kind="error", reason="", duration_ms=duration_ms
    )
    match child.end.body:
        case RunCompleted(answer=answer):
            text, truncated = _cut(answer, limit)
            return ToolSucceeded(
                call=asked.call,
                attempt=asked.attempt,
                output_json=text,
                truncated=truncated,
                duration_ms=duration_ms,
                # Its answer is made of all that it read, and is an outsider's text in any case.
                labels=only_readers(labels(child)),
            )
        case RunFailed(rule=rule, reason=why):
            kind = "timed_out" if rule in LATE else "refused" if rule in REFUSED else "error"
            reason = f"run {child.run_id} failed ({rule}): {why}"
            return failed.model_copy(update={"kind": kind, "reason": reason})
        case RunCancelled(principal=who, reason=why):
            reason = f"run {child.run_id} was cancelled by {who}: {why or 'no reason given'}"
            return failed.model_copy(update={"reason": reason})
        case body:
            assert_never(body)


def _cut(answer: str, limit: int) -> tuple[str, bool]:
    """The answer as JSON text, and whether it was cut to the limit of its tool."""
    whole = json.dumps(answer, ensure_ascii=False)
    if len(whole.encode()) <= limit:
        return whole, False
    head = answer.encode()[: limit // 2].decode(errors="ignore")
    return json.dumps(head, ensure_ascii=False), True


def _plain(text: str) -> str:
    """An answer travels as a JSON string; what a check took out of it may have broken that."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, str) else text
