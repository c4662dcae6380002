"""The blast radius, asked of the policies themselves: which calls would they let through?

Each tool is put to Cedar as an attacker would call it: a run that has read everything, and each
value in turn from ever weaker origins. What is still permitted is what nobody would be asked about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from contracts.agent import Agent
from contracts.radius import Radius, Reach, SinkReach, ToolReach
from contracts.tool import Sink, ToolManifest
from services.guardrail_checker.rules.policy import ToolPolicy

from .cedar import policies_of
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
    reads = [tool for tool in tools if tool.effect == "read"]
    return Radius(
        agent=agent.name,
        agent_version=agent.version,
        policy_version=policy.version,
        tools=tuple(_Probe(agent, one, policy).reach() for one in tools if one.effect != "read"),
        reads=tuple(one.name for one in reads if one.output_trust == "internal"),
        hears=tuple(one.name for one in tools if one.output_trust == "external"),
        agents=tuple(sorted({one.agent for one in agent.agents.values()})),
    )


@dataclass(frozen=True, slots=True)
class _Probe:
    """One tool of an agent, called as an attacker would."""

    agent: Agent
    tool: ToolManifest
    policy: ToolPolicy

    def reach(self) -> ToolReach:
        sinks = tuple(
            SinkReach(argument=name, kind=kind, reach=self._farthest(kind))
            for name, kind in self.tool.sinks.items()
        )
        review = self.agent.review.get(self.tool.name)
        is_asked = review is not None and review.when is None
        is_asked = is_asked or self.tool.effect in self.policy.review_effects
        is_alone = self._ever_permits({}) and all(one.reach != "nobody" for one in sinks)
        return ToolReach(
            tool=self.tool.name,
            effect=self.tool.effect,
            sinks=sinks,
            calls=self._calls() if is_alone and not is_asked else 0,
            largest_amount=self._largest(),
            review=review.when if review is not None else None,
            payload=self.tool.payload,
        )

    def _farthest(self, kind: Sink) -> Reach:
        """How far a sink of this kind reaches, if every other value is the user's own."""
        for origin, reach in _REACH_OF:
            if _OF_ONE_KIND.get(origin, kind) != kind:
                continue
            if origin == "tenant" and not self.policy.destinations:
                continue
            if self._ever_permits({kind: origin}):
                return reach
        return "nobody"

    def _calls(self) -> int:
        """How often in a run without a plan; a tool that only a plan permits, once."""
        if not self._permits({}, has_plan=False):
            return 1
        if self.tool.sinks and not self._permits({}, has_plan=False, repeated=True):
            return 1
        return self.policy.effects_without_plan

    def _largest(self) -> Decimal | None:
        limits = self.policy.argument_limits.get(self.tool.name, {})
        amounts = [name for name, kind in self.tool.sinks.items() if kind == "amount"]
        caps = [limits[name].max if name in limits else None for name in amounts]
        known = [cap for cap in caps if cap is not None]
        return max(known) if known and len(known) == len(caps) else None

    def _ever_permits(self, origins: Mapping[Sink, Origin]) -> bool:
        return any(self._permits(origins, has_plan=planned) for planned in (False, True))

    def _permits(
        self, origins: Mapping[Sink, Origin], *, has_plan: bool, repeated: bool = False
    ) -> bool:
        kinds = set(self.tool.sinks.values())
        sets = {
            name: [origins.get(kind, "user")] if kind in kinds else []
            for kind, name in CONTEXT_NAME.items()
        }
        context: dict[str, object] = {
            "tenant": "",
            "approved": False,
            "has_plan": has_plan,
            "planned": True,
            "calls": 0,
            "effects": 0,
            "effects_limit": self.policy.effects_without_plan,
            "spent_micro_usd": 0,
            "untrusted": True,
            "private": True,
            "strayed": False,
            "outward": self.tool.effect in OUTWARD,
            "declared": bool(self.tool.sinks),
            "anchored": True,
            "repeated": repeated,
            "largest_amount": 0,
            "payload": [],
            **sets,
        }
        name, tools = self.agent.name, self.agent.tools
        standing = Standing(name, tools, self.tool.name, self.tool.effect, context, ())
        policies = policies_of(self.policy.cedar, with_default=self.policy.default_policies)
        return policies.rule(standing).answer == "permit"
