"""The blast radius, asked of the policies themselves: which calls would they let through?

That of an agent alone, and with every agent that it may call: what a child does is done in the name
of the run above it, so the worst of a run is that of its whole family.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from contracts.agent import DEPTH_LIMIT, Agent
from contracts.radius import Exit, Radius, Reach, ToolReach, Worst, farthest
from contracts.tool import ToolManifest
from services.guardrail_checker.rules.policy import ToolPolicy

from .probe import Probe
from .standing import OUTWARD


def radii_of(
    agents: Mapping[str, Agent], manifests: Mapping[str, ToolManifest], policy: ToolPolicy
) -> dict[str, Radius]:
    """The radius of each, with those that it may call. An agent that is not here does nothing."""
    alone = {name: radius_of(agent, manifests, policy) for name, agent in sorted(agents.items())}
    exits = {
        name: tuple(_exits(agents[name], manifests, policy, found)) for name, found in alone.items()
    }
    moneys = _moneys(alone)
    return {
        name: found.model_copy(update={"worst": _worst(name, alone, exits, moneys[name])})
        for name, found in alone.items()
    }


def radius_of(agent: Agent, manifests: Mapping[str, ToolManifest], policy: ToolPolicy) -> Radius:
    """The worst of one agent by itself; tools without a manifest it cannot call."""
    tools = [manifests[name] for name in agent.tools if name in manifests]
    probes = [Probe(agent, one, policy) for one in tools]
    reads = [tool for tool in tools if tool.effect == "read"]
    fetches = (probe.fetch() for probe in probes if probe.tool.effect == "read")
    return Radius(
        agent=agent.name,
        agent_version=agent.version,
        policy_version=policy.version,
        tools=tuple(probe.reach() for probe in probes if probe.tool.effect != "read"),
        reads=tuple(one.name for one in reads if one.output_trust == "internal"),
        hears=tuple(one.name for one in tools if one.output_trust == "external"),
        fetches=tuple(one for one in fetches if one is not None),
        agents=tuple(sorted({one.agent for one in agent.agents.values()})),
        children=agent.limits.children if agent.agents else 0,
        # Every hold of a run, and of those that it calls, is taken on this budget as well.
        spends_usd=agent.limits.budget_usd,
        prices_usd={one.name: one.price_usd for one in tools if one.price_usd},
    )


def _exits(
    agent: Agent, manifests: Mapping[str, ToolManifest], policy: ToolPolicy, found: Radius
) -> Iterator[Exit]:
    for one in found.tools:
        left = Probe(agent, manifests[one.tool], policy).exit(one)
        if left is not None:
            yield left
    yield from found.fetches


def _worst(
    name: str,
    alone: Mapping[str, Radius],
    exits: Mapping[str, tuple[Exit, ...]],
    money: Decimal | None,
) -> Worst:
    family = sorted(_family(name, alone))
    tools = [tool for each in family for tool in alone[each].tools if tool.calls]
    outward = [tool for tool in tools if tool.effect in OUTWARD]
    heard = {one for each in family for one in (*alone[each].reads, *alone[each].hears)}
    doing = {tool.tool for each in family for tool in alone[each].tools}
    return Worst(
        money=money,
        written_to=farthest(reach for tool in outward for reach in _receivers(tool)),
        data=tuple(sorted(heard - doing)),
        exits=tuple(one for each in family for one in exits[each]),
    )


def _receivers(tool: ToolReach) -> Iterator[Reach]:
    if tool.undeclared:
        yield "anybody"
    yield from (sink.reach for sink in tool.sinks if sink.kind in ("destination", "id"))


def _family(name: str, alone: Mapping[str, Radius]) -> set[str]:
    """It, and every agent that its calls could come to."""
    family = {name}
    for _ in range(DEPTH_LIMIT):
        called = {one for each in family for one in alone[each].agents if one in alone}
        family |= called
    return family


def _moneys(alone: Mapping[str, Radius]) -> dict[str, Decimal | None]:
    """All that one run of each could pay, with what it calls: from the lowest children up."""
    below: dict[str, Decimal | None] = {}
    for _ in range(DEPTH_LIMIT + 1):
        below = {name: _money(found, below) for name, found in alone.items()}
    return below


def _money(found: Radius, below: Mapping[str, Decimal | None]) -> Decimal | None:
    """What it and its children pay; None where no policy limits one of the payments."""
    own = [
        None if tool.largest_amount is None else tool.calls * tool.largest_amount
        for tool in found.tools
        if tool.effect == "money" and tool.calls
    ]
    children = [below.get(one, Decimal(0)) for one in found.agents]
    known = [one for one in (*own, *children) if one is not None]
    if len(known) < len(own) + len(children):
        return None
    dearest = max(known[len(own) :], default=Decimal(0))
    return sum(known[: len(own)], found.children * dearest)
