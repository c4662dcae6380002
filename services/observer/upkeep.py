"""What the observer does for its rows beside hearing: rebuilds that were ordered, and retention."""

import asyncio
import time

import asyncpg
import structlog

from services.observer.rebuild import Rebuilder
from services.observer.settings import Settings
from services.observer.store import Projection, Rebuilds
from shared.errors import LogError

log = structlog.get_logger()

TROUBLES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, LogError)


class Upkeep:
    """Looks again and again for what there is to do; what fails is tried again."""

    def __init__(
        self, rows: Projection, orders: Rebuilds, rebuilder: Rebuilder, settings: Settings
    ) -> None:
        self._rows = rows
        self._orders = orders
        self._rebuilder = rebuilder
        self._settings = settings
        self._let_go_at = 0.0

    async def run(self) -> None:
        """For as long as the service runs."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("observer.upkeep_failed")
            await asyncio.sleep(self._settings.upkeep_seconds)

    async def look(self) -> None:
        """Work off an order if there is one; let rows go if it is time."""
        number = await self._orders.take(self._settings.rebuild_lost_seconds)
        if number is not None:
            await self._rebuild(number)
        if time.monotonic() >= self._let_go_at:
            self._let_go_at = time.monotonic() + self._settings.retention_seconds
            await self.let_go()

    async def let_go(self) -> int:
        """Rows of archived runs that are too old, batch by batch."""
        gone = 0
        while True:
            most = self._settings.retention_batch
            found = await self._rows.let_go(self._settings.read_model_days, most)
            gone += found
            if found < most:
                break
        if gone:
            log.info("observer.rows_let_go", rows=gone, days=self._settings.read_model_days)
        return gone

    async def _rebuild(self, number: int) -> None:
        log.info("observer.rebuild_began", number=number)
        try:
            done = (await self._rebuilder.rebuild(number)).done
        except TROUBLES as error:
            # With the database away this fails too, and somebody takes the order over.
            await self._orders.end(number, f"{type(error).__name__}: {error}")
            raise
        await self._orders.end(number)
        log.info(
            "observer.rebuild_ended",
            number=number,
            rebuilt=done.rebuilt,
            differed=done.differed,
            removed=done.removed,
        )
