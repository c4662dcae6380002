"""The pinned tools of a configuration folder, and whether a tool may run: by pin, or by order."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from contracts.control import ControlOrdered
from contracts.pins import PinFile, Pins, drift, pin_of
from contracts.tool import ToolManifest
from shared.config import describe
from shared.errors import ConfigError

FILE = "tool-pins.json"
REMEDY = "look at it: interlock tools list"


class ToolOrders(Protocol):
    """The last order for each tool."""

    def for_tool(self, name: str) -> ControlOrdered | None:
        """None where there is none.

        Raises:
            Again: the orders could not be read for too long to be relied upon.
        """
        ...


def load_pins(config_dir: Path) -> Pins | None:
    """By tool; None where the folder keeps none, so that no tool is held to them.

    Raises:
        ConfigError: the file does not parse.
    """
    path = config_dir / FILE
    if not path.exists():
        return None
    try:
        return PinFile.model_validate_json(path.read_bytes()).tools
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}; interlock tools pin") from None


def save_pins(config_dir: Path, manifests: Iterable[ToolManifest]) -> int:
    """Pin tools as they are now; how many."""
    pins = {one.name: pin_of(one) for one in sorted(manifests, key=lambda each: each.name)}
    text = PinFile(tools=pins).model_dump_json(indent=2)
    (config_dir / FILE).write_text(f"{text}\n", "utf-8")
    return len(pins)


def why_held(manifest: ToolManifest, pins: Pins | None, order: ControlOrdered | None) -> str | None:
    """Why no call of a tool may start, as a sentence; None where one may.

    An order that releases it is about this very manifest: of another one it says nothing.
    """
    if order is not None and order.state == "stopped":
        by = f"{order.principal}: {order.reason or 'no reason given'}"
        return f"the tool {manifest.name} is stopped by {by}"
    changed = drift(manifest, pins)
    if changed is None:
        return None
    if order is not None and order.pin_sha256 == pin_of(manifest).sha256:
        return None
    return f"{changed}; it is in quarantine until an operator releases it ({REMEDY})"
