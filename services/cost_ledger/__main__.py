"""The cost ledger as a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import LEDGER
from services.cost_ledger.adapters import open_price_book
from services.cost_ledger.handlers import Desk, hears
from services.cost_ledger.metrics import count, watched
from services.cost_ledger.rules.budgets import Budgets, lasting, named_caps
from services.cost_ledger.settings import Settings
from services.cost_ledger.store import LedgerStore
from shared.catalogue import load_models
from shared.config import load_yaml
from shared.postgres import open_pool
from shared.service import Core, Service, run_service


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Open the store and the price book; what the budgets file names gets its caps."""
    models = load_models(settings.config_dir)
    budgets = load_yaml(settings.config_dir / "budgets.yaml", Budgets)
    prices = await open_price_book(settings.config_dir)
    async with open_pool(settings) as pool:
        store = LedgerStore(pool)
        caps = named_caps(budgets, core.bus.clock.now())
        await store.set_caps(caps)
        async with watched(store, frozenset(lasting(cap.budget) for cap in caps)):
            yield {"desk": Desk(store, models, prices, budgets, settings)}


def main() -> None:
    settings = Settings()
    run_service(Service(LEDGER, settings=settings, handlers=hears, wire=wire, on_said=count))


if __name__ == "__main__":
    main()
