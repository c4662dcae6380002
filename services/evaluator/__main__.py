"""Run the evaluator: `python -m services.evaluator`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import CANARY_TALLY, EVALUATOR, RELEASES
from shared.catalogue import load_models
from shared.config import load_agents
from shared.errors import ConfigError
from shared.register import NatsRegister
from shared.release_log import open_release_log
from shared.releases import following_releases
from shared.service import Core, Service, run_service

from .adapters import Databases
from .calibration.card import cards_in
from .canary.watching import Canaries
from .handlers import Desk, hears
from .judges.config import load_juries
from .sampling.config import load_watched
from .scorers.assertions import ASSERTIONS
from .settings import Settings


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Refuse to start where an agent lists an assertion that is not known."""
    agents = load_agents(settings.config_dir)
    for agent in agents.values():
        for name in agent.evaluators:
            if name.partition(":")[0] not in ASSERTIONS:
                known = ", ".join(ASSERTIONS)
                raise ConfigError(
                    f"agents/{agent.name}.yaml: evaluators: {name!r} is not known; known: {known}"
                )
    aliases = load_models(settings.config_dir).aliases
    juries = load_juries(settings.config_dir, agents, aliases)
    watched = load_watched(settings.config_dir, agents, juries)
    place = core.client, EVALUATOR, core.keyring, settings
    async with following_releases(*place) as releases:
        timeout = settings.publish_timeout_seconds
        counts = NatsRegister(core.client, EVALUATOR, RELEASES, CANARY_TALLY, timeout)
        await counts.start()
        log = await open_release_log(*place)
        cards = cards_in(settings.config_dir)
        canaries = Canaries(releases.heads, counts, log, core.bus.clock, watched, cards)
        yield {"desk": Desk(juries, Databases(settings.databases), watched, canaries)}


def main() -> None:
    run_service(Service(EVALUATOR, Settings(), hears, wire))


if __name__ == "__main__":
    main()
