"""Calls of a shadow run: judged like any other, but no person is asked about them.

What would be escalated passes where people let the recorded call with these very arguments run, so
that its record is replayed; otherwise it is blocked, and the shadow shows that it would have asked.
A trial says itself what people are taken to answer.
"""

from datetime import datetime

from contracts.envelope import Fact
from contracts.guardrail import TaskCleared, ToolBlocked, ToolCleared, ToolEscalated
from contracts.history import Call, Run
from contracts.history.approval import approval_gap
from contracts.history.lineage import recorded_call
from contracts.history.stubs import trial_of
from contracts.shape import later
from contracts.tool import ToolRequested

from .agents import USER
from .policy import ToolPolicy
from .trust import EXTERNAL

ToolVerdict = ToolCleared | ToolBlocked | ToolEscalated


def judge_shadow(
    verdict: ToolVerdict,
    run: Run,
    parent: Run | None,
    asked: ToolRequested,
    policy: ToolPolicy,
    now: datetime,
) -> ToolCleared | ToolBlocked:
    """The verdict on a call of a shadow, made of that on the same call of a run that acts.

    `parent` is the run that it grew from; None for a trial that grew from none.
    """
    if not isinstance(verdict, ToolEscalated):
        return verdict
    approval = _assumed(run) if parent is None else _recorded(run, parent, asked)
    if approval is None or asked.manifest_sha256 is None:
        return ToolBlocked(
            rule="would_ask",
            policy_version=policy.version,
            reason=f"a person would be asked: {verdict.reason}",
            call=asked.call,
            attempt=asked.attempt,
        )
    rule, reason = approval
    return ToolCleared(
        rule=rule,
        policy_version=policy.version,
        reason=reason,
        call=asked.call,
        attempt=asked.attempt,
        tool=asked.tool,
        manifest_sha256=asked.manifest_sha256,
        arguments_sha256=asked.arguments_sha256,
        expires_at=later(now, policy.clearance_seconds),
    )


def _assumed(run: Run) -> tuple[str, str] | None:
    """Rule and reason of an approval that a trial takes for given; None where it does not."""
    trial = trial_of(run)
    if trial is None or trial.reviews != "approve":
        return None
    return "assumed_approval", "the trial takes it that people let it run"


def _recorded(run: Run, parent: Run, asked: ToolRequested) -> tuple[str, str] | None:
    """Rule and reason of an approval of the same call in the other run; None without one."""
    call = recorded_call(run, parent, asked)
    if call is None or not was_approved(parent, call):
        return None
    where = f"call {call.name} of run {parent.run_id}"
    return "replayed_approval", f"people let {where} run with these arguments"


def was_approved(parent: Run, call: Call) -> bool:
    """Whether people let the arguments run that the call ran with, or a shadow was told that."""
    if call.last is None:
        return False
    match call.last.verdict:
        case Fact(body=ToolCleared(rule="replayed_approval" | "assumed_approval")):
            return True
        case Fact(body=ToolCleared()):
            asked = call.last.request.body
            return asked.approval_id is not None and approval_gap(parent, asked) is None
        case _:
            return False


def labels_of_fork(parent: Run) -> tuple[str, ...]:
    """With which labels the task of a fork begins: those of the task that it repeats."""
    verdict = parent.verdict.body if parent.verdict is not None else None
    return verdict.labels if isinstance(verdict, TaskCleared) else (EXTERNAL, USER)
