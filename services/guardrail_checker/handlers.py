"""The gates: on task and follow-ups, on a tool call, on its result, on the answer.

Content that waits for a model is heard of again when the run ends in which that was asked.
"""

from typing import Annotated

from faststream import Context

from contracts.control import InputSubmitted
from contracts.envelope import Fact, Stored, Unbelievable
from contracts.guardrail import TaskBlocked
from contracts.history import Run, RunEnd
from contracts.ids import root_id
from contracts.run import AnswerProposed, RunCancelled, RunCompleted, RunFailed
from contracts.shape import Body
from contracts.task import (
    CHECK_PREFIX,
    TaskDelegated,
    TaskPutToCheck,
    TaskPutToJudge,
    TaskScheduled,
    TaskSubmitted,
)
from contracts.tool import ToolFailed, ToolRequested, ToolSucceeded
from shared.bus import Bus, Heard
from shared.service import Core, Handlers

from .calls import judge_request
from .desk import Desk
from .metrics import JUDGED_TOOK
from .rules.open import open_content
from .verdicts import verdict_on
from .waiting import Gate

hears = Handlers()
SUBMITTED_END = ".task.submitted"


@hears(TaskSubmitted, TaskDelegated, TaskPutToJudge, TaskPutToCheck, TaskScheduled)
async def gate_task(
    heard: Heard[TaskSubmitted],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    await _gate(heard, await bus.run(heard), bus, desk)


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
    await _gate(heard, await bus.run(heard), bus, desk)


@hears(InputSubmitted)
async def gate_input(
    heard: Heard[InputSubmitted],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    """A follow-up passes the same checks as the task did."""
    await _gate(heard, await bus.run(heard), bus, desk)


@hears(AnswerProposed)
async def gate_answer(
    heard: Heard[AnswerProposed],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    await _gate(heard, await bus.run(heard), bus, desk)


@hears(RunCompleted, RunFailed, RunCancelled)
async def take_answer(
    heard: Heard[RunEnd],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    """A model that a check asked has answered, or will not: what waited for it may have a verdict.

    By then it may have one already, or its run be over. Then nobody says anything.
    """
    if not heard.fact.run_id.startswith(CHECK_PREFIX):
        return
    run = await bus.run(heard)
    if run.submitted is None or run.end is None or run.end.id != heard.fact.id:
        return
    task = run.submitted.body
    if not isinstance(task, TaskPutToCheck):
        return
    took = run.end.time - run.submitted.time
    JUDGED_TOOK.labels(task.checking.check).observe(max(0.0, took.total_seconds()))
    # Another may have ended a moment ago: whoever ended last sees all of them.
    checked = await bus.read(run.tenant, task.checking.run_id, as_of=heard.fact.sequence)
    await _give_verdict(checked, task.checking.fact, heard, bus, desk)


async def _gate(heard: Heard[Body], run: Run, bus: Bus, desk: Desk) -> None:
    """Give the verdict on what was heard, if it is what stands in the run."""
    fact = open_content(run, heard.fact.id)
    if fact is not None and fact.sequence == heard.fact.sequence:
        await _give_verdict(run, fact.id, heard, bus, desk)


async def _give_verdict(run: Run, fact_id: str, heard: Heard[Body], bus: Bus, desk: Desk) -> None:
    fact = open_content(run, fact_id)
    if fact is None:
        return
    verdict = await verdict_on(run, fact, Gate(desk, bus, heard.fact.sequence, heard.last))
    if verdict is not None:
        await bus.say(fact, verdict)


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
