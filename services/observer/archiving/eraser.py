"""Deletes runs with everything that is known of them, and keeps the proof.

For each run: the evidence is noted, a tombstone closes its prefix, then go its facts, its large
bodies, its file, and at last, when lists have heard of the tombstone, its rows. Each of these may
be done again, so whoever is stopped anywhere goes on with the order later.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog

from contracts.run import RunArchived
from services.observer.adapters.archive_log import ArchiveLog, Lying
from services.observer.archiving.evidence import Witness, is_nothing
from services.observer.archiving.selection import selected
from services.observer.errors import Refused, Unfinished
from services.observer.rules.retention import NotYet, is_erased, may_erase
from services.observer.store.archives import PostgresArchives
from services.observer.store.kinship import PostgresKinship
from services.observer.store.orders import Order, PlannedRun, PostgresOrders
from shared.archive_files import ArchiveFiles
from shared.errors import Stale

log = structlog.get_logger()

NAMED = 5  # runs that a refusal names


class Eraser:
    """Works off orders to delete a run, or the runs of a person."""

    def __init__(
        self,
        log_: ArchiveLog,
        files: ArchiveFiles | None,
        archives: PostgresArchives,
        kinship: PostgresKinship,
        orders: PostgresOrders,
        most: int,
    ) -> None:
        self._log = log_
        self._files = files
        self._archives = archives
        self._kinship = kinship
        self._orders = orders
        self._most = most
        self._witness = Witness(log_, archives, kinship)

    async def work(self, order: Order) -> str:
        """Do what was ordered, or go on with it; what came of it, in a sentence.

        Raises:
            Refused: nothing was removed, and why.
            Unfinished: lists have yet to hear of it; try again.
        """
        planned = await self._orders.planned(order.number) or await self._plan(order)
        if order.is_dry:
            return f"{_runs(len(planned))} would be deleted"
        for one in planned:
            if not one.is_erased:
                await self._erase(order, one)
        return f"{_runs(len(planned))} deleted"

    async def _plan(self, order: Order) -> list[PlannedRun]:
        run_ids = await selected(order, self._kinship, self._most)
        if order.run_id is not None and is_nothing(await self._look(order, order.run_id)):
            raise Refused(f"there is no run {order.run_id} in tenant {order.tenant}")
        refusals = {run_id: await self._refusal(order, run_id) for run_id in run_ids}
        if not order.is_dry:
            _check(refusals.values())
        planned = await self._orders.plan(order.number, order.tenant, run_ids)
        if order.is_dry:
            for run_id in run_ids:
                found = {**await self._look(order, run_id), "refusal": refusals[run_id]}
                await self._orders.note(order.number, run_id, found)
        return planned

    async def _refusal(self, order: Order, run_id: str) -> str | None:
        """Why a run may not go."""
        row = await self._archives.get(order.tenant, run_id)
        if row is not None and self._files is None:
            return (
                f"run {run_id} lies in {row.place}, and INTERLOCK_OBSERVER_ARCHIVE_DIR is not set"
            )
        lying = await self._log.lying(order.tenant, run_id)
        if lying.is_empty or lying.tombstone is not None:
            return None
        verdict = may_erase(lying.run)
        return f"run {run_id}: {verdict.reason}" if isinstance(verdict, NotYet) else None

    async def _look(self, order: Order, run_id: str) -> dict[str, Any]:
        return await self._witness.look(order.tenant, run_id)

    async def _erase(self, order: Order, one: PlannedRun) -> None:
        tenant, run_id = one.tenant, one.run_id
        if one.evidence is None:
            await self._orders.note(order.number, run_id, await self._look(order, run_id))
        tombstone = await self._close(tenant, run_id)
        if tombstone:
            await self._orders.closed(order.number, run_id, tombstone)
            await self._log.purge(tenant, run_id, tombstone)
        await self._log.purge_contents(tenant, run_id)
        await self._drop_file(tenant, run_id)
        if tombstone and not await self._log.is_heard(tombstone):
            raise Unfinished(f"run {run_id}: lists have not heard of its end in the log yet")
        await self._kinship.drop(tenant, run_id)
        await self._orders.erased(order.number, run_id, {"after": await self._look(order, run_id)})
        log.info("observer.erased", tenant=tenant, run_id=run_id, order=order.number)

    async def _close(self, tenant: str, run_id: str) -> int:
        """Where the tombstone lies below which everything may go; 0 where the log has nothing."""
        lying = await self._log.lying(tenant, run_id)
        if lying.is_empty:
            return 0
        last = lying.tombstone
        if last is not None and last.sequence == lying.last_sequence and is_erased(last.body):
            return last.sequence
        digest = self._digest(lying)
        told = RunArchived(
            archive_sha256=digest, task_sha256=digest, facts=max(1, len(lying.messages))
        )
        try:
            return await self._log.close(lying, lying.run.root, told)
        except Stale:
            raise Unfinished(f"run {run_id}: something is still said of it") from None

    def _digest(self, lying: Lying) -> str:
        if lying.tombstone is not None:
            return lying.tombstone.body.archive_sha256
        return self._witness.digest(lying)

    async def _drop_file(self, tenant: str, run_id: str) -> None:
        row = await self._archives.get(tenant, run_id)
        if row is None:
            return
        if self._files is None:
            raise Refused(f"run {run_id} lies in {row.place}, and its folder is not set")
        await asyncio.to_thread(self._files.delete, row.place)
        await self._archives.drop(tenant, run_id)


def _check(refusals: Iterable[str | None]) -> None:
    """Nothing of an order is done while one of its runs may not go."""
    found = [one for one in refusals if one is not None]
    if found:
        more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise Refused("; ".join(found[:NAMED]) + more)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
