"""The verdict on one tool call. A refusal wins over a question, and a question over a pass."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from contracts.agent import ReviewRule
from contracts.guardrail import ToolBlocked, ToolCleared, ToolEscalated
from contracts.history import Run, pinned
from contracts.history.approval import approval_gap, approver_roles
from contracts.shape import later, sha256_hex
from contracts.tool import ToolManifest, ToolRequested

from .agents import beyond_agents
from .authority import Ruling, policies_of, standing_of
from .conditions import ConditionError, holds
from .leaving import NOTHING, Leaving
from .policy import ArgumentLimit, ToolPolicy

ToolVerdict = ToolCleared | ToolBlocked | ToolEscalated
Arguments = dict[str, object]


def judge_call(
    run: Run,
    asked: ToolRequested,
    policy: ToolPolicy,
    now: datetime,
    above: Sequence[Run] = (),
    leaving: Leaving = NOTHING,
) -> ToolVerdict:
    """Clear, block or escalate a call, with the rule that decided and a sentence.

    `above` are the runs that called this one, the nearest first; `leaving` is what checks found in
    its arguments.
    """
    if (found := leaving.denied) is not None:
        verdict: ToolVerdict = _blocked(asked, policy, found.rule, f"{found.check}: {found.reason}")
    else:
        verdict = _judge(run, asked, policy, now, above, leaving)
    return verdict.model_copy(update={"findings": leaving.findings})


def _judge(
    run: Run,
    asked: ToolRequested,
    policy: ToolPolicy,
    now: datetime,
    above: Sequence[Run],
    leaving: Leaving,
) -> ToolVerdict:
    manifest = _manifest(run, asked)
    if manifest is None:
        return _blocked(asked, policy, "tool_not_allowed", f"the agent has no tool {asked.tool!r}")
    arguments = arguments_in(asked)
    if arguments is None:
        return _blocked(asked, policy, "arguments_unreadable", "its arguments are no JSON object")
    if sha256_hex(asked.arguments_json.encode()) != asked.arguments_sha256:
        return _blocked(asked, policy, "arguments_changed", "its arguments do not fit their hash")
    if excess := _over_limit(policy.argument_limits.get(asked.tool, {}), arguments):
        return _blocked(asked, policy, "argument_limit", excess)
    if refusal := beyond_agents(run, asked, manifest):
        return _blocked(asked, policy, *refusal)
    is_approved = asked.approval_id is not None
    if is_approved and (gap := approval_gap(run, asked)):
        return _blocked(asked, policy, "approval_unfit", gap)
    ruling = _ruling(run, asked, manifest, policy, above, approved=is_approved)
    if is_approved:
        return _judge_approved(run, asked, manifest, arguments, policy, ruling, now, leaving)
    if ruling.answer == "deny":
        return _blocked(asked, policy, ruling.rule, ruling.reason)
    question = _question(run, asked, manifest, arguments, policy, ruling, leaving)
    if question is not None:
        return question
    return _cleared(asked, manifest, policy, now, ruling.rule, ruling.reason)


def _judge_approved(
    run: Run,
    asked: ToolRequested,
    manifest: ToolManifest,
    arguments: Arguments,
    policy: ToolPolicy,
    ruling: Ruling,
    now: datetime,
    leaving: Leaving,
) -> ToolVerdict:
    """People let it run, perhaps with other arguments: judged anew, for the policy may be too."""
    if ruling.answer != "permit":
        return _blocked(asked, policy, ruling.rule, f"nobody may approve it: {ruling.reason}")
    question = _question(run, asked, manifest, arguments, policy, ruling, leaving)
    if question is not None and not _is_enough(run, asked, question):
        reason = f"{question.reason}; those who approved it are not those who may by now"
        return question.model_copy(update={"reason": reason})
    return _cleared(asked, manifest, policy, now, "approved", "people approved this very call")


def _manifest(run: Run, asked: ToolRequested) -> ToolManifest | None:
    """The manifest that was pinned when the run started, if the request names that very one."""
    found = pinned(run, asked.tool)
    return found if found is not None and found.sha256 == asked.manifest_sha256 else None


def arguments_in(asked: ToolRequested) -> Arguments | None:
    """The arguments of a call; None where they are no object, or name one thing twice."""
    try:
        found = json.loads(asked.arguments_json, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once_each(pairs: list[tuple[str, object]]) -> Arguments:
    """Of a name that comes twice, one value would be judged, and perhaps the other used."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _over_limit(limits: dict[str, ArgumentLimit], arguments: Arguments) -> str | None:
    excesses = (
        limit.excess(name, arguments[name]) for name, limit in limits.items() if name in arguments
    )
    return next((excess for excess in excesses if excess is not None), None)


def _ruling(
    run: Run,
    asked: ToolRequested,
    manifest: ToolManifest,
    policy: ToolPolicy,
    above: Sequence[Run],
    *,
    approved: bool,
) -> Ruling:
    """What Cedar makes of the call, by where each of its values comes from."""
    standing = standing_of(run, asked, manifest, policy, approved=approved, above=above)
    ruling = policies_of(policy.cedar, with_default=policy.default_policies).rule(standing)
    doubts = standing.doubts() if ruling.answer != "permit" else ""
    return replace(ruling, reason=f"{ruling.reason}: {doubts}") if doubts else ruling


def _question(
    run: Run,
    asked: ToolRequested,
    manifest: ToolManifest,
    arguments: Arguments,
    policy: ToolPolicy,
    ruling: Ruling,
    leaving: Leaving,
) -> ToolEscalated | None:
    """The question to a person, where the agent's author, the policy, Cedar or a check wants it."""
    assert run.started is not None, "a call belongs to a started run"
    found = leaving.asked
    seen = [] if found is None else [f"{found.check}: {found.reason}"]
    rule = run.started.body.agent.review.get(asked.tool)
    if rule is not None and (reason := _wants_review(rule, arguments)):
        # Who is asked for another reason is told what the policy doubts as well.
        doubts = [ruling.reason] if ruling.answer == "ask" else []
        return _escalated(asked, policy, rule, "; ".join((reason, *doubts, *seen)))
    anybody = ReviewRule(roles=policy.review_roles, expires_seconds=policy.review_expires)
    if manifest.effect in policy.review_effects:
        reason = f"a tool with effect {manifest.effect} always needs a person"
        return _escalated(asked, policy, anybody, reason)
    if ruling.answer == "ask":
        question = _escalated(asked, policy, rule or anybody, "; ".join((ruling.reason, *seen)))
        return question.model_copy(update={"rule": ruling.rule})
    if found is not None:
        question = _escalated(asked, policy, rule or anybody, seen[0])
        return question.model_copy(update={"rule": found.rule})
    return None


def _wants_review(rule: ReviewRule, arguments: Arguments) -> str | None:
    if rule.when is None:
        return "every call of it needs a person"
    try:
        return f"{rule.when}" if holds(rule.when, arguments) else None
    except ConditionError as error:
        return f"{rule.when!r} cannot be told: {error}"


def _is_enough(run: Run, asked: ToolRequested, question: ToolEscalated) -> bool:
    """Whether those who approved it are whom the policy of today would ask."""
    wanted = {*question.roles, *(role for step in question.escalate for role in step.roles)}
    fitting = [role for role in approver_roles(run, asked.approval_id) if role in wanted]
    return len(fitting) >= question.quorum


def _blocked(asked: ToolRequested, policy: ToolPolicy, rule: str, reason: str) -> ToolBlocked:
    return ToolBlocked(
        rule=rule,
        policy_version=policy.version,
        reason=reason,
        call=asked.call,
        attempt=asked.attempt,
    )


def _escalated(
    asked: ToolRequested, policy: ToolPolicy, rule: ReviewRule, reason: str
) -> ToolEscalated:
    return ToolEscalated(
        rule="needs_review",
        policy_version=policy.version,
        reason=reason,
        call=asked.call,
        attempt=asked.attempt,
        roles=rule.roles,
        expires_seconds=rule.expires_seconds,
        default=rule.default,
        quorum=rule.quorum,
        escalate=rule.escalate,
    )


def _cleared(
    asked: ToolRequested,
    manifest: ToolManifest,
    policy: ToolPolicy,
    now: datetime,
    rule: str,
    reason: str,
) -> ToolCleared:
    return ToolCleared(
        rule=rule,
        policy_version=policy.version,
        reason=reason,
        call=asked.call,
        attempt=asked.attempt,
        tool=asked.tool,
        manifest_sha256=manifest.sha256,
        arguments_sha256=asked.arguments_sha256,
        approval_id=asked.approval_id,
        expires_at=later(now, policy.clearance_seconds),
    )
