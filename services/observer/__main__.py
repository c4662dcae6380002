"""The observer as a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import OBSERVER
from services.observer.adapters.archive_log import open_archive_log
from services.observer.adapters.audit_log import open_endings
from services.observer.adapters.engine import open_engine
from services.observer.adapters.history import open_history
from services.observer.adapters.stops import open_stops
from services.observer.archiving import kept_files, open_clerk
from services.observer.gauges import gauged
from services.observer.handlers import Projector, hears
from services.observer.rebuild import Rebuilder
from services.observer.settings import Settings
from services.observer.store import PostgresProjection, PostgresRebuilds
from services.observer.store.states import PostgresStates
from services.observer.tracing import LiveTracer, Tracer, Untold
from services.observer.upkeep import Upkeep
from shared.background import running
from shared.lag import open_lag
from shared.postgres import open_pool
from shared.redaction import redact
from shared.service import Core, Service, run_service
from shared.tracing.capture import Capture
from shared.tracing.outbox import Bounds, Outbox


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Open the read models and the way to the back end of traces."""
    seconds = settings.read_timeout_seconds
    async with open_pool(settings) as pool, tracing(core, settings) as tracer:
        store, orders = PostgresProjection(pool), PostgresRebuilds(pool)
        history = await open_history(core, settings, kept_files(pool, settings))
        rebuilder = Rebuilder(store, orders, history, settings.rebuild_runs)
        gauges = gauged(
            PostgresStates(pool),
            await open_engine(core.client, OBSERVER, seconds, settings.copied_tenants),
            await open_lag(core.client, OBSERVER, seconds),
            await open_stops(core.client, OBSERVER, core.keyring, seconds),
            look_seconds=settings.look_seconds,
            stuck_seconds=settings.stuck_seconds,
        )
        log = await open_archive_log(core, seconds, settings.copied_tenants)
        clerk = open_clerk(pool, log, open_endings(core, settings), core.bus.clock, settings)
        upkeep = Upkeep(store, orders, rebuilder, settings)
        async with running(upkeep.run(), clerk.run()), gauges:
            yield {
                "projector": Projector(store, settings.batch_facts, settings.batch_wait_seconds),
                "tracer": tracer,
            }


@asynccontextmanager
async def tracing(core: Core, settings: Settings) -> AsyncIterator[Tracer]:
    """Traces to the endpoint that is set, and none without one."""
    if settings.back_end is None:
        yield Untold()
        return
    bounds = Bounds(
        settings.queued_spans,
        settings.batch_spans,
        settings.export_seconds,
        settings.export_wait_seconds,
        settings.down_seconds,
    )
    outbox = Outbox(settings.back_end, bounds)
    try:
        yield LiveTracer(
            core.bus.runs,
            outbox,
            Capture(redact if settings.capture_content else None),
            gather_seconds=settings.gather_seconds,
            gather_facts=settings.gather_facts,
            cached_runs=settings.traced_runs,
        )
    finally:
        await outbox.close()


def main() -> None:
    settings = Settings()
    run_service(Service(OBSERVER, settings=settings, handlers=hears, wire=wire))


if __name__ == "__main__":
    main()
