"""The gates: on the task, on a tool call, on its result, on the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from faststream import Context

from contracts.agent import Agent
from contracts.envelope import Fact, Stored, Unbelievable
from contracts.guardrail import (
    AnswerBlocked,
    AnswerCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
    ToolBlocked,
    Verdict,
)
from contracts.history import Call, Run
from contracts.ids import root_id
from contracts.run import AnswerProposed
from contracts.shape import Body
from contracts.task import TaskSubmitted
from contracts.tool import ToolFailed, ToolRequested, ToolSucceeded
from shared.bus import Bus, Heard
from shared.service import Core, Handlers

from .checks.base import Checker, Content, Finding, Label, run_checks
from .rules import Judged, ToolPolicy, judge_call, judge_text, shown_texts
from .rules.trust import EXTERNAL

hears = Handlers()
SUBMITTED_END = ".task.submitted"
UNAVAILABLE = "checker_unavailable"


@dataclass(frozen=True)
class Desk:
    """What verdicts are made with."""

    agents: dict[str, Agent]
    policy: ToolPolicy
    checks: Mapping[str, Checker]
    check_timeout_seconds: float

    async def judge(self, names: Sequence[str], content: Content) -> Judged:
        """Run the named checks. One that this release does not have cannot tell, and blocks."""
        known = [self.checks[name] for name in names if name in self.checks]
        missing = [
            Finding(name, "block", UNAVAILABLE, "there is no such check here")
            for name in names
            if name not in self.checks
        ]
        found = await run_checks(known, content, self.check_timeout_seconds)
        return judge_text(content.text, (*missing, *found))


@hears(TaskSubmitted)
async def gate_task(
    heard: Heard[TaskSubmitted],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    run = await bus.run(heard)
    first = run.submitted
    if first is None or first.sequence != heard.fact.sequence or run.verdict is not None:
        return
    await bus.say(heard.fact, await _judge_task(first.body, desk, last=heard.last))


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
        await bus.say(heard.fact, _judge_request(run, heard, bus, desk))


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


async def _judge_task(task: TaskSubmitted, desk: Desk, *, last: bool) -> TaskCleared | TaskBlocked:
    version = desk.policy.version
    if last:
        return TaskBlocked.model_validate(_gave_up(desk))
    agent = desk.agents.get(task.agent)
    if agent is None:
        known = ", ".join(sorted(desk.agents))
        reason = f"no agent is named {task.agent!r}; known: {known}"
        return TaskBlocked(rule="unknown_agent", policy_version=version, reason=reason)
    content = Content(task.input, "user", "task")
    judged = await desk.judge(agent.guardrails.input, content)
    if judged.blocked:
        return TaskBlocked.model_validate(_verdict(judged, desk))
    return TaskCleared.model_validate({**_verdict(judged, desk), "input": judged.text})


def _judge_request(run: Run, heard: Heard[ToolRequested], bus: Bus, desk: Desk) -> Verdict:
    asked = heard.fact.body
    if heard.last:
        return ToolBlocked.model_validate(
            {**_gave_up(desk), "call": asked.call, "attempt": asked.attempt}
        )
    return judge_call(run, asked, desk.policy, bus.clock.now())


async def _judge_result(
    run: Run, call: Call, heard: Heard[ToolSucceeded | ToolFailed], desk: Desk
) -> ResultCleared | ResultBlocked:
    assert run.started is not None, "a call belongs to a started run"
    if heard.last:
        return ResultBlocked.model_validate({**_gave_up(desk), "call": call.name})
    outcome = heard.fact.body
    failed = isinstance(outcome, ToolFailed)
    text = (
        f"The call failed ({outcome.kind}): {outcome.reason}"
        if isinstance(outcome, ToolFailed)
        else outcome.output_json
    )
    trusted = isinstance(outcome, ToolSucceeded) and outcome.trust == "internal"
    label: Label = "tool" if trusted else "external"
    content = Content(text, label, f"tool:{call.part.name}")
    judged = await desk.judge(run.started.body.agent.guardrails.input, content)
    if judged.blocked:
        return ResultBlocked.model_validate({**_verdict(judged, desk), "call": call.name})
    return ResultCleared.model_validate(
        {
            **_verdict(judged, desk),
            "call": call.name,
            "text": judged.text,
            "is_error": failed,
            "label": f"tool:{call.part.name}" if trusted else EXTERNAL,
        }
    )


async def _judge_answer(
    run: Run, proposed: AnswerProposed, desk: Desk, last: bool
) -> AnswerCleared | AnswerBlocked:
    assert run.started is not None, "an answer belongs to a started run"
    if last:
        return AnswerBlocked.model_validate(_gave_up(desk))
    grounds = tuple(Content(text, "tool", "run") for text in shown_texts(run))
    content = Content(proposed.text, "system", "answer", grounds)
    judged = await desk.judge(run.started.body.agent.guardrails.output, content)
    if judged.blocked:
        return AnswerBlocked.model_validate(_verdict(judged, desk))
    return AnswerCleared.model_validate({**_verdict(judged, desk), "text": judged.text})


def _verdict(judged: Judged, desk: Desk) -> dict[str, object]:
    return {
        "rule": judged.rule,
        "policy_version": desk.policy.version,
        "reason": judged.reason,
        "findings": judged.findings,
    }


def _gave_up(desk: Desk) -> dict[str, object]:
    """The last delivery reports, and does not try the checks once more."""
    return {
        "rule": UNAVAILABLE,
        "policy_version": desk.policy.version,
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
