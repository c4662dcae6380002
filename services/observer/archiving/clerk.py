"""Does what is due: orders first, then old runs. One observer at a time is the clerk."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import asyncpg
import structlog

from contracts.audit import ErasureEnded, ErasureKind, erasure_proof
from services.observer.adapters.archive_log import ArchiveLog
from services.observer.adapters.audit_log import Endings
from services.observer.archiving.archiver import Archiver
from services.observer.archiving.eraser import Eraser
from services.observer.archiving.evidence import REMAINS
from services.observer.errors import Refused, Unfinished
from services.observer.settings import Settings
from services.observer.store.archives import Due, PostgresArchives
from services.observer.store.kinship import PostgresKinship
from services.observer.store.orders import LOCK, UNLOCK, Order, PostgresOrders
from shared.archive_files import ArchiveFiles
from shared.clock import Clock
from shared.errors import LogError

log = structlog.get_logger()

State = Literal["done", "refused", "failed"]
TROUBLES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, LogError)
BEGINNING = Due(datetime(1970, 1, 1, tzinfo=UTC), "", "")
OFF = "archives are off: set INTERLOCK_OBSERVER_ARCHIVE_DIR"


class Clerk:
    """Looks again and again; what cannot be finished now is tried again."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        archiver: Archiver | None,
        eraser: Eraser,
        endings: Endings,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._pool = pool
        self._endings = endings
        self._archiver = archiver
        self._eraser = eraser
        self._orders = PostgresOrders(pool)
        self._rows = PostgresArchives(pool)
        self._clock = clock
        self._settings = settings
        self._last = BEGINNING
        self._next_round = 0.0

    async def run(self) -> None:
        """For as long as the service runs."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("observer.clerk_failed")
            await asyncio.sleep(self._settings.upkeep_seconds)

    async def look(self) -> None:
        """One order, and one batch of old runs, if nobody else is at it."""
        async with self._pool.acquire() as connection:
            if not await connection.fetchval(LOCK):
                return
            try:
                order = await self._orders.take()
                if order is not None:
                    await self._work(order)
                if self._archiver is not None and time.monotonic() >= self._next_round:
                    await self._archive_old(self._archiver)
            finally:
                await connection.execute(UNLOCK)

    async def _work(self, order: Order) -> None:
        try:
            answer = await self._answer(order)
        except Refused as error:
            await self._end(order, "refused", str(error))
        except Exception as error:
            if not isinstance(error, (Unfinished, *TROUBLES)):
                log.exception("observer.order_failed", order=order.number)
            why = str(error) if isinstance(error, Unfinished) else repr(error)
            tries = await self._orders.again(order.number, why)
            if tries >= self._settings.order_tries:
                await self._end(order, "failed", f"given up: {why}; order it again")
        else:
            remains = () if order.kind == "archive" else REMAINS
            await self._end(order, "done", answer, remains)
            log.info("observer.order_done", order=order.number, kind=order.kind, answer=answer)

    async def _end(
        self, order: Order, state: State, answer: str, remains: Sequence[str] = ()
    ) -> None:
        """Sign what became of it, and then let go of whom it was about.

        Whoever is stopped between the two ends it again: told twice, and the same.
        """
        runs = await self._orders.planned(order.number)
        ended = ErasureEnded(
            principal=order.asked_by,
            at=self._clock.now(),
            nonce=f"order-{order.number}",
            number=order.number,
            kind=cast("ErasureKind", order.kind),
            tenant=order.tenant,
            run_id=order.run_id,
            person_sha256=order.person_sha256,
            is_dry=order.is_dry,
            state=state,
            runs=len(runs),
            proof_sha256=erasure_proof((one.run_id, one.tombstone, one.evidence) for one in runs),
        )
        await self._endings.note(ended)
        await self._orders.end(order.number, state, answer, remains)

    async def _answer(self, order: Order) -> str:
        if order.kind != "archive":
            return await self._eraser.work(order)
        if self._archiver is None:
            raise Refused(OFF)
        assert order.run_id is not None, "one run is archived at a time"
        row = await self._archiver.archive(order.tenant, order.run_id)
        return f"{row.facts} facts lie in {row.place}"

    async def _archive_old(self, archiver: Archiver) -> None:
        """What somebody began, and the next runs that are old enough."""
        after = timedelta(days=self._settings.archive_after_days)
        most = self._settings.archive_batch
        due = await self._rows.due(self._clock.now(), after, self._last, most)
        begun = await self._rows.unpurged(most)
        for tenant, run_id in dict.fromkeys([*begun, *((one.tenant, one.run_id) for one in due)]):
            try:
                await archiver.archive(tenant, run_id, after)
            except Refused as error:
                log.info("observer.not_archived", run_id=run_id, tenant=tenant, reason=str(error))
            except TROUBLES:
                raise
            except Exception:
                # One that nobody can read must not keep the others in the log.
                log.exception("observer.archive_failed", run_id=run_id, tenant=tenant)
        if len(due) == most:
            self._last = due[-1]
        else:
            self._last = BEGINNING
            self._next_round = time.monotonic() + self._settings.archive_every_seconds


def open_clerk(
    pool: asyncpg.Pool, log_: ArchiveLog, endings: Endings, clock: Clock, settings: Settings
) -> Clerk:
    """A clerk of this pool and log."""
    folder, rows = settings.archive_dir, PostgresArchives(pool)
    files = None if folder is None else ArchiveFiles(folder)
    archiver = None
    if files is not None:
        archiver = Archiver(log_, files, rows, clock, settings.archive_limit_bytes)
    eraser = Eraser(
        log_, files, rows, PostgresKinship(pool), PostgresOrders(pool), settings.erased_runs_limit
    )
    return Clerk(pool, archiver, eraser, endings, clock, settings)
