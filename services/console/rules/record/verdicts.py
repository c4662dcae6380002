"""Every verdict of the gates on what a step brought in or let out, in log order."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.control import InputTaken
from contracts.envelope import Fact
from contracts.guardrail import CheckFinding, ToolCleared, ToolEscalated, Verdict
from contracts.history import Run, Step
from contracts.history.approval import moment_of
from contracts.shape import Body
from services.console.rules.record.content import Recorded

Gate = Literal["task", "input", "tool", "result", "answer"]


class VerdictRecord(Recorded):
    """What one gate decided, by which rule of which version, about what."""

    gate: Gate
    decision: Literal["cleared", "blocked", "escalated"]
    about: str
    rule: str
    policy_version: str
    reason: str
    findings: tuple[CheckFinding, ...]
    roles: tuple[str, ...] = Field(description="Who may clear it, where it was escalated")
    approval_id: str | None = Field(description="The decision of people that it rests on")
    sequence: int
    at: datetime


Found = tuple[Fact[Body], str]  # a verdict, and what it is about


def verdicts_of(run: Run, step: Step) -> tuple[VerdictRecord, ...]:
    """Verdicts on what came in before this step, on its calls and results, on its answer."""
    found = sorted((*_inward(run, step), *_outward(run, step)), key=lambda one: one[0].sequence)
    return tuple(_verdict(fact, about) for fact, about in found)


def _inward(run: Run, step: Step) -> Iterator[Found]:
    """The task counts to the first step, more input to the one that it was shown at."""
    if step.number == 1 and run.verdict is not None:
        yield run.verdict, "the task"
    for given in run.inputs:
        taken = given.end.body if given.end is not None else None
        if given.verdict is None:
            continue
        if isinstance(taken, InputTaken) and taken.step == step.number:
            yield given.verdict, "more input"


def _outward(run: Run, step: Step) -> Iterator[Found]:
    for call in step.calls:
        name = f"call {call.name}, {call.part.name}"
        for each in call.tries:
            if each.verdict is not None:
                attempt = each.request.body.attempt
                yield each.verdict, name if attempt == 1 else f"{name}, attempt {attempt}"
        if call.result is not None:
            yield call.result, f"the result of {name}"
    answer = run.answer
    if answer is None or answer.verdict is None or answer.proposed.body.step != step.number:
        return
    yield answer.verdict, "the answer"


def _verdict(fact: Fact[Body], about: str) -> VerdictRecord:
    said = fact.body
    assert isinstance(said, Verdict), f"{fact.type} is no verdict"
    gate, decision = fact.type.split(".")
    return VerdictRecord.model_validate(
        {
            "gate": gate,
            "decision": decision,
            "about": about,
            "rule": said.rule,
            "policy_version": said.policy_version,
            "reason": said.reason,
            "findings": said.findings,
            "roles": said.roles if isinstance(said, ToolEscalated) else (),
            "approval_id": said.approval_id if isinstance(said, ToolCleared) else None,
            "sequence": fact.sequence,
            "at": moment_of(fact),
        }
    )
