"""The blast radius of an agent: the worst that it could do if its model obeyed an attacker."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, get_args

from pydantic import Field

from .shape import Body
from .tool import Effect, Sink

Reach = Literal["nobody", "user", "tenant", "records", "found", "anybody"]
REACHES: tuple[Reach, ...] = get_args(Reach)
"""Whom or what a call may affect without a person, narrowest first: what the user named, what is on
the tenant's lists as well, what the tenant's own records or those of objects that the user named
hold as well, what reads found in records that an outsider may have chosen, whatever there is."""


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
    undeclared: tuple[str, ...] = Field(
        (), description="Arguments that may decide anything: the tool declares no sinks"
    )
    links: Reach = Field(
        "nobody", description="Whose links, addresses and account numbers its text may carry"
    )
    repeats: bool = Field(False, description="More than once with the same payee or object")
    unasked: bool = Field(False, description="Though nothing in its arguments is the user's")
    unplanned: bool = Field(False, description="Though the plan of the task does not have it")
    strayed: bool = Field(False, description="After reads that the plan does not have")
    unread: bool = Field(False, description="To whoever may not see what the run has read")


class Exit(Body):
    """A call by which data leaves the platform, asking nobody."""

    agent: str = Field(description="Whose tool it is: this agent's, or one's that it may call")
    tool: str
    effect: Effect
    arguments: tuple[str, ...] = Field(description="What carries it")
    reach: Reach

    @property
    def name(self) -> str:
        return f"{self.agent}/{self.tool}"


class Worst(Body):
    """The worst of one run with every agent that it may call, each call at its worst."""

    money: Decimal | None = Field(
        description="Of all payments together; absent: no policy limits one of them"
    )
    written_to: Reach = Field(description="Who can be written to or paid")
    data: tuple[str, ...] = Field(description="Reads whose results could leave")
    exits: tuple[Exit, ...] = Field(description="The calls by which they could")


class Radius(Body):
    """All of one agent, at one version, under one policy."""

    agent: str
    agent_version: str
    policy_version: str
    tools: tuple[ToolReach, ...]
    reads: tuple[str, ...] = Field(description="Tools that show it what is the tenant's own")
    hears: tuple[str, ...] = Field(description="Tools that may bring an outsider's text")
    fetches: tuple[Exit, ...] = Field(
        (), description="Reads that take a link: what they are told may leave with it"
    )
    agents: tuple[str, ...] = Field((), description="Agents it may call, each with its own radius")
    children: int = Field(0, description="How many of them one run may call")
    spends_usd: Decimal | None = Field(
        None,
        description="In one run, with all that it calls, on models and on tools with a price; "
        "absent in older files",
    )
    prices_usd: dict[str, Decimal] = Field(
        default_factory=dict, description="What one call of a tool costs, where it costs anything"
    )
    worst: Worst | None = Field(None, description="With those agents; absent in older files")


class RadiusFile(Body):
    """`blast-radius.json` of a configuration folder: what was announced."""

    agents: dict[str, Radius]


def farthest(reaches: Iterable[Reach]) -> Reach:
    """The widest of several; nobody where there are none."""
    return max(reaches, key=REACHES.index, default="nobody")


def is_farther(after: Reach, before: Reach) -> bool:
    """Whether one reaches more than the other."""
    return REACHES.index(after) > REACHES.index(before)
