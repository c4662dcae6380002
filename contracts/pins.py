"""What a tool was when somebody looked at it, by hash; what differs from that is in quarantine.

A description is what a model obeys, and an effect is what the gate believes: whoever changes one of
them without a word has changed what every agent with the tool may do.
"""

import json
from collections.abc import Mapping

from pydantic import Field

from .shape import Body, Sha256, Token, sha256_hex
from .tool import ToolManifest

PINS_LIMIT = 10_000
# Where it runs and within which limits is the operator's own, who changes it in `tools.yaml`.
_NOT_PINNED = {"module", "function", "timeout_seconds", "output_limit_bytes"}


class ToolPin(Body):
    """The hashes of one tool: what the model reads, what it may fill in, and all that counts."""

    sha256: Sha256
    description_sha256: Sha256
    parameters_sha256: Sha256


class PinFile(Body):
    """`tool-pins.json` of a configuration folder."""

    tools: dict[Token, ToolPin] = Field(default_factory=dict, max_length=PINS_LIMIT)


Pins = Mapping[str, ToolPin]


def pin_of(manifest: ToolManifest) -> ToolPin:
    """The tool as it is."""
    return ToolPin(
        # Without defaults: what a later release adds to manifests changes no pin.
        sha256=_hash(manifest.model_dump(mode="json", exclude=_NOT_PINNED, exclude_defaults=True)),
        description_sha256=_hash(manifest.description),
        parameters_sha256=_hash(manifest.parameters),
    )


def drift(manifest: ToolManifest, pins: Pins | None) -> str | None:
    """In what a tool is not what was pinned, as a sentence; None if in nothing.

    Where no pins are kept, nothing is held to them.
    """
    if pins is None:
        return None
    pinned, own = pins.get(manifest.name), pin_of(manifest)
    if pinned is None:
        return f"{manifest.name} is new: nobody has pinned it"
    if pinned.sha256 == own.sha256:
        return None
    changed = []
    if pinned.description_sha256 != own.description_sha256:
        changed.append("its description")
    if pinned.parameters_sha256 != own.parameters_sha256:
        changed.append("the schema of its arguments")
    told = " and ".join(changed) or "what it declares of its effects"
    return f"{manifest.name} is not what was pinned: {told} changed"


def _hash(value: object) -> str:
    return sha256_hex(json.dumps(value, sort_keys=True).encode())
