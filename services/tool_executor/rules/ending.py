"""What became of a call, and which fact that is.

A failure tells the model that nothing happened. So a tool that changes the world, and was cut off
in the middle, has not failed: its outcome is unknown. Nor has one failed that did its work and
said too much about it.
"""

import json
from dataclasses import dataclass
from typing import assert_never

from contracts.tool import ToolFailed, ToolManifest, ToolRequested, ToolSucceeded, ToolUnknown


@dataclass(frozen=True, slots=True)
class Returned:
    """The tool came back, with JSON text, and what it says of it."""

    output_json: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The tool did nothing, and said why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Raised:
    """The tool raised something, and did not say how far it had come."""

    reason: str


@dataclass(frozen=True, slots=True)
class Oversized:
    """The tool came back with more than it may; `head` is how that begins."""

    size_bytes: int
    head: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expired:
    """It was stopped at its time limit."""

    limit_seconds: float


@dataclass(frozen=True, slots=True)
class Silent:
    """It was stopped because it had told nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Vanished:
    """What ran it ended without an answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Its claim ran out before it was started."""


Ending = Returned | Refused | Raised | Oversized | Expired | Silent | Vanished | NotStarted
ToolOutcome = ToolSucceeded | ToolFailed | ToolUnknown


def outcome_of(
    ending: Ending, asked: ToolRequested, manifest: ToolManifest, duration_ms: int
) -> ToolOutcome:
    """The fact to say of a call that was claimed."""
    call, attempt = asked.call, asked.attempt
    match ending:
        case Returned(output_json, labels):
            whole = _succeeded(asked, manifest, output_json, duration_ms)
            return whole.model_copy(update={"labels": labels})
        case Oversized(size_bytes, head, labels) if manifest.effect != "read":
            cut = json.dumps({"truncated": head, "size_bytes": size_bytes})
            part = _succeeded(asked, manifest, cut, duration_ms, truncated=True)
            return part.model_copy(update={"labels": labels})
        case Raised(reason) if manifest.effect != "read":
            # A payment that was posted, and whose answer was lost, raises too.
            reason = f"it raised in the middle of its work: {reason}"
            return ToolUnknown(call=call, attempt=attempt, reason=reason)
        case Expired(limit_seconds) if manifest.effect != "read":
            reason = f"it was stopped after {limit_seconds:g} s, in the middle of its work"
            return ToolUnknown(call=call, attempt=attempt, reason=reason)
        case Silent(seconds) if manifest.effect != "read":
            reason = f"it told nothing for {seconds:g} s, and was stopped in the middle of its work"
            return ToolUnknown(call=call, attempt=attempt, reason=reason)
        case Vanished(reason) if manifest.effect != "read":
            reason = f"it was cut off in the middle of its work: {reason}"
            return ToolUnknown(call=call, attempt=attempt, reason=reason)
        case _:
            return _failed(ending, asked, manifest, duration_ms)


def _failed(
    ending: Refused | Raised | Oversized | Expired | Silent | Vanished | NotStarted,
    asked: ToolRequested,
    manifest: ToolManifest,
    duration_ms: int,
) -> ToolFailed:
    failed = ToolFailed(
        call=asked.call, attempt=asked.attempt, kind="error", reason="", duration_ms=duration_ms
    )
    match ending:
        case Refused(reason):
            return failed.model_copy(update={"kind": "refused", "reason": reason})
        case Raised(reason):
            return failed.model_copy(update={"reason": reason})
        case Vanished(reason):
            return failed.model_copy(update={"reason": f"it was cut off: {reason}"})
        case Expired(limit_seconds):
            reason = f"it took longer than its {limit_seconds:g} s"
            return failed.model_copy(update={"kind": "timed_out", "reason": reason})
        case Silent(seconds):
            reason = f"it told nothing for {seconds:g} s, and was stopped"
            return failed.model_copy(update={"kind": "silent", "reason": reason})
        case Oversized(size_bytes):
            limit = manifest.output_limit_bytes
            reason = f"it returned {size_bytes} bytes, more than its {limit}; ask for less"
            return failed.model_copy(update={"kind": "too_large", "reason": reason})
        case NotStarted():
            reason = "it could not be started in time, and was not started"
            return failed.model_copy(update={"kind": "unavailable", "reason": reason})
        case _:
            assert_never(ending)


def _succeeded(
    asked: ToolRequested,
    manifest: ToolManifest,
    output_json: str,
    duration_ms: int,
    *,
    truncated: bool = False,
) -> ToolSucceeded:
    return ToolSucceeded(
        call=asked.call,
        attempt=asked.attempt,
        output_json=output_json,
        truncated=truncated,
        trust=manifest.output_trust,
        duration_ms=duration_ms,
    )
