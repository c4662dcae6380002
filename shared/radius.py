"""What a configuration folder announces of each agent's blast radius."""

from pathlib import Path

from pydantic import ValidationError

from contracts.radius import Radius, RadiusFile
from shared.config import describe
from shared.errors import ConfigError

FILE = "blast-radius.json"


def load_radii(config_dir: Path) -> dict[str, Radius]:
    """By agent; nothing where the folder announces nothing.

    Raises:
        ConfigError: the file does not parse.
    """
    path = config_dir / FILE
    if not path.exists():
        return {}
    try:
        return RadiusFile.model_validate_json(path.read_bytes()).agents
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}; interlock policy radius --write") from None
