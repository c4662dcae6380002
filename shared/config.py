"""Configuration files: YAML into a model, with errors that name file, place and remedy."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from contracts.agent import Agent
from contracts.schedule import Schedule, Schedules
from contracts.tool import ToolManifest
from shared.errors import ConfigError

M = TypeVar("M", bound=BaseModel)


def load_yaml(path: Path, model: type[M]) -> M:
    """One YAML file as a model.

    Raises:
        ConfigError: naming the file, the place in it, and what is wrong there.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; set INTERLOCK_CONFIG_DIR") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}") from None


def describe(error: ValidationError) -> str:
    """Each mistake as `place: sentence`."""
    return "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'the whole file'}: {one['msg']}"
        for one in error.errors(include_url=False)
    )


def load_agents(config_dir: Path) -> dict[str, Agent]:
    """Every agent of `agents/*.yaml`, by name.

    Raises:
        ConfigError: one does not parse, or two share a name.
    """
    agents: dict[str, Agent] = {}
    for path in sorted((config_dir / "agents").glob("*.yaml")):
        agent = load_yaml(path, Agent)
        if agent.name in agents:
            raise ConfigError(f"{path}: the name {agent.name!r} is taken by another file")
        agents[agent.name] = agent
    return agents


def load_schedules(config_dir: Path) -> dict[str, Schedule]:
    """Every schedule of `schedules.yaml`, by name; none where there is no such file.

    Raises:
        ConfigError: the file does not parse, or two schedules share a name.
    """
    path = config_dir / "schedules.yaml"
    if not path.exists():
        return {}
    schedules: dict[str, Schedule] = {}
    for schedule in load_yaml(path, Schedules).schedules:
        if schedule.name in schedules:
            raise ConfigError(f"{path}: two schedules are named {schedule.name!r}; rename one")
        schedules[schedule.name] = schedule
    return schedules


class ManifestFile(BaseModel):
    """The manifests of all tools: what `python -m services.tool_executor manifests` writes."""

    tools: tuple[ToolManifest, ...]


def load_manifests(path: Path) -> dict[str, ToolManifest]:
    """Pinned tool manifests by name; none where there is no such file.

    Raises:
        ConfigError: the file does not parse.
    """
    if not path.exists():
        return {}
    try:
        file = ManifestFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}; write it again") from None
    return {manifest.name: manifest for manifest in file.tools}
