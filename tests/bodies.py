"""Bodies of facts for tests, plausible and small; what a test is about it says itself."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from contracts.agent import Agent
from contracts.control import (
    ControlOrdered,
    InputPolicy,
    InputSubmitted,
    RunChildStoodStill,
    RunParentEnded,
    RunPauseRequested,
    RunResumeRequested,
    Scope,
)
from contracts.guardrail import (
    InputBlocked,
    InputCleared,
    ResultCleared,
    TaskCleared,
    ToolCleared,
    ToolEscalated,
)
from contracts.model import (
    ModelClaimed,
    ModelRequested,
    ModelResponded,
    Route,
    ServedBy,
    Stop,
    Text,
    ToolCall,
)
from contracts.money import ModelFunded, MoneySettled, Usage
from contracts.run import RunLimits, RunQueued, RunStarted
from contracts.shape import sha256_hex
from contracts.task import TaskSubmitted
from contracts.tool import (
    ToolClaimed,
    ToolFailed,
    ToolManifest,
    ToolRequested,
    ToolSucceeded,
    ToolUnknown,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DIGEST = sha256_hex(b"")
VERDICT = {"rule": "none", "policy_version": "p-1", "reason": "nothing found"}


def task(text: str = "Where is my parcel?", agent: str = "support") -> TaskSubmitted:
    return TaskSubmitted(agent=agent, input=text)


def task_cleared(text: str = "Where is my parcel?") -> TaskCleared:
    return TaskCleared(**VERDICT, input=text)


def agent() -> Agent:
    return Agent(name="support", instructions="Help customers.", tools=("find_order",))


def manifest(name: str = "find_order", **changes: object) -> ToolManifest:
    parameters = {"type": "object", "properties": {"order_id": {"type": "string"}}}
    return ToolManifest(name=name, description="Finds it.", parameters=parameters, **changes)


def run_started(*tools: ToolManifest, steps: int = 12) -> RunStarted:
    return RunStarted(
        agent=agent(),
        agent_version=agent().version,
        tools=tools,
        limits=RunLimits(steps=steps, budget_micro_usd=500_000, output_tokens=1024),
        deadline=NOON + timedelta(minutes=15),
    )


def model_requested(step: int = 1, position: int = 0) -> ModelRequested:
    return ModelRequested(
        step=step,
        alias="default",
        position=position,
        prompt_sha256=DIGEST,
        prompt_bytes=400,
        max_output_tokens=1024,
        deadline=NOON + timedelta(minutes=15),
    )


def model_funded(step: int = 1, attempt: int = 1) -> ModelFunded:
    return ModelFunded(
        step=step,
        attempt=attempt,
        hold_id=f"h-{step}-{attempt}",
        amount_micro_usd=5_000,
        alias="default",
        routes=("fake/small",),
        max_prompt_bytes=400,
        max_output_tokens=1024,
        budgets=(),
        price_book="2026-03",
    )


def claimed(step: int = 1, attempt: int = 1, nonce: str = "n") -> ModelClaimed:
    return ModelClaimed(step=step, attempt=attempt, nonce=nonce, state="claimed")


def responded(
    step: int = 1,
    attempt: int = 1,
    text: str = "",
    calls: Sequence[tuple[str, str]] = (),
) -> ModelResponded:
    wanted = tuple(
        ToolCall(call_id=f"c-{step}-{index}", name=name, arguments_json=arguments)
        for index, (name, arguments) in enumerate(calls, start=1)
    )
    return ModelResponded(
        step=step,
        attempt=attempt,
        parts=((Text(text=text),) if text else ()) + wanted,
        stop=Stop(kind="needs_tools" if calls else "ok"),
        usage=Usage(input_uncached=100, output_text=20),
        usage_quality="reported",
        served_by=ServedBy(route=Route(provider="fake", api="fake", model="small")),
    )


def settled(step: int = 1, attempt: int = 1, cost_micro_usd: int = 120) -> MoneySettled:
    return MoneySettled(
        step=step,
        attempt=attempt,
        hold_id=f"h-{step}-{attempt}",
        state="settled",
        held_micro_usd=5_000,
        cost_micro_usd=cost_micro_usd,
        price_book="2026-03",
        price_match="exact",
    )


def tool_requested(step: int, index: int, part: ToolCall, attempt: int = 1) -> ToolRequested:
    return ToolRequested(
        step=step,
        index=index,
        attempt=attempt,
        call_id=part.call_id,
        tool=part.name,
        manifest_sha256=manifest(part.name).sha256,
        arguments_json=part.arguments_json,
        arguments_sha256=sha256_hex(part.arguments_json.encode()),
        labels=("user",),
        deadline=NOON + timedelta(minutes=15),
    )


def tool_cleared(requested: ToolRequested) -> ToolCleared:
    return ToolCleared(
        **VERDICT,
        call=requested.call,
        attempt=requested.attempt,
        tool=requested.tool,
        manifest_sha256=requested.manifest_sha256 or DIGEST,
        arguments_sha256=requested.arguments_sha256,
        expires_at=NOON + timedelta(minutes=5),
    )


def tool_escalated(requested: ToolRequested) -> ToolEscalated:
    return ToolEscalated(
        **VERDICT,
        call=requested.call,
        attempt=requested.attempt,
        roles=("support-lead",),
        expires_seconds=7200,
    )


def tool_claimed(call: str, attempt: int = 1, nonce: str = "n") -> ToolClaimed:
    return ToolClaimed(call=call, attempt=attempt, nonce=nonce, state="claimed")


def child_claimed(child_run_id: str, call: str, attempt: int = 1) -> ToolClaimed:
    """A claim in the name of the run that is to answer the call."""
    claim = tool_claimed(call, attempt)
    return claim.model_copy(update={"child_run_id": child_run_id})


def tool_failed(call: str, attempt: int = 1, reason: str = "out of order") -> ToolFailed:
    return ToolFailed(call=call, attempt=attempt, kind="error", reason=reason)


def tool_unknown(call: str, attempt: int = 1) -> ToolUnknown:
    return ToolUnknown(call=call, attempt=attempt, reason="nobody can tell")


def run_queued() -> RunQueued:
    return RunQueued(rule="tenant_cap", reason="2 runs of acme are open, as many as may be")


def parent_ended(parent_run_id: str = "r-0") -> RunParentEnded:
    return RunParentEnded(parent_run_id=parent_run_id, status="cancelled", reason="not needed")


def child_stood_still(child_run_id: str, call: str) -> RunChildStoodStill:
    return RunChildStoodStill(
        child_run_id=child_run_id,
        call=call,
        attempt=1,
        because="a question",
        since=NOON,
        reason=f"run {child_run_id} asks a person about issue_refund",
    )


def tool_succeeded(call: str, attempt: int = 1, output_json: str = '"ok"') -> ToolSucceeded:
    return ToolSucceeded(call=call, attempt=attempt, output_json=output_json)


def result_cleared(call: str, text: str = "ok") -> ResultCleared:
    return ResultCleared(**VERDICT, call=call, text=text, label="tool:find_order")


def ordered(
    scope: Scope, name: str | None, state: str, principal: str = "anna", reason: str = "incident"
) -> ControlOrdered:
    return ControlOrdered.model_validate(
        {
            "scope": scope,
            "name": name,
            "state": state,
            "principal": principal,
            "reason": reason,
            "at": NOON,
            "nonce": f"{state}-{principal}",
        }
    )


def pause_requested(nonce: str = "p-1") -> RunPauseRequested:
    return RunPauseRequested(principal="anna", reason="wait", nonce=nonce)


def resume_requested(nonce: str = "r-1") -> RunResumeRequested:
    return RunResumeRequested(principal="otto", nonce=nonce)


def input_submitted(
    policy: InputPolicy = "enqueue", text: str = "And the invoice?", nonce: str = "i-1"
) -> InputSubmitted:
    return InputSubmitted(text=text, policy=policy, nonce=nonce)


def input_cleared(text: str = "And the invoice?") -> InputCleared:
    return InputCleared(**VERDICT, text=text)


def input_blocked() -> InputBlocked:
    return InputBlocked(rule="pii", policy_version="p-1", reason="a card number")
