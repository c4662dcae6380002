"""The blast radius of an agent: the worst that it could do if its model obeyed an attacker."""

from decimal import Decimal
from typing import Literal, get_args

from pydantic import Field

from .shape import Body
from .tool import Effect, Sink

Reach = Literal["nobody", "user", "tenant", "records", "anybody"]
REACHES: tuple[Reach, ...] = get_args(Reach)
"""Whom or what a call may affect without a person, narrowest first: what the user named, what is on
the tenant's lists as well, what typed fields of planned reads hold as well, whatever there is."""


class SinkReach(Body):
    """How far one argument reaches without a person."""

    argument: str
    kind: Sink
    reach: Reach


class ToolReach(Body):
    """What a compromised model could do with one tool, asking nobody."""

    tool: str
    effect: Effect
    sinks: tuple[SinkReach, ...] = ()
    calls: int = Field(
        description="In one run, at most, or as its plan says; 0: never without a person"
    )
    largest_amount: Decimal | None = Field(
        None, description="Of one call; absent: as much as the user or the payee's records state"
    )
    review: str | None = Field(None, description="When its author wants a person all the same")
    payload: tuple[str, ...] = Field((), description="Arguments whose text leaves")


class Radius(Body):
    """All of one agent, at one version, under one policy."""

    agent: str
    agent_version: str
    policy_version: str
    tools: tuple[ToolReach, ...]
    reads: tuple[str, ...] = Field(description="Tools that show it what is the tenant's own")
    hears: tuple[str, ...] = Field(description="Tools that may bring an outsider's text")
    agents: tuple[str, ...] = Field((), description="Agents it may call, each with its own radius")


class RadiusFile(Body):
    """`blast-radius.json` of a configuration folder: what was announced."""

    agents: dict[str, Radius]


def widened(before: Radius | None, after: Radius) -> tuple[str, ...]:
    """In what an agent could do more than was announced, as sentences; none if in nothing."""
    known = {one.tool: one for one in before.tools} if before is not None else {}
    found: list[str] = []
    for one in after.tools:
        found += _widened(known.get(one.tool), one)
    more = set(after.reads) - set(before.reads if before is not None else ())
    called = set(after.agents) - set(before.agents if before is not None else ())
    return (
        *found,
        *(f"{name} shows it what is the tenant's own" for name in sorted(more)),
        *(f"it may call the agent {name}" for name in sorted(called)),
    )


def _widened(before: ToolReach | None, after: ToolReach) -> list[str]:
    if after.calls == 0:
        return []
    if before is None or before.calls == 0:
        return [f"{after.tool} ({after.effect}) may be called without a person"]
    found = []
    if after.calls > before.calls:
        found.append(f"{after.tool} may be called {after.calls} times, not {before.calls}")
    if _is_more(before.largest_amount, after.largest_amount):
        most = "no limit of policy" if after.largest_amount is None else after.largest_amount
        found.append(f"{after.tool}: one amount may be {most}, not {before.largest_amount}")
    if before.review is not None and after.review != before.review:
        found.append(f"{after.tool}: people were asked when {before.review}; now {after.review}")
    found += [
        f"{after.tool}: {argument} leaves"
        for argument in after.payload
        if argument not in before.payload
    ]
    known = {one.argument: one.reach for one in before.sinks}
    found += [
        f"{after.tool}: {one.argument} reaches {one.reach}, not {known.get(one.argument, 'nobody')}"
        for one in after.sinks
        if REACHES.index(one.reach) > REACHES.index(known.get(one.argument, "nobody"))
    ]
    return found


def _is_more(before: Decimal | None, after: Decimal | None) -> bool:
    return before is not None and (after is None or after > before)
