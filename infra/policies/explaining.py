"""Why a recorded call was cleared, asked about or blocked: where each of its values comes from."""

from collections.abc import Sequence
from typing import Any

from contracts.history import Call, Run
from contracts.subjects import kind_of_body
from contracts.tool import ToolRequested
from services.guardrail_checker.rules import ToolPolicy, judge_call
from services.guardrail_checker.rules.authority import Standing, standing_of
from services.guardrail_checker.rules.authority.reads import manifests_of


class NotJudged(Exception):
    """There is no such call, or no gate has judged it; the message says which calls there are."""


def explained(run: Run, call: str, policy: ToolPolicy, above: Sequence[Run] = ()) -> dict[str, Any]:
    """The values of a call, what Cedar was told of it, and what the policy makes of that.

    `above` are the runs that called this one, the nearest first.

    Raises:
        NotJudged: the run has no such call, or it was not judged.
    """
    found = _call(run, call)
    first = found.tries[0]
    asked: ToolRequested = first.request.body
    manifest = manifests_of(run).get(asked.tool)
    if first.verdict is None or manifest is None:
        raise NotJudged(f"call {call} of {asked.tool} was never judged by a policy")
    standing = standing_of(run, asked, manifest, policy, approved=False, above=above)
    now = judge_call(run, asked, policy, first.request.time, above)
    recorded = first.verdict.body
    return {
        "run_id": run.run_id,
        "tenant": run.tenant,
        "call": call,
        "tool": asked.tool,
        "effect": manifest.effect,
        "recorded": {
            "verdict": first.verdict.type,
            "rule": recorded.rule,
            "reason": recorded.reason,
            "policy_version": recorded.policy_version,
        },
        "now": {
            "verdict": kind_of_body(type(now)).type,
            "rule": now.rule,
            "reason": now.reason,
            "policy_version": now.policy_version,
        },
        "values": _values(standing),
        "context": standing.context,
    }


def _values(standing: Standing) -> list[dict[str, Any]]:
    return [
        {
            "argument": one.argument,
            "as": one.name,
            "value": one.value,
            "origin": one.origin,
            "told": str(one),
        }
        for one in standing.traced
    ]


def _call(run: Run, name: str) -> Call:
    found = run.call(name)
    if found is None or not found.tries:
        known = [one.name for step in run.steps for one in step.calls]
        told = f"it has {', '.join(known)}" if known else "it called no tool"
        raise NotJudged(f"run {run.run_id} has no call {name}; {told}")
    return found
