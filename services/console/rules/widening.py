"""What a change lets an agent do more, or with less care: what its reviewer looks at first."""

from collections.abc import Iterator
from decimal import Decimal

from contracts.agent import Agent, AgentLimits, ReviewRule


def widened(before: Agent, after: Agent) -> tuple[str, ...]:
    """One sentence for each way in which the agent is less bound than it was."""
    return (
        *_reach(before, after),
        *_limits(before.limits, after.limits),
        *_care(before, after),
        *_reviews(before, after),
    )


def _reach(before: Agent, after: Agent) -> Iterator[str]:
    for tool in sorted(set(after.tools) - set(before.tools)):
        yield f"it may call {tool}"
    for name, delegate in sorted(after.agents.items()):
        known = before.agents.get(name)
        if known is None or known.agent != delegate.agent:
            yield f"it may ask the agent {delegate.agent}, as {name}"
        elif _more(known.budget_usd, delegate.budget_usd):
            least = _most(known.budget_usd)
            yield f"{name} may spend {_most(delegate.budget_usd)}, and {least} before"


def _limits(before: AgentLimits, after: AgentLimits) -> Iterator[str]:
    for name in AgentLimits.model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if new > old:
            yield f"limits.{name} is {new}, and was {old}"


def _care(before: Agent, after: Agent) -> Iterator[str]:
    for side in ("input", "output"):
        kept = getattr(after.guardrails, side)
        for check in getattr(before.guardrails, side):
            if check not in kept:
                yield f"its {side} is no longer checked by {check}"
    for name in before.evaluators:
        if name not in after.evaluators:
            yield f"it is no longer held to {name}"


def _reviews(before: Agent, after: Agent) -> Iterator[str]:
    """Of tools that it may still call."""
    for tool, old in sorted(before.review.items()):
        new = after.review.get(tool)
        if tool not in after.tools:
            continue
        if new is None:
            yield f"nobody is asked about {tool} any more"
        else:
            yield from (f"{tool}: {how}" for how in _rule(old, new))


def _rule(old: ReviewRule, new: ReviewRule) -> Iterator[str]:
    if new.when is not None and new.when != old.when:
        yield f"people are asked when {new.when}, and were {_when(old)}"
    if more := sorted(_answering(new) - _answering(old)):
        yield f"{', '.join(more)} may answer too"
    if new.quorum < old.quorum:
        yield f"{new.quorum} must approve, and {old.quorum} had to"


def _answering(rule: ReviewRule) -> set[str]:
    """Who may answer sooner or later."""
    return {*rule.roles, *(role for step in rule.escalate for role in step.roles)}


def _more(old: Decimal | None, new: Decimal | None) -> bool:
    return old is not None and (new is None or new > old)


def _most(budget_usd: Decimal | None) -> str:
    return "all that the run may" if budget_usd is None else f"${budget_usd}"


def _when(rule: ReviewRule) -> str:
    return "always" if rule.when is None else f"when {rule.when}"
