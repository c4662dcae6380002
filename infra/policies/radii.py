"""The blast radius of every agent of a configuration folder, and what of it was announced."""

import asyncio
import tempfile
from pathlib import Path

from contracts.radius import Radius, RadiusFile
from contracts.tool import ToolManifest
from contracts.widening import widened
from infra.dev.platform import write_manifests
from services.guardrail_checker.policies.loading import load_policy
from services.guardrail_checker.rules.authority.radius import radii_of
from shared.config import load_agents, load_manifests
from shared.radius import FILE, load_radii


def radii(config: Path) -> dict[str, Radius]:
    """What each agent could do, by name.

    Raises:
        ConfigError: agents or policies cannot be read.
        ManifestsFailed: a module of tools cannot be imported.
    """
    policy = load_policy(config)
    return radii_of(load_agents(config), declared(config), policy)


def declared(config: Path) -> dict[str, ToolManifest]:
    """The tools of a folder, by name.

    Raises:
        ConfigError: what was written cannot be read.
        ManifestsFailed: as above.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tools.lock.json"
        asyncio.run(write_manifests(path, config.resolve()))
        return load_manifests(path)


def announce(config: Path, found: dict[str, Radius]) -> None:
    """Write down what they could do."""
    text = RadiusFile(agents=found).model_dump_json(indent=2)
    (config / FILE).write_text(f"{text}\n", "utf-8")


def unannounced(config: Path, found: dict[str, Radius]) -> dict[str, tuple[str, ...]]:
    """In what each agent could do more than the folder says.

    Raises:
        ConfigError: the file does not parse.
    """
    known = load_radii(config)
    more = {name: widened(known.get(name), one) for name, one in found.items()}
    return {name: told for name, told in more.items() if told}
