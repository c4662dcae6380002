"""Facts of archived runs, for whoever builds rows again."""

import asyncio
from collections.abc import Sequence

import asyncpg
import structlog

from contracts.envelope import Fact
from contracts.shape import Body
from services.observer.adapters.history import Kept, NothingKept
from services.observer.archiving.archiver import verified
from services.observer.settings import Settings
from services.observer.store.archives import PostgresArchives
from shared.archive_files import ArchiveFiles, Spoilt

log = structlog.get_logger()


class KeptFiles:
    """Reads the file of a run, if there is one. A spoilt one tells nothing, and its row stays."""

    def __init__(self, rows: PostgresArchives, files: ArchiveFiles) -> None:
        self._rows = rows
        self._files = files

    async def facts(self, tenant: str, run_id: str) -> Sequence[Fact[Body]] | None:
        row = await self._rows.get(tenant, run_id)
        if row is None:
            return None
        try:
            content = await asyncio.to_thread(self._files.read, row.place, row.file_sha256)
            return (await asyncio.to_thread(verified, content)).own
        except (Spoilt, ValueError) as error:
            log.error("observer.archive_spoilt", tenant=tenant, run_id=run_id, error=str(error))  # noqa: TRY400 - the trace tells nothing more
            return None


def kept_files(pool: asyncpg.Pool, settings: Settings) -> Kept:
    """The files of this installation; nothing where no folder is set."""
    if settings.archive_dir is None:
        return NothingKept()
    return KeptFiles(PostgresArchives(pool), ArchiveFiles(settings.archive_dir))
