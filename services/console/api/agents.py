"""/agents: what may be asked for, as their authors wrote it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from contracts.agent import Agent
from contracts.shape import Token
from services.console.api.desk import DeskHere
from services.console.api.people import Viewer
from services.console.api.shapes import Shape
from services.console.errors import NotFound

router = APIRouter(prefix="/agents", tags=["agents"])


class AgentLine(Shape):
    name: str
    version: str
    description: str
    model: str
    tools: tuple[str, ...]


class AgentView(AgentLine):
    """The whole of an agent, defaults filled in."""

    definition: dict[str, Any]


@router.get("")
async def agents(_person: Viewer, desk: DeskHere) -> list[AgentLine]:
    """Every agent, by name."""
    return [AgentLine(**_line(one)) for _, one in sorted(desk.agents.items())]


@router.get("/{name}")
async def agent(name: Annotated[Token, Path()], _person: Viewer, desk: DeskHere) -> AgentView:
    """One agent."""
    found = desk.agents.get(name)
    if found is None:
        raise NotFound(
            f"there is no agent {name}", "agents", f"known are {', '.join(sorted(desk.agents))}"
        )
    return AgentView(**_line(found), definition=found.model_dump(mode="json"))


def _line(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "version": agent.version,
        "description": agent.description,
        "model": agent.model,
        "tools": agent.tools,
    }
