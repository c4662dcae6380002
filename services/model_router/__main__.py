"""Run the model router: `python -m services.model_router`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import ROUTER
from shared.canaries import load_canaries
from shared.catalogue import load_models
from shared.orders import following_orders
from shared.service import Core, Service, run_service

from .adapters import open_providers, reachable
from .handlers import Desk, hears
from .metrics import count
from .rules import Choice
from .settings import Settings


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """The catalogue, the orders in force, and a client for each provider that can be reached."""
    models = load_models(settings.config_dir)
    following = following_orders(core.client, ROUTER, core.keyring, settings)
    async with following as orders, open_providers(models, os.environ) as providers:
        choices = {
            name: Choice(reachable(alias, providers), alias.time_limit_seconds, alias.weights)
            for name, alias in models.aliases.items()
        }
        canaries = load_canaries(settings.canary_key_file)
        desk = Desk(choices, providers, settings.limits, orders=orders, canaries=canaries)
        yield {"desk": desk}


def main() -> None:
    run_service(Service(ROUTER, Settings(), hears, wire, on_said=count))


if __name__ == "__main__":
    main()
