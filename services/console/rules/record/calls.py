"""The tool calls of a step: what was asked, what let it run, what ran, what the model was told."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.envelope import Fact
from contracts.guardrail import ToolBlocked, ToolCleared, ToolEscalated
from contracts.history import Call, Run, Step, Try, pinned, told
from contracts.history.approval import moment_of
from contracts.model import Text
from contracts.tool import Effect, ToolFailed, ToolSucceeded, ToolUnknown
from services.console.rules.record.content import Content, Recorded, content_of

Outcome = Literal["succeeded", "failed", "unknown", "none"]
Claim = Literal["claimed", "revoked", "none"]


class TryRecord(Recorded):
    """One attempt at a call."""

    attempt: int
    arguments: Content = Field(description="Those that ran: a person may have written them")
    labels: tuple[str, ...] = Field(description="What the model had read by then")
    approval_id: str | None
    verdict: Literal["cleared", "blocked", "escalated", "none"]
    claim: Claim = Field(description="Whether somebody might start it, or nobody any more")
    child_run_id: str | None = Field(description="The run that answers the call")
    outcome: Outcome
    failure: str | None = Field(description="Kind of the failure, such as timed_out")
    output: Content | None
    is_truncated: bool
    duration_ms: int | None = Field(description="As the executor measured it")
    replayed_from: str | None = Field(description="The outcome on record that it repeats")
    claimed_at: datetime | None
    sequence: int


class CallRecord(Recorded):
    """One call over all its attempts."""

    call: str
    tool: str
    effect: Effect | None = Field(description="None where the agent has no such tool")
    is_idempotent: bool
    idempotency_key: str = Field(description="Derived: the same for every attempt")
    tries: tuple[TryRecord, ...]
    label: str | None = Field(description="Of the result, once it is cleared")
    told: Content | None = Field(description="What the model is told of it, once that is settled")


def calls_of(run: Run, step: Step) -> tuple[CallRecord, ...]:
    """The calls of a step, as the model ordered them."""
    return tuple(_call(run, call) for call in step.calls)


def _call(run: Run, call: Call) -> CallRecord:
    manifest = pinned(run, call.part.name)
    result = told(call)
    return CallRecord(
        call=call.name,
        tool=call.part.name,
        effect=manifest.effect if manifest is not None else None,
        is_idempotent=manifest is not None and manifest.idempotent,
        idempotency_key=f"{run.tenant}/{run.run_id}/{call.name}",
        tries=tuple(_try(one) for one in call.tries),
        label=getattr(call.result.body, "label", None) if call.result is not None else None,
        told=None if result is None else content_of("".join(_texts(result.parts))),
    )


def _texts(parts: tuple[object, ...]) -> Iterator[str]:
    yield from (part.text for part in parts if isinstance(part, Text))


def _try(each: Try) -> TryRecord:
    asked, claim = each.request.body, each.claim.body if each.claim is not None else None
    ended = each.outcome.body if each.outcome is not None else None
    timed = ended if isinstance(ended, ToolSucceeded | ToolFailed) else None
    return TryRecord(
        attempt=asked.attempt,
        arguments=content_of(asked.arguments_json),
        labels=asked.labels,
        approval_id=asked.approval_id,
        verdict=_verdict(each.verdict),
        claim=claim.state if claim is not None else "none",
        child_run_id=claim.child_run_id if claim is not None else None,
        outcome=_outcome(each.outcome),
        failure=ended.kind if isinstance(ended, ToolFailed) else None,
        output=_output(ended),
        is_truncated=isinstance(ended, ToolSucceeded) and ended.truncated,
        duration_ms=timed.duration_ms or None if timed is not None else None,
        replayed_from=timed.replayed_from if timed is not None else None,
        claimed_at=moment_of(each.claim) if each.claim is not None else None,
        sequence=each.request.sequence,
    )


def _verdict(fact: object) -> Literal["cleared", "blocked", "escalated", "none"]:
    match fact:
        case Fact(body=ToolCleared()):
            return "cleared"
        case Fact(body=ToolBlocked()):
            return "blocked"
        case Fact(body=ToolEscalated()):
            return "escalated"
        case _:
            return "none"


def _outcome(fact: object) -> Outcome:
    match fact:
        case Fact(body=ToolSucceeded()):
            return "succeeded"
        case Fact(body=ToolFailed()):
            return "failed"
        case Fact(body=ToolUnknown()):
            return "unknown"
        case _:
            return "none"


def _output(ended: ToolSucceeded | ToolFailed | ToolUnknown | None) -> Content | None:
    match ended:
        case ToolSucceeded(output_json=text) | ToolFailed(reason=text) | ToolUnknown(reason=text):
            return content_of(text)
        case None:
            return None
