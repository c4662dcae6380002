"""The verdicts on content: of a task, a follow-up, a tool's result, an answer.

None is given while a model that was asked about it is at work. The last delivery reports, and does
not try the checks once more.
"""

from typing import cast

from contracts.control import InputSubmitted
from contracts.envelope import Fact
from contracts.guardrail import (
    AnswerBlocked,
    AnswerCleared,
    InputBlocked,
    InputCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
    Verdict,
)
from contracts.history import Call, Run, outcome_text
from contracts.history.vault import masked, vault_of
from contracts.run import AnswerProposed
from contracts.task import TaskSubmitted
from contracts.tool import ToolFailed, ToolSucceeded
from shared.bus import Bus

from .checks.base import Content, Label
from .desk import Desk
from .metrics import UNAVAILABLE
from .rules import (
    Judged,
    labels_of_fork,
    labels_of_result,
    labels_of_task,
    named_run,
    shown_texts,
)
from .rules.open import Gated, open_call
from .rules.trust import EXTERNAL
from .waiting import Gate, judge_content


async def verdict_on(run: Run, fact: Fact[Gated], gate: Gate) -> Verdict | None:
    """What the gate says of content that has no verdict; None: it waits for a model."""
    match fact.body:
        case TaskSubmitted():
            return await _on_task(run, cast("Fact[TaskSubmitted]", fact), gate)
        case InputSubmitted():
            return await _judge_input(run, cast("Fact[InputSubmitted]", fact), gate)
        case AnswerProposed():
            return await _judge_answer(run, cast("Fact[AnswerProposed]", fact), gate)
        case ToolSucceeded() | ToolFailed():
            call = open_call(run, fact.id)
            assert call is not None, "what has no verdict is open"
            return await _judge_result(
                run, call, cast("Fact[ToolSucceeded | ToolFailed]", fact), gate
            )


async def _on_task(run: Run, fact: Fact[TaskSubmitted], gate: Gate) -> Verdict | None:
    if gate.last:
        return TaskBlocked.model_validate(_gave_up(gate.desk, run))
    above = named_run(run)
    as_of = max(gate.as_of, run.last_sequence)
    named = None if above is None else await gate.bus.read(run.tenant, above, as_of=as_of)
    refused = _refused(run, named, gate.desk)
    if refused is not None:
        return refused
    return await _judge_task(run, fact, await _labels_of(run, fact.body, named, gate.bus), gate)


async def _labels_of(run: Run, task: TaskSubmitted, above: Run | None, bus: Bus) -> tuple[str, ...]:
    if task.fork is not None:
        return labels_of_fork(await bus.read(run.tenant, task.fork.run_id, as_of=run.last_sequence))
    return labels_of_task(task.parent, above)


def _refused(run: Run, named: Run | None, desk: Desk) -> TaskBlocked | None:
    """Why a task is refused whatever stands in it."""
    assert run.submitted is not None, "it was submitted"
    task, version = run.submitted.body, desk.version_of(run)
    if (reason := desk.unfounded(run, named)) is not None:
        return TaskBlocked(rule="claim_unfounded", policy_version=version, reason=reason)
    assigned = desk.releases.assign(run.tenant, run.run_id, task)
    if task.label not in (None, "production") and assigned is None:
        reason = f"the agent {task.agent} has no {task.label} release: interlock agents labels"
        return TaskBlocked(rule="unknown_release", policy_version=version, reason=reason)
    if desk.guardrails_for(run) is None:
        known = ", ".join(sorted(desk.agents))
        reason = f"no agent is named {task.agent!r}; known: {known}"
        return TaskBlocked(rule="unknown_agent", policy_version=version, reason=reason)
    if strange := desk.not_of_agent(run, task.plan or {}):
        reason = f"its plan has {', '.join(strange)}, which {task.agent} cannot call"
        return TaskBlocked(rule="plan_unfit", policy_version=version, reason=reason)
    if (unready := desk.unready(run)) is not None:
        rule, reason = unready
        return TaskBlocked(rule=rule, policy_version=version, reason=reason)
    return None


async def _judge_task(
    run: Run, fact: Fact[TaskSubmitted], labels: tuple[str, ...], gate: Gate
) -> TaskCleared | TaskBlocked | None:
    # Its release is assigned here, so that it is judged by the checks of the agent that is run.
    desk, task = gate.desk, fact.body
    assigned, guardrails = (
        desk.releases.assign(run.tenant, run.run_id, task),
        desk.guardrails_for(run),
    )
    assert guardrails is not None, "a task for an agent that is not known is refused"
    label: Label = "external" if EXTERNAL in labels else "user"
    content = Content(task.input, label, "task", tenant=run.tenant)
    judged = await judge_content(run, fact, "input", guardrails.input, content, gate)
    if judged is None:
        return None
    verdict = {**_verdict(judged, desk, run), "assigned": assigned}
    if judged.blocked:
        return TaskBlocked.model_validate(verdict)
    return TaskCleared.model_validate({**verdict, "input": judged.text, "labels": labels})


async def _judge_input(
    run: Run, fact: Fact[InputSubmitted], gate: Gate
) -> InputCleared | InputBlocked | None:
    desk = gate.desk
    if gate.last:
        return InputBlocked.model_validate(_gave_up(desk, run))
    guardrails = desk.guardrails_for(run)
    if guardrails is None:
        reason = "the run has not started, and its agent is not known here"
        version = desk.version_of(run)
        return InputBlocked(rule="unknown_agent", policy_version=version, reason=reason)
    content = Content(fact.body.text, "user", "input", tenant=run.tenant)
    judged = await judge_content(run, fact, "input", guardrails.input, content, gate)
    if judged is None:
        return None
    if judged.blocked:
        return InputBlocked.model_validate(_verdict(judged, desk, run))
    return InputCleared.model_validate({**_verdict(judged, desk, run), "text": judged.text})


async def _judge_result(
    run: Run, call: Call, fact: Fact[ToolSucceeded | ToolFailed], gate: Gate
) -> ResultCleared | ResultBlocked | None:
    desk = gate.desk
    guardrails = desk.guardrails_for(run)
    assert guardrails is not None, "a call belongs to a started run"
    if gate.last:
        return ResultBlocked.model_validate({**_gave_up(desk, run), "call": call.name})
    outcome = fact.body
    text = outcome_text(outcome)
    label, readers = labels_of_result(run, call, outcome)
    by: Label = "external" if label == EXTERNAL else "tool"
    content = Content(text, by, f"tool:{call.part.name}", tenant=run.tenant)
    judged = await judge_content(run, fact, "result", guardrails.input, content, gate)
    if judged is None:
        return None
    if judged.blocked:
        return ResultBlocked.model_validate({**_verdict(judged, desk, run), "call": call.name})
    return ResultCleared.model_validate(
        {
            **_verdict(judged, desk, run),
            "call": call.name,
            "text": None if judged.text == text else judged.text,
            "is_error": isinstance(outcome, ToolFailed),
            "label": label,
            "labels": readers,
        }
    )


async def _judge_answer(
    run: Run, fact: Fact[AnswerProposed], gate: Gate
) -> AnswerCleared | AnswerBlocked | None:
    desk = gate.desk
    guardrails = desk.guardrails_for(run)
    assert guardrails is not None, "an answer belongs to a started run"
    if gate.last:
        return AnswerBlocked.model_validate(_gave_up(desk, run))
    grounds = tuple(Content(one.text, one.by, "run") for one in shown_texts(run))
    content = Content(fact.body.text, "system", "answer", grounds, run.tenant)
    judged = await judge_content(run, fact, "answer", guardrails.output, content, gate)
    if judged is None:
        return None
    if judged.blocked:
        return AnswerBlocked.model_validate(_verdict(judged, desk, run))
    text = masked(judged.text, vault_of(run))
    return AnswerCleared.model_validate({**_verdict(judged, desk, run), "text": text})


def _verdict(judged: Judged, desk: Desk, run: Run) -> dict[str, object]:
    return {
        "rule": judged.rule,
        "policy_version": desk.version_of(run),
        "reason": judged.reason,
        "findings": judged.findings,
        "vaulted": judged.vaulted or None,
    }


def _gave_up(desk: Desk, run: Run) -> dict[str, object]:
    """The last delivery reports, and does not try the checks once more."""
    return {
        "rule": UNAVAILABLE,
        "policy_version": desk.version_of(run),
        "reason": "the checks kept failing",
    }
