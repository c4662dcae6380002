"""Runs as files, for when the log does not have them: imported ones, and those of the archive.

What the observer archived lies in its folder, and is held to the digest in its row. An imported
file is verified before it is kept, with the keys of this platform. Read again, it is held to the
digest that it was kept under and to the keys in its own header, so that it outlives those of today.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncpg

from contracts.envelope import Fact, Stored
from contracts.export import Exported, Tampered, read, read_header
from contracts.history import Run
from contracts.run import RunArchived
from contracts.shape import Body
from contracts.task import TaskSubmitted
from services.console.adapters import History
from services.console.errors import Unavailable
from shared.archive_files import ArchiveFiles, Spoilt
from shared.signing import Keyring

PUT = """
INSERT INTO console_archives (tenant, run_id, digest, facts, content, imported_by)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""
GET = "SELECT digest, content FROM console_archives WHERE tenant = $1 AND run_id = $2"
TENANTS = """
SELECT tenant FROM console_archives WHERE run_id = $1
UNION SELECT tenant FROM observer_archives WHERE run_id = $1 ORDER BY tenant LIMIT 10
"""
IN_FOLDER = """
SELECT place, file_sha256, digest FROM observer_archives WHERE tenant = $1 AND run_id = $2
"""


@dataclass(frozen=True, slots=True)
class Archived:
    """One file as it is kept."""

    digest: str
    content: bytes


class Archives(Protocol):
    """Where files are kept, one a run."""

    async def put(
        self, tenant: str, run_id: str, kept: Archived, facts: int, principal: str
    ) -> None:
        """Keep a file, unless there is one of this run."""
        ...

    async def get(self, tenant: str, run_id: str) -> Archived | None: ...

    async def tenants_of(self, run_id: str) -> list[str]:
        """Every tenant that has a file of a run of this id."""
        ...


class PostgresArchives:
    """Imported files in PostgreSQL, which nothing else has; then those in the folder."""

    def __init__(self, pool: asyncpg.Pool, folder: Path | None = None) -> None:
        self._pool = pool
        self._folder = folder

    async def put(
        self, tenant: str, run_id: str, kept: Archived, facts: int, principal: str
    ) -> None:
        await self._pool.execute(PUT, tenant, run_id, kept.digest, facts, kept.content, principal)

    async def get(self, tenant: str, run_id: str) -> Archived | None:
        found = await self._pool.fetchrow(GET, tenant, run_id)
        if found is not None:
            return Archived(found["digest"], found["content"])
        return await self._in_folder(tenant, run_id)

    async def _in_folder(self, tenant: str, run_id: str) -> Archived | None:
        row = await self._pool.fetchrow(IN_FOLDER, tenant, run_id)
        if row is None:
            return None
        if self._folder is None:
            raise Unavailable(
                f"run {run_id} was archived, and this console does not have the folder",
                row["place"],
                "set INTERLOCK_CONSOLE_ARCHIVE_DIR to where the observer puts its files",
            )
        files = ArchiveFiles(self._folder)
        try:
            content = await asyncio.to_thread(files.read, row["place"], row["file_sha256"])
        except Spoilt as error:
            raise _spoilt(run_id, error.reason) from None
        return Archived(row["digest"], content)

    async def tenants_of(self, run_id: str) -> list[str]:
        return [one["tenant"] for one in await self._pool.fetch(TENANTS, run_id)]


class MemoryArchives:
    """Files in memory, for tests."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Archived] = {}

    async def put(
        self, tenant: str, run_id: str, kept: Archived, facts: int, principal: str
    ) -> None:
        del facts, principal
        self.kept.setdefault((tenant, run_id), kept)

    async def get(self, tenant: str, run_id: str) -> Archived | None:
        return self.kept.get((tenant, run_id))

    async def tenants_of(self, run_id: str) -> list[str]:
        return sorted(tenant for tenant, known in self.kept if known == run_id)


async def archived(archives: Archives, tenant: str, run_id: str) -> Exported | None:
    """The file of a run, read and held to its digest; None where there is none.

    Raises:
        Unavailable: what is kept is not what was put there.
    """
    kept = await archives.get(tenant, run_id)
    if kept is None:
        return None
    try:
        exported = read(kept.content, Keyring(read_header(kept.content).keys))
    except Tampered as error:
        raise _spoilt(run_id, str(error)) from None
    if exported.digest != kept.digest:
        raise _spoilt(run_id, "its digest is another one than when it was imported")
    return exported


async def archived_run(archives: Archives, tenant: str, run_id: str) -> Run | None:
    """The run of a file, with those that it grew from; None where there is none."""
    found = await archived(archives, tenant, run_id)
    return None if found is None else found.run()


class KeptHistory:
    """The log first, and a file where the log has nothing."""

    def __init__(self, log: History, archives: Archives) -> None:
        self._log = log
        self._archives = archives

    async def facts(self, tenant: str, run_id: str, after: int = 0) -> list[Fact[Body]]:
        found = await self._log.facts(tenant, run_id, after)
        # Whoever asks for what comes after something waits for the log.
        if after or _is_whole(found):
            return found
        kept = await archived(self._archives, tenant, run_id)
        return [*kept.own, *found] if kept is not None else found

    async def messages(self, tenant: str, run_id: str, until: int = 0) -> list[Stored]:
        return await self._log.messages(tenant, run_id, until)

    async def tenants_of(self, run_id: str) -> list[str]:
        kept = await self._archives.tenants_of(run_id)
        return sorted({*kept, *await self._log.tenants_of(run_id)})


def _is_whole(found: Sequence[Fact[Body]]) -> bool:
    """Whether the log has the run itself. Behind a tombstone another task may have been sent."""
    if not found or isinstance(found[0].body, RunArchived):
        return False
    return any(isinstance(one.body, TaskSubmitted) for one in found)


def _spoilt(run_id: str, reason: str) -> Unavailable:
    return Unavailable(
        f"the file of run {run_id} is spoilt: {reason}",
        "archives",
        "restore it from a backup; an imported one can be imported again once its row is deleted",
    )
