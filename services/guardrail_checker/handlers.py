"""The gates: on task and follow-ups, on a tool call, on its result, on the answer."""

from typing import Annotated

from faststream import Context

from contracts.control import InputSubmitted
from contracts.envelope import Fact, Stored, Unbelievable
from contracts.guardrail import (
    AnswerBlocked,
    AnswerCleared,
    InputBlocked,
    InputCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
)
from contracts.history import Call, Run, outcome_text
from contracts.ids import root_id
from contracts.run import AnswerProposed
from contracts.shape import Body
from contracts.task import TaskDelegated, TaskPutToJudge, TaskScheduled, TaskSubmitted
from contracts.tool import ToolFailed, ToolRequested, ToolSucceeded
from shared.bus import Bus, Heard
from shared.service import Core, Handlers

from .calls import judge_request
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
from .rules.trust import EXTERNAL

hears = Handlers()
SUBMITTED_END = ".task.submitted"


@hears(TaskSubmitted, TaskDelegated, TaskPutToJudge, TaskScheduled)
async def gate_task(
    heard: Heard[TaskSubmitted],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    run = await bus.run(heard)
    first = run.submitted
    if first is None or first.sequence != heard.fact.sequence or run.verdict is not None:
        return
    above = named_run(run)
    named = None if above is None else await bus.read(run.tenant, above, as_of=run.last_sequence)
    labels = await _labels_of(run, first.body, named, bus)
    await bus.say(heard.fact, await _judge_task(run, named, labels, desk, last=heard.last))


async def _labels_of(run: Run, task: TaskSubmitted, above: Run | None, bus: Bus) -> tuple[str, ...]:
    if task.fork is not None:
        return labels_of_fork(await bus.read(run.tenant, task.fork.run_id, as_of=run.last_sequence))
    return labels_of_task(task.parent, above)


@hears(ToolRequested)
async def gate_call(
    heard: Heard[ToolRequested],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    run = await bus.run(heard)
    call = run.call(heard.fact.body.call)
    last = call.last if call is not None else None
    if run.end is not None or last is None or last.request.id != heard.fact.id:
        return
    if last.verdict is None:
        await bus.say(heard.fact, await judge_request(run, heard, bus, desk))


@hears(ToolSucceeded, ToolFailed)
async def gate_result(
    heard: Heard[ToolSucceeded | ToolFailed],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    run = await bus.run(heard)
    call = run.call(heard.fact.body.call)
    if run.end is not None or call is None or call.result is not None or call.last is None:
        return
    if call.last.outcome is not None and call.last.outcome.id == heard.fact.id:
        await bus.say(heard.fact, await _judge_result(run, call, heard, desk))


@hears(InputSubmitted)
async def gate_input(
    heard: Heard[InputSubmitted],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    """A follow-up passes the same checks as the task did."""
    run = await bus.run(heard)
    given = next((one for one in run.inputs if one.submitted.id == heard.fact.id), None)
    if given is None or given.submitted.sequence != heard.fact.sequence:
        return
    if run.end is None and given.verdict is None and given.end is None:
        await bus.say(heard.fact, await _judge_input(run, heard.fact.body, desk, last=heard.last))


@hears(AnswerProposed)
async def gate_answer(
    heard: Heard[AnswerProposed],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    run = await bus.run(heard)
    answer = run.answer
    if run.end is None and answer is not None and answer.verdict is None:
        await bus.say(heard.fact, await _judge_answer(run, answer.proposed.body, desk, heard.last))


@hears.on_unbelievable
async def tell_sender(
    stored: Stored, error: Unbelievable, core: Annotated[Core, Context()]
) -> None:
    """A submission that is none is answered on its own prefix, where its sender listens."""
    if not stored.subject.endswith(SUBMITTED_END):
        return
    reason = f"the submission is not valid: {error.reason}"
    blocked = TaskBlocked(rule=error.rule, policy_version="contracts", reason=reason)
    if error.rule in ("bad_body", "id_mismatch", "type_mismatch", "bad_time", "unknown_version"):
        root = _root_of(stored)
        run = await core.bus.read(root.tenant, root.run_id)
        # A run that was submitted well keeps its id: only its own verdict may follow from it.
        if run.submitted is None:
            await core.bus.say(root, blocked)
    else:
        place = stored.subject.removesuffix(SUBMITTED_END) + ".task.blocked"
        await core.client.jetstream().publish(place, blocked.model_dump_json().encode())


async def _judge_task(
    run: Run, named: Run | None, labels: tuple[str, ...], desk: Desk, *, last: bool
) -> TaskCleared | TaskBlocked:
    assert run.submitted is not None, "it was submitted"
    task, version = run.submitted.body, desk.version_of(run)
    if last:
        return TaskBlocked.model_validate(_gave_up(desk, run))
    if (reason := desk.unfounded(run, named)) is not None:
        return TaskBlocked(rule="claim_unfounded", policy_version=version, reason=reason)
    # Its release is assigned here, so that it is judged by the checks of the agent that is run.
    assigned = desk.releases.assign(run.tenant, run.run_id, task)
    if task.label not in (None, "production") and assigned is None:
        reason = f"the agent {task.agent} has no {task.label} release: interlock agents labels"
        return TaskBlocked(rule="unknown_release", policy_version=version, reason=reason)
    guardrails = desk.guardrails_for(run)
    if guardrails is None:
        known = ", ".join(sorted(desk.agents))
        reason = f"no agent is named {task.agent!r}; known: {known}"
        return TaskBlocked(rule="unknown_agent", policy_version=version, reason=reason)
    if strange := desk.not_of_agent(run, task.plan or {}):
        reason = f"its plan has {', '.join(strange)}, which {task.agent} cannot call"
        return TaskBlocked(rule="plan_unfit", policy_version=version, reason=reason)
    if (unready := desk.unready(run)) is not None:
        rule, reason = unready
        return TaskBlocked(rule=rule, policy_version=version, reason=reason)
    content = Content(
        task.input, "external" if EXTERNAL in labels else "user", "task", tenant=run.tenant
    )
    judged = await desk.judge(guardrails.input, content)
    verdict = {**_verdict(judged, desk, run), "assigned": assigned}
    if judged.blocked:
        return TaskBlocked.model_validate(verdict)
    return TaskCleared.model_validate({**verdict, "input": judged.text, "labels": labels})


async def _judge_input(
    run: Run, given: InputSubmitted, desk: Desk, *, last: bool
) -> InputCleared | InputBlocked:
    if last:
        return InputBlocked.model_validate(_gave_up(desk, run))
    guardrails = desk.guardrails_for(run)
    if guardrails is None:
        reason = "the run has not started, and its agent is not known here"
        version = desk.version_of(run)
        return InputBlocked(rule="unknown_agent", policy_version=version, reason=reason)
    judged = await desk.judge(
        guardrails.input, Content(given.text, "user", "input", tenant=run.tenant)
    )
    if judged.blocked:
        return InputBlocked.model_validate(_verdict(judged, desk, run))
    return InputCleared.model_validate({**_verdict(judged, desk, run), "text": judged.text})


async def _judge_result(
    run: Run, call: Call, heard: Heard[ToolSucceeded | ToolFailed], desk: Desk
) -> ResultCleared | ResultBlocked:
    guardrails = desk.guardrails_for(run)
    assert guardrails is not None, "a call belongs to a started run"
    if heard.last:
        return ResultBlocked.model_validate({**_gave_up(desk, run), "call": call.name})
    outcome = heard.fact.body
    text = outcome_text(outcome)
    label, readers = labels_of_result(run, call, outcome)
    by: Label = "external" if label == EXTERNAL else "tool"
    content = Content(text, by, f"tool:{call.part.name}", tenant=run.tenant)
    judged = await desk.judge(guardrails.input, content)
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
    run: Run, proposed: AnswerProposed, desk: Desk, last: bool
) -> AnswerCleared | AnswerBlocked:
    guardrails = desk.guardrails_for(run)
    assert guardrails is not None, "an answer belongs to a started run"
    if last:
        return AnswerBlocked.model_validate(_gave_up(desk, run))
    grounds = tuple(Content(one.text, one.by, "run") for one in shown_texts(run))
    content = Content(proposed.text, "system", "answer", grounds, run.tenant)
    judged = await desk.judge(guardrails.output, content)
    if judged.blocked:
        return AnswerBlocked.model_validate(_verdict(judged, desk, run))
    return AnswerCleared.model_validate({**_verdict(judged, desk, run), "text": judged.text})


def _verdict(judged: Judged, desk: Desk, run: Run) -> dict[str, object]:
    return {
        "rule": judged.rule,
        "policy_version": desk.version_of(run),
        "reason": judged.reason,
        "findings": judged.findings,
    }


def _gave_up(desk: Desk, run: Run) -> dict[str, object]:
    """The last delivery reports, and does not try the checks once more."""
    return {
        "rule": UNAVAILABLE,
        "policy_version": desk.version_of(run),
        "reason": "the checks kept failing",
    }


def _root_of(stored: Stored) -> Fact[Body]:
    """The place of a submission that did not parse, to hang its verdict on."""
    _, tenant, run_id, *_ = stored.subject.split(".")
    return Fact(
        root_id(tenant, run_id),
        "task.submitted",
        tenant,
        run_id,
        "",
        stored.stored_at,
        Body(),
        sequence=stored.sequence,
        stored_at=stored.stored_at,
    )
