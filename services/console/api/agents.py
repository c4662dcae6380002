"""/agents: what may be asked for, as their authors wrote it."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Path
from pydantic import Field

from contracts.agent import Agent, ReleaseLabel
from contracts.radius import Radius
from contracts.release import GateRecord
from contracts.shape import Token
from services.console.api.access import Viewer
from services.console.api.desk import DeskHere
from services.console.api.shapes import Shape
from services.console.errors import NotFound
from shared.release_book import ReleaseBook

router = APIRouter(prefix="/agents", tags=["agents"])
LABELS: tuple[ReleaseLabel, ...] = get_args(ReleaseLabel)


class AgentLine(Shape):
    name: str
    version: str
    description: str
    model: str
    tools: tuple[str, ...]
    labels: dict[str, str] = Field(description="Which version each label stands for")


class AgentView(AgentLine):
    """The whole of an agent, defaults filled in."""

    definition: dict[str, Any]
    gate: GateRecord | None = Field(None, description="Of the label that was asked for")
    radius: Radius | None = Field(
        None, description="The worst it could do if its model obeyed an attacker, as announced"
    )


@router.get("")
async def agents(_person: Viewer, desk: DeskHere) -> list[AgentLine]:
    """Every agent, by name, as it is configured; and what its labels stand for."""
    heads = await desk.releases.heads()
    return [AgentLine(**_line(one, heads)) for _, one in sorted(desk.agents.items())]


@router.get("/{name}")
async def agent(
    name: Annotated[Token, Path()],
    _person: Viewer,
    desk: DeskHere,
    label: ReleaseLabel | None = None,
) -> AgentView:
    """One agent, as it is configured, or as one of its labels has it."""
    found = desk.agents.get(name)
    if found is None:
        raise NotFound(
            f"there is no agent {name}", "agents", f"known are {', '.join(sorted(desk.agents))}"
        )
    heads = await desk.releases.heads()
    gate = None
    if label is not None:
        head = heads.head(name, label)
        if head is None or head.definition is None:
            raise NotFound(f"{name} has no {label}", "label", "look: interlock agents labels")
        found, gate = head.definition, head.gate
    radius = desk.radii.get(name)
    if radius is not None and radius.agent_version != found.version:
        radius = None
    return AgentView(
        **_line(found, heads),
        definition=found.model_dump(mode="json"),
        gate=gate,
        radius=radius,
    )


def _line(agent: Agent, heads: ReleaseBook) -> dict[str, Any]:
    known = {label: heads.version(agent.name, label) for label in LABELS}
    return {
        "name": agent.name,
        "version": agent.version,
        "description": agent.description,
        "model": agent.model,
        "tools": agent.tools,
        "labels": {label: version for label, version in known.items() if version is not None},
    }
