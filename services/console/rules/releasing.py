"""What follows when people move labels of agents, and what production goes back to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from contracts.agent import Agent
from contracts.release import AgentReleased, ReleaseAsked
from contracts.tool import ToolManifest
from shared.release_book import ReleaseBook

RequestState = Literal["open", "released", "refused"]


@dataclass(frozen=True, slots=True)
class Way:
    """Where production goes back to. No `definition`: to the agent as it is configured."""

    undone: AgentReleased
    back: AgentReleased | None

    @property
    def returns_to(self) -> str:
        """The release that is put back; where there is none, the one that is undone."""
        return (self.back or self.undone).nonce

    @property
    def definition(self) -> Agent | None:
        return None if self.back is None else self.back.definition


def history_of(heads: ReleaseBook, agent: str) -> tuple[AgentReleased, ...]:
    """Every release of an agent that the log still has, the newest first."""
    return tuple(one for one in reversed(heads.history) if one.agent == agent)


def state_of(heads: ReleaseBook, asked: ReleaseAsked) -> RequestState:
    """What became of a request to move production."""
    if any(one.nonce == asked.nonce for one in history_of(heads, asked.agent)):
        return "released"
    return "open" if asked.refused_by is None else "refused"


def open_request(heads: ReleaseBook, agent: str) -> ReleaseAsked | None:
    """The request of an agent that waits for a second person."""
    asked = heads.asked.get(agent)
    return asked if asked is not None and state_of(heads, asked) == "open" else None


def way_back(heads: ReleaseBook, agent: str) -> Way | None:
    """Where production goes back to; None where it is as configured already.

    That is what people had moved it to before. What was undone once is no place to go back to, or
    two rollbacks would lead forward again.
    """
    standing: list[AgentReleased] = []
    for one in heads.history:
        if (one.agent, one.label) != (agent, "production"):
            continue
        if one.returns_to is None:
            standing.append(one)
        else:
            while standing and (one.definition is None or standing[-1].nonce != one.returns_to):
                standing.pop()
    if not standing:
        return None
    now = standing.pop()
    others = [one for one in standing if one.definition != now.definition]
    return Way(now, others[-1] if others else None)


def unfit(
    definition: Agent,
    agents: Iterable[str],
    manifests: Mapping[str, ToolManifest],
    aliases: Iterable[str],
) -> tuple[str, str] | None:
    """Why a definition could not be run here, and what to do; None where it could."""
    missing = sorted(set(definition.tools) - set(manifests))
    if missing:
        what = f"it lists tools that are not declared: {', '.join(missing)}"
        return what, "deploy the tools first, or take them out"
    unknown = sorted({one.agent for one in definition.agents.values()} - set(agents))
    if unknown:
        return f"it calls agents that there are not: {', '.join(unknown)}", "deploy them first"
    twice = sorted(set(definition.tools) & set(definition.agents))
    if twice:
        return f"a tool and an agent have one name: {', '.join(twice)}", "rename one"
    if definition.model not in aliases:
        known = ", ".join(sorted(aliases))
        return f"models.yaml has no alias {definition.model!r}", f"take one of {known}"
    return None
