"""The blast radius, asked of the policies themselves: which calls would they let through?

Each tool is put to Cedar as an attacker would call it: a run that has read everything, and each
value in turn from ever weaker origins. What is still permitted is what nobody would be asked about.
"""

from collections.abc import Mapping
from decimal import Decimal

from contracts.agent import Agent
from contracts.radius import Radius, Reach, SinkReach, ToolReach
from contracts.tool import Sink, ToolManifest
from services.guardrail_checker.rules.policy import ToolPolicy

from .cedar import CedarPolicies, policies_of
from .origins import Origin
from .standing import CONTEXT_NAME, OUTWARD, Standing

# Weakest first: how far a sink reaches is told by the weakest origin that is let through.
_REACH_OF: tuple[tuple[Origin, Reach], ...] = (
    ("model", "anybody"),
    ("outside", "anybody"),
    ("read", "records"),
    ("vouched", "records"),
    ("bounded", "records"),
    ("named", "records"),
    ("clean", "records"),
    ("created", "user"),
    ("tenant", "tenant"),
    ("user", "user"),
)
# What can only be the origin of one kind.
_OF_ONE_KIND: dict[Origin, Sink] = {"created": "id", "bounded": "amount", "tenant": "destination"}


def radius_of(agent: Agent, manifests: Mapping[str, ToolManifest], policy: ToolPolicy) -> Radius:
    """The worst of one agent; tools without a manifest it cannot call."""
    tools = [manifests[name] for name in agent.tools if name in manifests]
    policies = policies_of(policy.cedar, with_default=policy.default_policies)
    reads = [tool for tool in tools if tool.effect == "read"]
    return Radius(
        agent=agent.name,
        agent_version=agent.version,
        policy_version=policy.version,
        tools=tuple(
            _reach(agent, tool, policy, policies) for tool in tools if tool.effect != "read"
        ),
        reads=tuple(one.name for one in reads if one.output_trust == "internal"),
        hears=tuple(one.name for one in tools if one.output_trust == "external"),
        agents=tuple(sorted({one.agent for one in agent.agents.values()})),
    )


def _reach(
    agent: Agent, tool: ToolManifest, policy: ToolPolicy, policies: CedarPolicies
) -> ToolReach:
    sinks = tuple(
        SinkReach(argument=name, kind=kind, reach=_farthest(agent, tool, kind, policies, policy))
        for name, kind in tool.sinks.items()
    )
    review = agent.review.get(tool.name)
    always = tool.effect in policy.review_effects or (review is not None and review.when is None)
    stopped = always or any(one.reach == "nobody" for one in sinks)
    stopped = stopped or not _is_let_through(agent, tool, {}, policies, policy)
    return ToolReach(
        tool=tool.name,
        effect=tool.effect,
        sinks=sinks,
        calls=0 if stopped else _calls(agent, tool, policies, policy),
        calls_as_planned=not stopped,
        largest_amount=_largest(tool, policy),
        review=review.when if review is not None else None,
        payload=tool.payload,
    )


def _farthest(
    agent: Agent, tool: ToolManifest, kind: Sink, policies: CedarPolicies, policy: ToolPolicy
) -> Reach:
    """How far a sink of this kind reaches, if every other value is the user's own."""
    for origin, reach in _REACH_OF:
        if _OF_ONE_KIND.get(origin, kind) != kind:
            continue
        if origin == "tenant" and not policy.destinations:
            continue
        if _is_let_through(agent, tool, {kind: origin}, policies, policy):
            return reach
    return "nobody"


def _calls(agent: Agent, tool: ToolManifest, policies: CedarPolicies, policy: ToolPolicy) -> int:
    """How often it may be called in a run without a plan; a tool that only a plan permits, once."""
    again = {"repeated": True}
    if not _permits(agent, tool, {}, {"has_plan": False}, policies, policy):
        return 1
    if tool.sinks and not _permits(agent, tool, {}, {"has_plan": False, **again}, policies, policy):
        return 1
    return policy.effects_without_plan


def _is_let_through(
    agent: Agent,
    tool: ToolManifest,
    origins: Mapping[Sink, Origin],
    policies: CedarPolicies,
    policy: ToolPolicy,
) -> bool:
    """With a plan or without."""
    return any(
        _permits(agent, tool, origins, {"has_plan": planned}, policies, policy)
        for planned in (False, True)
    )


def _permits(
    agent: Agent,
    tool: ToolManifest,
    origins: Mapping[Sink, Origin],
    changes: Mapping[str, object],
    policies: CedarPolicies,
    policy: ToolPolicy,
) -> bool:
    sets = {name: _origin_set(tool, kind, origins) for kind, name in CONTEXT_NAME.items()}
    context: dict[str, object] = {
        "tenant": "",
        "approved": False,
        "planned": True,
        "calls": 0,
        "effects": 0,
        "effects_limit": policy.effects_without_plan,
        "spent_micro_usd": 0,
        "untrusted": True,
        "private": True,
        "strayed": False,
        "outward": tool.effect in OUTWARD,
        "declared": bool(tool.sinks),
        "anchored": True,
        "repeated": False,
        "largest_amount": 0,
        "payload": [],
        **sets,
        **changes,
    }
    standing = Standing(agent.name, agent.tools, tool.name, tool.effect, context, ())
    return policies.rule(standing).answer == "permit"


def _origin_set(tool: ToolManifest, kind: Sink, origins: Mapping[Sink, Origin]) -> list[str]:
    return [origins.get(kind, "user")] if kind in tool.sinks.values() else []


def _largest(tool: ToolManifest, policy: ToolPolicy) -> Decimal | None:
    limits = policy.argument_limits.get(tool.name, {})
    amounts = [name for name, kind in tool.sinks.items() if kind == "amount"]
    caps = [limits[name].max if name in limits else None for name in amounts]
    return max((one for one in caps if one is not None), default=None) if None not in caps else None
