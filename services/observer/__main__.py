"""The observer as a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import OBSERVER
from services.observer.handlers import Projector, hears
from services.observer.settings import Settings
from services.observer.store import PostgresProjection
from shared.postgres import open_pool
from shared.service import Core, Service, run_service


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Open the read models, and the projector that writes them."""
    async with open_pool(settings) as pool:
        store = PostgresProjection(pool)
        yield {"projector": Projector(store, settings.batch_facts, settings.batch_wait_seconds)}


def main() -> None:
    settings = Settings()
    run_service(Service(OBSERVER, settings=settings, handlers=hears, wire=wire))


if __name__ == "__main__":
    main()
