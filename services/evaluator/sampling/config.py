"""`online.yaml`: how the runs of each agent are watched."""

from collections.abc import Mapping
from pathlib import Path

from contracts.agent import Agent
from contracts.scoring import Judged
from contracts.shape import Token, Written
from services.evaluator.judges.config import Jury
from shared.config import load_yaml
from shared.errors import ConfigError

from .drawing import Watch, Watched

FILE = "online.yaml"


class OnlineFile(Written):
    """The whole of `online.yaml`."""

    agents: dict[Token, Watch]


def load_watched(
    config_dir: Path, agents: Mapping[str, Agent], juries: Mapping[str, Jury]
) -> Watched:
    """How each agent is watched; none is without `online.yaml`.

    Raises:
        ConfigError: naming the file, the place in it, and what to do.
    """
    path = config_dir / FILE
    if not path.exists():
        return {}
    watched = load_yaml(path, OnlineFile).agents
    for name, watch in watched.items():
        if name not in agents:
            raise ConfigError(f"{path}: agents.{name}: no agent has this name; see agents/")
        for scorer in watch.scorers:
            if isinstance(scorer, Judged) and scorer.by not in juries:
                known = ", ".join(juries) or "none"
                raise ConfigError(
                    f"{path}: agents.{name}: no jury is named {scorer.by!r}; known: {known}"
                )
    return watched
