"""Whether a clearance may be acted upon, now that the run is folded.

What lies in the log tells how far the call has come, and each state has one answer:

    no claim                    act; or report the refusal, if a binding of the clearance is broken
                                or no money is held for a tool that has a price; or say the result
                                of an equal call of the run, which had the effect before
    claimed, within its time    wait: whoever claimed it may still be at work
    claimed, past its time      report that nobody can tell whether it happened
    claimed for another run     submit that run again: only its first submission counts
    revoked                     nothing; but what this service called off itself, it reports
    an outcome                  nothing

Of a run that is a shadow, nothing is ever claimed or started: what is on record is said again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.envelope import Fact
from contracts.guardrail import ToolCleared
from contracts.history import Call, Run, Try, labels, pinned
from contracts.history.approval import approval_gap
from contracts.history.doubt import is_in_doubt
from contracts.history.pricing import price_micro_usd
from contracts.labels import joined
from contracts.money import ToolUnfunded
from contracts.shape import later, sha256_hex
from contracts.tool import (
    DEFAULT_TIMEOUT_SECONDS,
    ToolClaimed,
    ToolContext,
    ToolFailed,
    ToolManifest,
    ToolRequested,
    ToolSucceeded,
    ToolUnknown,
)

from .children import Submit, submission
from .repeats import repeated
from .replay import Replay, Stubbed, replay_of
from .workspace import context_for

# How the nonce of a claim begins with which the executor itself gives a call up: nobody else will
# report that one, so that a redelivery has to.
CALLED_OFF = "called-off-"

FailureKind = Literal["refused", "unavailable"]


@dataclass(frozen=True, slots=True)
class Act:
    """Claim the call and run it; nothing of it may start at or after `start_before`."""

    manifest: ToolManifest
    request: ToolRequested
    context: ToolContext
    start_before: datetime


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody may be running it until then."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """Say this without running anything.

    With `call_off`, only after revoking the claim: another replica may have decided otherwise,
    and what is reported as not started must never start.
    """

    body: ToolFailed | ToolUnknown | ToolSucceeded
    call_off: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Others have dealt with it."""

    reason: str


Clearance = Act | Submit | Replay | Stubbed | Wait | Report | Nothing


def decide_clearance(
    run: Run,
    fact: Fact[ToolCleared],
    now: datetime,
    manifests: Mapping[str, ToolManifest],
    *,
    margin_seconds: float,
    last: bool = False,
) -> Clearance:
    """What to do about one clearance. On the `last` delivery nothing is started any more."""
    call = run.call(fact.body.call)
    each = call.last if call is not None else None
    if call is None or each is None or each.verdict is None or each.verdict.id != fact.id:
        return Nothing("it is not the verdict on the latest attempt")
    if each.outcome is not None:
        return Nothing("it has an outcome")
    replay = replay_of(run, each.request.body)
    if replay is not None:
        over = run.end is not None or each.claim is not None
        return Nothing("it was called off") if over else replay
    if each.claim is not None:
        return _claimed(run, each, each.claim, now, margin_seconds)
    if run.end is not None:
        return Nothing("the run has ended")
    asked = each.request.body
    if last:
        return not_started(call, "unavailable", "no executor could start it; it was not started")
    clearance = each.verdict.body
    if not isinstance(clearance, ToolCleared):
        return Nothing("the verdict that counts is another one")
    broken = _broken_binding(run, asked, clearance, manifests)
    if broken is not None:
        return not_started(call, "refused", broken)
    if now >= clearance.expires_at:
        return not_started(call, "refused", f"its clearance expired at {clearance.expires_at}")
    return (
        _repeated(run, call, asked)
        or _unpaid(run, call, each)
        or _begin(run, each, clearance.expires_at, manifests)
    )


def _repeated(run: Run, call: Call, asked: ToolRequested) -> Stubbed | Report | None:
    """What an equal call before it came to; None where this one may be made."""
    match repeated(run, asked):
        case ToolSucceeded() as before:
            return Stubbed(before)
        case str() as reason:
            return not_started(call, "refused", reason)
        case None:
            return None


def _unpaid(run: Run, call: Call, each: Try) -> Report | Nothing | None:
    """Why a call with a price may not start; None where that is held, or nothing is to pay."""
    price = price_micro_usd(run, each.request.body.tool)
    if not price:
        return None
    if each.funding is None:
        return Nothing("its price is not held yet")
    held = each.funding.body
    if isinstance(held, ToolUnfunded):
        return not_started(call, "refused", f"there is no money for it: {held.reason}")
    if held.amount_micro_usd < price:
        return not_started(call, "refused", "less than its price is held for it")
    return None


def _begin(
    run: Run, each: Try, start_before: datetime, manifests: Mapping[str, ToolManifest]
) -> Act | Submit | Report:
    asked = each.request.body
    manifest = pinned(run, asked.tool)
    if manifest is not None and manifest.agent is not None:
        return _delegate(run, each, start_before)
    own = manifests[asked.tool]
    return Act(own, asked, context_for(own, run, context_of(run, asked)), start_before)


def _delegate(run: Run, each: Try, start_before: datetime) -> Submit | Report:
    """Another agent answers the call, as a run of its own."""
    manifest = pinned(run, each.request.body.tool)
    assert manifest is not None, "an unknown tool is never cleared"
    found = submission(run, each, manifest, start_before)
    return found if isinstance(found, Submit) else Report(found, call_off=each.claim is None)


def _claimed(
    run: Run, each: Try, claim: Fact[ToolClaimed], now: datetime, margin_seconds: float
) -> Clearance:
    body = claim.body
    if body.child_run_id is not None:
        over = run.end is not None
        return Nothing("the run has ended") if over else _delegate(run, each, claim.time)
    if body.state == "revoked":
        if not body.nonce.startswith(CALLED_OFF):
            return Nothing("it was revoked")
        reason = "the executor gave it up before it was started"
        return Report(_failure(body.call, body.attempt, "unavailable", reason))
    start_before = body.start_before or claim.time
    limit = body.time_limit_seconds or DEFAULT_TIMEOUT_SECONDS
    silent_until = later(start_before, limit + margin_seconds)
    if now < silent_until:
        return Wait("somebody claimed it, and may be running it", silent_until)
    reason = "it was claimed, and whoever claimed it was not heard of again"
    return Report(ToolUnknown(call=body.call, attempt=body.attempt, reason=reason))


def _broken_binding(
    run: Run,
    asked: ToolRequested,
    clearance: ToolCleared,
    manifests: Mapping[str, ToolManifest],
) -> str | None:
    """What of the clearance does not fit the call that was asked for, as a sentence."""
    if (clearance.call, clearance.attempt, clearance.tool) != (
        asked.call,
        asked.attempt,
        asked.tool,
    ):
        return "its clearance is for another call"
    if sha256_hex(asked.arguments_json.encode()) != clearance.arguments_sha256:
        return "its arguments are not those that were cleared"
    if clearance.approval_id != asked.approval_id:
        return "its clearance names another approval than its request"
    if asked.approval_id is not None and (gap := approval_gap(run, asked)):
        return gap
    return _drift(run, asked, clearance, manifests)


def _drift(
    run: Run,
    asked: ToolRequested,
    clearance: ToolCleared,
    manifests: Mapping[str, ToolManifest],
) -> str | None:
    then = pinned(run, asked.tool)
    if then is None or then.sha256 != clearance.manifest_sha256:
        return f"{asked.tool} as cleared is not what was pinned when the run started"
    if then.agent is not None:
        return None
    own = manifests.get(asked.tool)
    if own is None:
        return f"this executor has no tool {asked.tool}; add its module to tools.yaml"
    if own.sha256 != then.sha256:
        return f"{asked.tool} was changed after the run started; submit the task again"
    return None


def context_of(run: Run, asked: ToolRequested) -> ToolContext:
    """What the tool is told of its call."""
    task = run.submitted.body if run.submitted is not None else None
    return ToolContext(
        tenant=run.tenant,
        run_id=run.run_id,
        call=asked.call,
        attempt=asked.attempt,
        # Without the attempt: a back end that saw an earlier one must know it again.
        idempotency_key=f"{run.tenant}/{run.run_id}/{asked.call}",
        customer=task.customer if task is not None else None,
        user=task.user if task is not None else None,
        labels=joined((*asked.labels, *labels(run, asked.step))),
    )


def not_started(call: Call, kind: FailureKind, reason: str) -> Report:
    """The latest attempt is not begun. In doubt about an earlier one, that is no failure."""
    assert call.last is not None, "a cleared call was requested"
    asked = call.last.request.body
    if is_in_doubt(call):
        doubt = f"{reason}; nobody knows what its earlier attempt did"
        unknown = ToolUnknown(call=asked.call, attempt=asked.attempt, reason=doubt)
        return Report(unknown, call_off=True)
    return Report(_failure(asked.call, asked.attempt, kind, reason), call_off=True)


def _failure(call: str, attempt: int, kind: FailureKind, reason: str) -> ToolFailed:
    return ToolFailed(call=call, attempt=attempt, kind=kind, reason=reason)
