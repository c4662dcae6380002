"""What is in a configuration folder, each part by a version that follows from its content.

Comments, order and spelling do not count: the same settings have the same version.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from contracts.shape import sha256_hex
from shared.config import load_agents, load_manifests
from shared.errors import ConfigError

VERSIONS = "versions.json"
DIGITS = 12
FILE_LIMIT_BYTES = 4 * 1024 * 1024
# What else decides what agents do, by its file.
PARTS = {
    "models": "models.yaml",
    "tools": "tools.yaml",
    "policy": "policies/tools.yaml",
    "checks": "policies/checks.yaml",
    "budgets": "budgets.yaml",
    "prices": "prices.yaml",
    "judges": "judges.yaml",
    "online": "online.yaml",
    "schedules": "schedules.yaml",
}


@dataclass(frozen=True, slots=True)
class Versions:
    """Agents by name, the other parts that are there, and one version of all together.

    `tools` is of `tools.yaml`, which says where tools are declared; `manifests` is of what was
    found there, and is what calls are bound to. The same words over other tools are another one.
    """

    agents: Mapping[str, str]
    parts: Mapping[str, str]
    whole: str


def versions_of(folder: Path, manifests: Path | None = None) -> Versions:
    """The versions of a folder, and of the pinned manifests where they are.

    Raises:
        ConfigError: a file does not parse.
        OSError: one cannot be read.
    """
    agents = {name: one.version for name, one in sorted(load_agents(folder).items())}
    parts = {
        name: _version(content_of(folder / path))
        for name, path in PARTS.items()
        if (folder / path).is_file()
    }
    if cedar := {one.name: one.read_text("utf-8") for one in folder.glob("policies/*.cedar")}:
        parts["cedar"] = _version(cedar)
    if manifests is not None and manifests.is_file():
        pinned = sorted(load_manifests(manifests).items())
        parts["manifests"] = _version([one.model_dump(mode="json") for _, one in pinned])
    return Versions(agents, parts, _version([agents, parts]))


def content_of(file: Path) -> Any:
    """What a YAML file says, whatever it is.

    Raises:
        ConfigError: it is too large, or not YAML.
        OSError: it cannot be read.
    """
    if file.stat().st_size > FILE_LIMIT_BYTES:
        raise ConfigError(f"{file} is larger than {FILE_LIMIT_BYTES} bytes; split it")
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not YAML: {error}") from None


def written(versions: Versions, overlay: str | None) -> str:
    """As it lies in a rendered folder."""
    return json.dumps({"overlay": overlay, **asdict(versions)}, indent=2) + "\n"


def _version(content: Any) -> str:
    """12 hex digits of its canonical JSON; YAML has dates, which are told as text."""
    return sha256_hex(json.dumps(content, sort_keys=True, default=str).encode())[:DIGITS]
