"""Run the guardrail checker: `python -m services.guardrail_checker`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.agent import Agent
from contracts.subjects import GUARDRAIL
from shared.config import load_agents, load_yaml
from shared.errors import ConfigError
from shared.service import Core, Service, run_service

from .checks.catalogue import Catalogue, UnknownCheck
from .handlers import Desk, hears
from .rules import ToolPolicy
from .settings import Settings


@asynccontextmanager
async def wire(_core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Load agents, policy and checks; refuse to start where one is not known."""
    agents = load_agents(settings.config_dir)
    catalogue = Catalogue()
    for agent in agents.values():
        _require_checks(agent, catalogue)
    policy = load_yaml(settings.config_dir / "policies" / "tools.yaml", ToolPolicy)
    yield {"desk": Desk(agents, policy, catalogue, settings.check_timeout_seconds)}


def _require_checks(agent: Agent, catalogue: Catalogue) -> None:
    for name in (*agent.guardrails.input, *agent.guardrails.output):
        try:
            catalogue.checker(name)
        except UnknownCheck as error:
            raise ConfigError(f"agents/{agent.name}.yaml: guardrails: {error}") from None


def main() -> None:
    run_service(Service(GUARDRAIL, Settings(), hears, wire))


if __name__ == "__main__":
    main()
