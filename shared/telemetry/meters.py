"""Metrics go out while a service runs, if somebody is there to take them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.background import running

from .back_end import BackEnd


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often metrics go out, and how long one export may take."""

    interval_seconds: float = 15.0
    timeout_seconds: float = 2.0


@asynccontextmanager
async def exporting_metrics(
    service: str, back_end: BackEnd | None, cadence: Cadence
) -> AsyncIterator[None]:
    """Metrics go to a back end while the block lasts; without one nothing happens."""
    if back_end is None:
        yield
        return
    # The SDK takes 0.2 s and 9 MB to import: only who exports pays for it.
    from .export import MetricsExport  # noqa: PLC0415

    export = MetricsExport(service, back_end, cadence)
    try:
        async with running(export.run()):
            yield
    finally:
        await export.close()
