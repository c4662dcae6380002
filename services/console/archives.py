"""Runs that were imported as files, for when the log does not have them.

A file is verified before it is kept, with the keys of this platform. Read again, it is held to the
digest that it was kept under and to the keys in its own header, so that it outlives those of today.
"""

from dataclasses import dataclass
from typing import Protocol

import asyncpg

from contracts.envelope import Fact, Stored
from contracts.export import Exported, Tampered, read, read_header
from contracts.history import Run
from contracts.shape import Body
from contracts.task import TaskSubmitted
from services.console.adapters import History
from services.console.errors import Unavailable
from shared.signing import Keyring

PUT = """
INSERT INTO console_archives (tenant, run_id, digest, facts, content, imported_by)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""
GET = "SELECT digest, content FROM console_archives WHERE tenant = $1 AND run_id = $2"
TENANTS = "SELECT tenant FROM console_archives WHERE run_id = $1 ORDER BY tenant LIMIT 10"


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
    """Files in PostgreSQL. They are no read model: nothing else has them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def put(
        self, tenant: str, run_id: str, kept: Archived, facts: int, principal: str
    ) -> None:
        await self._pool.execute(PUT, tenant, run_id, kept.digest, facts, kept.content, principal)

    async def get(self, tenant: str, run_id: str) -> Archived | None:
        found = await self._pool.fetchrow(GET, tenant, run_id)
        return None if found is None else Archived(found["digest"], found["content"])

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
        if after or any(isinstance(one.body, TaskSubmitted) for one in found):
            return found
        kept = await archived(self._archives, tenant, run_id)
        return list(kept.own) if kept is not None else found

    async def messages(self, tenant: str, run_id: str, until: int = 0) -> list[Stored]:
        return await self._log.messages(tenant, run_id, until)


def _spoilt(run_id: str, reason: str) -> Unavailable:
    return Unavailable(
        f"the file of run {run_id} is spoilt: {reason}",
        "console_archives",
        "restore the table from a backup, or delete the row and import the file again",
    )
