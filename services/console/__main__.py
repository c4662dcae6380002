"""Run the console: `python -m services.console`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import CONSOLE
from services.console.adapters import NatsBell, NatsLive
from services.console.api.app import make_api
from services.console.api.desk import Desk
from services.console.api.people import load_people
from services.console.archives import KeptHistory, PostgresArchives
from services.console.audit_log import open_audit
from services.console.dead_letters import open_dead_letters
from services.console.key_log import following_keys
from services.console.settings import Settings
from services.console.store import PostgresProjections, PostgresReadModel
from services.console.store.erasures import PostgresErasures
from services.console.store.rates import open_counts
from services.console.web.app import faces, make_web
from services.console.web.sessions import Sessions, secret_of
from shared.catalogue import load_models
from shared.config import load_agents
from shared.errors import ConfigError
from shared.lag import open_lag
from shared.order_log import open_order_log
from shared.postgres import open_pool
from shared.radius import load_radii
from shared.release_log import open_release_log
from shared.service import Core, Handlers, Service, run_service
from shared.signing import load_signer


def make_service(settings: Settings) -> Service:
    """The service; its API and its bus share one process and one lifespan.

    Raises:
        ConfigError: people, agents or models cannot be read, or tokens would leave this machine.
    """
    people, agents = load_people(settings), load_agents(settings.config_dir)
    aliases = load_models(settings.config_dir).aliases
    radii = load_radii(settings.config_dir)
    api, web = make_api(settings), make_web(settings)
    sessions = Sessions(secret_of(load_signer(settings.signing_key_file)))

    @asynccontextmanager
    async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
        """The desk of the API."""
        following = following_keys(core.client, core.keyring, settings)
        async with (
            open_pool(settings) as pool,
            open_counts(settings) as counts,
            following as keys,
        ):
            store = PostgresReadModel(pool, settings.query_seconds)
            letters = await open_dead_letters(
                core, settings.dead_letters_looked_at, settings.read_timeout_seconds
            )
            orders = await open_order_log(core.client, CONSOLE, core.keyring, settings)
            archives = PostgresArchives(pool, settings.archive_dir)
            history = KeptHistory(core.bus.runs, archives)
            desk = Desk(
                core.bus,
                history,
                store,
                letters,
                agents,
                people,
                settings,
                orders,
                archives,
                core.keyring,
                NatsBell(core.client),
                PostgresProjections(pool),
                await open_lag(core.client, CONSOLE, settings.read_timeout_seconds),
                PostgresErasures(pool),
                aliases,
                await open_release_log(core.client, CONSOLE, core.keyring, settings),
                radii,
                keys,
                await open_audit(core.client, core.keyring, settings),
                NatsLive(core.client),
                counts,
                sessions,
            )
            api.state.desk = web.state.desk = desk
            yield {}

    return Service(CONSOLE, settings=settings, handlers=Handlers(), wire=wire, web=faces(api, web))


def main() -> None:
    try:
        service = make_service(Settings())
    except ConfigError as error:
        sys.exit(f"console: {error}")
    run_service(service)


if __name__ == "__main__":
    main()
