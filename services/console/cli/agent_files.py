"""Agents in files: read as their authors wrote them, and written as they would."""

import os
from pathlib import Path
from typing import Any

import yaml

from contracts.agent import Agent
from services.console.cli.errors import USAGE, CommandFailed
from shared.config import load_agents, load_yaml
from shared.errors import ConfigError


def written(name: str, file: Path | None) -> tuple[Agent, Path]:
    """The agent of a file, or of the configuration folder; and where that is.

    Raises:
        CommandFailed: it is not there, or has a mistake.
    """
    folder = Path(os.environ.get("INTERLOCK_CONFIG_DIR") or "infra/config")
    try:
        if file is not None:
            return load_yaml(file, Agent), file
        agents = load_agents(folder)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct the file", USAGE) from None
    if name not in agents:
        what = f"{folder / 'agents'} has no agent {name}"
        raise CommandFailed(what, "name its file, or set INTERLOCK_CONFIG_DIR", USAGE)
    return agents[name], folder / "agents"


def as_yaml(definition: Any) -> str:
    """As people write it: a text of several lines is a block."""

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(definition, Dumper=Dumper, sort_keys=False, allow_unicode=True)
