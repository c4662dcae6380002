"""Moves one run out of the log: file, row, tombstone, purge; each may be the last that is done.

    1 file       written, on the disk, read back and verified
    2 row        where it lies, and what it must be
    3 tombstone  said only if nothing was said of the run since it was read
    4 purge      what is in the file, and nothing else; then its large bodies
    5 row        done

Whoever is stopped before 3 has changed nothing; whoever is stopped after it finds the tombstone
and goes on at 4. Facts go only if a file that matches the tombstone was read a moment before.
"""

import asyncio
from datetime import timedelta

import structlog

from contracts.envelope import Fact
from contracts.export import Exported, read, read_header, write
from contracts.run import RunArchived
from contracts.shape import sha256_hex
from contracts.task import TaskSubmitted
from services.observer.adapters.archive_log import ArchiveLog, Lying
from services.observer.errors import Refused
from services.observer.rules.retention import NotYet, may_archive
from services.observer.store.archives import ArchiveRow, PostgresArchives
from shared.archive_files import ArchiveFiles, Spoilt, place_of
from shared.clock import Clock
from shared.content import OVER_BYTES
from shared.errors import LineageBroken, Stale
from shared.signing import Keyring

log = structlog.get_logger()

AT_ONCE = timedelta(0)


class Archiver:
    """Takes one run at a time."""

    def __init__(
        self,
        log_: ArchiveLog,
        files: ArchiveFiles,
        rows: PostgresArchives,
        clock: Clock,
        limit_bytes: int,
    ) -> None:
        self._log = log_
        self._files = files
        self._rows = rows
        self._clock = clock
        self._limit_bytes = limit_bytes

    async def archive(self, tenant: str, run_id: str, after: timedelta = AT_ONCE) -> ArchiveRow:
        """Archive a run, or go on where somebody was stopped; its file.

        Raises:
            Refused: it may not go, or not yet; nothing was removed.
            LogUnavailable: the log did not answer; try again.
        """
        lying = await self._log.lying(tenant, run_id)
        if lying.tombstone is None:
            await self._file(lying, after)
            lying = await self._log.lying(tenant, run_id)
        if lying.tombstone is None:
            raise Refused(f"run {run_id}: something is still said of it; try again")
        return await self._purge(lying, lying.tombstone)

    async def _file(self, lying: Lying, after: timedelta) -> None:
        """Steps 1 to 3."""
        run = lying.run
        kin = await self._rows.kin(run.tenant, run.run_id)
        verdict = may_archive(run, kin, self._clock.now(), after)
        if isinstance(verdict, NotYet):
            raise Refused(f"run {run.run_id}: {verdict.reason}")
        assert run.submitted is not None, "the verdict asked for it"
        assert run.end is not None, "as it did for this"
        content, exported = await self._written(lying)
        place = place_of(run.tenant, run.run_id, run.end.stored_at or run.end.time)
        try:
            file_sha256 = await asyncio.to_thread(self._files.write, place, content)
        except OSError as error:
            raise Refused(
                f"run {run.run_id}: {place} cannot be written ({error}): make room, or see to "
                "INTERLOCK_OBSERVER_ARCHIVE_DIR"
            ) from None
        row = _row(lying, run.submitted.body, exported, place, file_sha256, len(content))
        await self._read_back(row)
        await self._rows.put(row)
        told = RunArchived(
            archive_sha256=exported.digest,
            facts=len(exported.own),
            task_sha256=sha256_hex(run.submitted.body.model_dump_json().encode()),
        )
        try:
            await self._log.close(lying, run.end.id, told)
        except Stale:
            # Ours that was not acknowledged, or a late fact: reading it again tells.
            log.info("observer.archive_late", tenant=run.tenant, run_id=run.run_id)

    async def _written(self, lying: Lying) -> tuple[bytes, Exported]:
        run = lying.run
        try:
            messages = [*await self._log.inherited(run), *lying.messages]
        except LineageBroken as error:
            raise Refused(f"run {run.run_id}: {error.reason}") from None
        lines, size = list[bytes](), 0
        for line in write(self._log.header(run, messages), messages):
            lines.append(line)
            size += len(line)
            if size > self._limit_bytes:
                raise Refused(
                    f"run {run.run_id}: as a file it is over {self._limit_bytes} bytes: raise "
                    "INTERLOCK_OBSERVER_ARCHIVE_LIMIT_BYTES"
                )
        content = b"".join(lines)
        return content, await asyncio.to_thread(verified, content)

    async def _purge(self, lying: Lying, tombstone: Fact[RunArchived]) -> ArchiveRow:
        """Steps 4 and 5."""
        tenant, run_id = lying.run.tenant, lying.run.run_id
        row = await self._rows.get(tenant, run_id)
        if row is None or row.digest != tombstone.body.archive_sha256:
            raise Refused(f"run {run_id}: its tombstone names a file that is not known here")
        if row.purged_at is not None:
            return row
        await self._read_back(row)
        gone = await self._log.purge(tenant, run_id, row.last_sequence + 1)
        late = (one for one in lying.messages if one.sequence > row.last_sequence)
        # A late fact is in no file: what it names must stay.
        if not any(len(one.body) > OVER_BYTES for one in late):
            await self._log.purge_contents(tenant, run_id)
        await self._rows.purged(tenant, run_id)
        log.info("observer.archived", tenant=tenant, run_id=run_id, facts=gone)
        return row

    async def _read_back(self, row: ArchiveRow) -> None:
        try:
            content = await asyncio.to_thread(self._files.read, row.place, row.file_sha256)
            exported = await asyncio.to_thread(verified, content)
        except (Spoilt, ValueError) as error:
            raise Refused(f"run {row.run_id}: {error}; its facts stay in the log") from None
        if (exported.digest, exported.own[-1].sequence) != (row.digest, row.last_sequence):
            raise Refused(f"run {row.run_id}: {row.place} holds another history than its row says")


def verified(content: bytes) -> Exported:
    """A file as anybody reads it: by the keys in its own header.

    Raises:
        Tampered: it is not what was written.
    """
    return read(content, Keyring(read_header(content).keys))


def _row(
    lying: Lying, task: TaskSubmitted, exported: Exported, place: str, sha256: str, size: int
) -> ArchiveRow:
    run = lying.run
    assert run.end is not None, "only a run that is over is put into a file"
    return ArchiveRow(
        tenant=run.tenant,
        run_id=run.run_id,
        place=place,
        file_sha256=sha256,
        digest=exported.digest,
        facts=len(exported.own),
        bytes=size,
        last_sequence=exported.own[-1].sequence,
        customer=task.customer,
        user=task.user,
        grown_from=task.fork.run_id if task.fork is not None else task.continues,
        parent=task.parent_run_id,
        ended_at=run.end.stored_at or run.end.time,
    )
