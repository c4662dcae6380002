"""A tool of which no call may start is refused before anybody is asked about one.

The executor refuses it too, right before the start. A person would by then have read a question
whose answer changes nothing, or one that shows what the tool no longer does.
"""

from dataclasses import dataclass

from contracts.guardrail import ToolBlocked, ToolCleared, ToolEscalated
from contracts.tool import ToolManifest

ToolVerdict = ToolCleared | ToolBlocked | ToolEscalated


@dataclass(frozen=True, slots=True)
class Hold:
    """Why no call of a tool may start: the id of what decides, and a sentence."""

    rule: str
    reason: str


def hold_of(pinned: ToolManifest, own: ToolManifest | None, held: str | None) -> Hold | None:
    """What holds a tool that a run has pinned; None if nothing does.

    `own` is the tool as the platform has it by now, None where nobody told; `held` says by which
    order or pin it is held.
    """
    if held is not None:
        return Hold("tool_held", held)
    if own is not None and own.sha256 != pinned.sha256:
        changed = f"{pinned.name} was changed after the run started; submit the task again"
        return Hold("tool_changed", changed)
    return None


def judge_held(verdict: ToolVerdict, hold: Hold | None) -> ToolVerdict:
    """The verdict on a call of a tool that may be held. What was refused is refused as it was."""
    if hold is None or isinstance(verdict, ToolBlocked):
        return verdict
    return ToolBlocked(
        rule=hold.rule,
        policy_version=verdict.policy_version,
        reason=hold.reason,
        findings=verdict.findings,
        call=verdict.call,
        attempt=verdict.attempt,
    )
