"""One tool put to Cedar as an attacker would call it: what would be let through, asking nobody?

The run has read everything, and each value in turn comes from ever weaker origins. Nothing is told
to the policies that a run could not come to: where a plan changes the answer, both are tried.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from contracts.agent import Agent
from contracts.radius import Exit, Reach, SinkReach, ToolReach, farthest
from contracts.tool import Sink, ToolManifest
from services.guardrail_checker.rules.policy import ToolPolicy

from .cedar import policies_of
from .origins import Origin
from .standing import CONTEXT_NAME, OUTWARD, Standing

# Weakest first: how far a sink reaches is told by the weakest origin that is let through.
_REACH_OF: tuple[tuple[Origin, Reach], ...] = (
    ("model", "anybody"),
    ("outside", "anybody"),
    ("read", "found"),
    ("vouched", "found"),
    ("bounded", "records"),
    ("named", "records"),
    ("clean", "records"),
    ("created", "user"),
    ("tenant", "tenant"),
    ("user", "user"),
)
# What can only be the origin of one kind.
_OF_ONE_KIND: dict[Origin, Sink] = {"created": "id", "bounded": "amount", "tenant": "destination"}
PAYLOAD = "payload"
A_LINK = "https://a.example/b"

Origins = Mapping[str, Origin]


@dataclass(frozen=True, slots=True)
class Probe:
    """One tool of an agent."""

    agent: Agent
    tool: ToolManifest
    policy: ToolPolicy

    def reach(self) -> ToolReach:
        """What it could do, if it is more than a read."""
        sinks = tuple(
            SinkReach(argument=name, kind=kind, reach=self._farthest(CONTEXT_NAME[kind], kind))
            for name, kind in self.tool.sinks.items()
        )
        review = self.agent.review.get(self.tool.name)
        is_asked = review is not None and review.when is None
        is_asked = is_asked or self.tool.effect in self.policy.review_effects
        is_alone = self._ever({}) and all(one.reach != "nobody" for one in sinks)
        calls = self._calls()
        if is_asked or not is_alone or calls == 0:
            return ToolReach(tool=self.tool.name, effect=self.tool.effect, sinks=sinks, calls=0)
        return ToolReach(
            tool=self.tool.name,
            effect=self.tool.effect,
            sinks=sinks,
            calls=calls,
            largest_amount=self._largest(),
            review=review.when if review is not None else None,
            payload=self.tool.payload,
            undeclared=self._undeclared(),
            links=self._farthest(PAYLOAD),
            repeats=bool(self.tool.sinks) and self._ever({}, repeated=True),
            unasked=self._ever({}, anchored=False, bare=True),
            unplanned=self._permits({}, has_plan=True, planned=False),
            strayed=self._permits({}, has_plan=True, strayed=True),
            unread=self.tool.effect in OUTWARD and self._ever({}, beyond_readers=True),
        )

    def exit(self, found: ToolReach) -> Exit | None:
        """How data leaves by it; None if none does, or not without a person."""
        if found.calls == 0 or self.tool.effect not in OUTWARD:
            return None
        targets = [one.reach for one in found.sinks if one.kind in ("destination", "id")]
        # Where nobody says who receives it, it may be anybody.
        reach = farthest(targets) if targets else "anybody"
        # What says whom it reaches and how much is chosen by the attacker as well, but narrowly.
        free = tuple(name for name in _names(self.tool) if name not in self.tool.sinks)
        return self._exit(free, reach) if free else None

    def fetch(self) -> Exit | None:
        """How data leaves with a link that a read is told; None where it takes none."""
        told = tuple(name for name in _names(self.tool) if _takes_links(self.tool, name))
        reach = self._farthest(PAYLOAD) if told else "nobody"
        return self._exit(told, reach) if reach != "nobody" else None

    def _exit(self, arguments: tuple[str, ...], reach: Reach) -> Exit:
        return Exit(
            agent=self.agent.name,
            tool=self.tool.name,
            effect=self.tool.effect,
            arguments=arguments,
            reach=reach,
        )

    def _farthest(self, name: str, kind: Sink | None = None) -> Reach:
        """How far values of this name reach, if every other value is the user's own."""
        for origin, reach in _REACH_OF:
            if kind is not None and _OF_ONE_KIND.get(origin, kind) != kind:
                continue
            if origin == "tenant" and not self.policy.destinations:
                continue
            if self._ever({name: origin}):
                return reach
        return "nobody"

    def _undeclared(self) -> tuple[str, ...]:
        return () if self.tool.sinks else tuple(_names(self.tool))

    def _calls(self) -> int:
        """How often by the agent's plan, or without any; a tool that only a plan permits, once."""
        limits, plan = self.agent.limits, self.agent.plan
        most = limits.steps * limits.parallel_calls
        if plan is not None and not self._permits({}, has_plan=True, planned=False):
            return min(plan.get(self.tool.name, 0), most)
        if plan is not None:
            return most
        if not self._permits({}, has_plan=False):
            return 1
        if self._permits({}, has_plan=False, effects=self.policy.effects_without_plan):
            return most
        return min(self.policy.effects_without_plan, most)

    def _largest(self) -> Decimal | None:
        limits = self.policy.argument_limits.get(self.tool.name, {})
        amounts = [name for name, kind in self.tool.sinks.items() if kind == "amount"]
        caps = [limits[name].max if name in limits else None for name in amounts]
        known = [cap for cap in caps if cap is not None]
        return max(known) if known and len(known) == len(caps) else None

    def _ever(self, origins: Origins, *, bare: bool = False, **more: object) -> bool:
        plans = (False, True) if self.agent.plan is None else (True,)
        return any(self._permits(origins, has_plan=one, bare=bare, **more) for one in plans)

    def _permits(
        self, origins: Origins, *, has_plan: bool, bare: bool = False, **more: object
    ) -> bool:
        """Whether it runs without a person; `bare` without a value of any of its sinks."""
        kinds = set() if bare else set(self.tool.sinks.values())
        sets = {
            name: [origins.get(name, "user")] if kind in kinds else []
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
            "beyond_readers": False,
            "outward": self.tool.effect in OUTWARD,
            "declared": bool(self.tool.sinks),
            "anchored": True,
            "repeated": False,
            "largest_amount": 0,
            PAYLOAD: [origins[PAYLOAD]] if PAYLOAD in origins else [],
            **sets,
            **more,
        }
        name, tools = self.agent.name, self.agent.tools
        standing = Standing(name, tools, self.tool.name, self.tool.effect, context, ())
        policies = policies_of(self.policy.cedar, with_default=self.policy.default_policies)
        return policies.rule(standing).answer == "permit"


def _names(tool: ToolManifest) -> Iterator[str]:
    properties = tool.parameters.get("properties")
    yield from properties if isinstance(properties, dict) else ()


def _takes_links(tool: ToolManifest, name: str) -> bool:
    """Whether an argument of this schema could be, or hold, a link. What nobody can tell, could."""
    properties = tool.parameters.get("properties")
    schema = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(schema, dict):
        return True
    if "enum" in schema or "const" in schema:
        return False
    if schema.get("type") in ("integer", "number", "boolean", "null"):
        return False
    pattern = schema.get("pattern")
    return not isinstance(pattern, str) or _may_fit(pattern)


def _may_fit(pattern: str) -> bool:
    try:
        return re.search(pattern, A_LINK) is not None
    except re.error:
        return True
