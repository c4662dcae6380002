"""/tools: every declared tool, what it may do, and whether its calls may start."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from contracts.control import ControlOrdered
from contracts.pins import Pins, drift, pin_of
from contracts.tool import ToolManifest
from services.console.api.access import Viewer
from services.console.api.desk import Desk, DeskHere
from services.console.api.shapes import Shape
from services.console.errors import NotFound, Unavailable
from shared.config import load_manifests
from shared.errors import ConfigError
from shared.pins import load_pins, why_held

router = APIRouter(prefix="/tools", tags=["tools"])


class ToolLine(Shape):
    """A tool as the executor has it."""

    name: str
    description: str
    effect: str
    output_trust: str
    declared_in: str = Field(description="Its module; mcp:NAME for a tool of an MCP server")
    price_usd: Decimal = Field(description="Of one call, as its author says; held before it starts")
    state: Literal["as_pinned", "unpinned", "quarantined", "released", "stopped"] = Field(
        description="unpinned: this configuration pins no tools"
    )
    reason: str = ""
    pin_sha256: str = Field(description="Of what it is now: name it to release this and no other")


class ToolDetail(ToolLine):
    """A tool whole: what the model reads of it, and all that it was declared to do."""

    manifest: ToolManifest


@router.get("")
async def tools(_person: Viewer, desk: DeskHere) -> list[ToolLine]:
    """Every tool, by name."""
    manifests, pins, orders = manifests_here(desk), _pins(desk), await _orders(desk)
    return [_line(one, pins, orders.get(name)) for name, one in sorted(manifests.items())]


@router.get("/{name}")
async def tool(name: str, _person: Viewer, desk: DeskHere) -> ToolDetail:
    """One tool."""
    manifest = manifests_here(desk).get(name)
    if manifest is None:
        raise NotFound(f"there is no tool {name}", "tool", "see: interlock tools list")
    line = _line(manifest, _pins(desk), (await _orders(desk)).get(name))
    return ToolDetail(**line.model_dump(), manifest=manifest)


async def _orders(desk: Desk) -> dict[str | None, ControlOrdered]:
    """The order in force about each tool."""
    return {one.name: one for one in await desk.orders.last_orders() if one.scope == "tool"}


def manifests_here(desk: Desk) -> Mapping[str, ToolManifest]:
    """The tools of this platform.

    Raises:
        Unavailable: their file cannot be read.
    """
    try:
        return load_manifests(desk.settings.manifests_file)
    except ConfigError as error:
        raise Unavailable(str(error), "tools", "start the tool executor, then try again") from None


def _pins(desk: Desk) -> Pins | None:
    try:
        return load_pins(desk.settings.config_dir)
    except ConfigError as error:
        raise Unavailable(str(error), "tools", "write it anew: interlock tools pin") from None


def _line(manifest: ToolManifest, pins: Pins | None, order: ControlOrdered | None) -> ToolLine:
    changed = drift(manifest, pins)
    held = why_held(manifest, pins, order)
    state: Literal["as_pinned", "unpinned", "quarantined", "released", "stopped"]
    if order is not None and order.state == "stopped":
        state = "stopped"
    elif held is not None:
        state = "quarantined"
    elif changed is not None:
        state = "released"
    else:
        state = "as_pinned" if pins is not None else "unpinned"
    return ToolLine(
        name=manifest.name,
        description=manifest.description,
        effect=manifest.effect,
        output_trust=manifest.output_trust,
        declared_in=manifest.module,
        price_usd=manifest.price_usd,
        state=state,
        reason=held or changed or "",
        pin_sha256=pin_of(manifest).sha256,
    )
