"""Read the configuration folder before anything starts, so that a mistake in it is the only news.

Every service reads its part again and refuses to start on a mistake; but seven logs later.
"""

import os
from pathlib import Path

from services.cost_ledger.adapters import Prices
from services.cost_ledger.rules.budgets import Budgets
from services.evaluator.judges.config import load_juries
from services.evaluator.sampling.config import load_watched
from services.guardrail_checker.checks.configured import load_checks
from services.guardrail_checker.policies.loading import load_others, load_policy
from shared.catalogue import load_models
from shared.config import load_agents, load_schedules, load_yaml
from shared.errors import ConfigError

CONFIG_VARIABLE = "INTERLOCK_CONFIG_DIR"


def chosen_folder(default: Path) -> Path:
    """The folder that the environment names; absolute, because services run in another one."""
    return Path(os.environ.get(CONFIG_VARIABLE) or default).resolve()


def check_configuration(folder: Path) -> None:
    """Read all of it.

    Raises:
        ConfigError: a file is missing or has a mistake; the message names it, and the place.
    """
    if not (folder / "agents").is_dir():
        raise ConfigError(f"{folder} has no folder agents; start from a copy of infra/config")
    aliases = load_models(folder).aliases
    agents = load_agents(folder)
    for schedule in load_schedules(folder).values():
        if schedule.task.agent not in agents:
            raise ConfigError(
                f"{folder / 'schedules.yaml'}: {schedule.name}: no agent is named "
                f"{schedule.task.agent!r}; known are {', '.join(sorted(agents))}"
            )
    for agent in agents.values():
        if agent.model not in aliases:
            known = ", ".join(sorted(aliases))
            raise ConfigError(
                f"{folder / 'agents'}: {agent.name}: models.yaml has no alias {agent.model!r}; "
                f"known are {known}"
            )
    load_watched(folder, agents, load_juries(folder, agents, aliases))
    load_policy(folder)
    load_others(folder)
    load_checks(folder)
    load_yaml(folder / "budgets.yaml", Budgets)
    load_yaml(folder / "prices.yaml", Prices)
