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
from shared.config import load_agents

VERSIONS = "versions.json"
DIGITS = 12
# What else decides what agents do, by its file.
PARTS = {
    "models": "models.yaml",
    "tools": "tools.yaml",
    "policy": "policies/tools.yaml",
    "budgets": "budgets.yaml",
    "prices": "prices.yaml",
    "judges": "judges.yaml",
    "online": "online.yaml",
    "schedules": "schedules.yaml",
}


@dataclass(frozen=True, slots=True)
class Versions:
    """Agents by name, the other parts that are there, and one version of all together."""

    agents: Mapping[str, str]
    parts: Mapping[str, str]
    whole: str


def versions_of(folder: Path) -> Versions:
    """The versions of a folder.

    Raises:
        ConfigError: an agent does not parse.
        OSError, YAMLError: another file cannot be read.
    """
    agents = {name: one.version for name, one in sorted(load_agents(folder).items())}
    parts = {
        name: _version(yaml.safe_load((folder / path).read_text(encoding="utf-8")))
        for name, path in PARTS.items()
        if (folder / path).is_file()
    }
    return Versions(agents, parts, _version([agents, parts]))


def written(versions: Versions, overlay: str | None) -> str:
    """As it lies in a rendered folder."""
    return json.dumps({"overlay": overlay, **asdict(versions)}, indent=2) + "\n"


def _version(content: Any) -> str:
    """12 hex digits of its canonical JSON; YAML has dates, which are told as text."""
    return sha256_hex(json.dumps(content, sort_keys=True, default=str).encode())[:DIGITS]
