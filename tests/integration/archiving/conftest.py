"""Where runs are archived and deleted."""

import asyncpg
import pytest

from contracts.subjects import OBSERVER
from services.observer.adapters.archive_log import open_archive_log
from shared.archive_files import ArchiveFiles
from tests.integration.archiving.place import TABLES, Place


@pytest.fixture
async def place(nats_platform, postgres_dsn, tmp_path):
    core = await nats_platform.connect(OBSERVER)
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=4) as pool:
        await pool.execute(f"TRUNCATE {TABLES} CASCADE")
        yield Place(
            nats_platform,
            core,
            await nats_platform.jetstream(),
            pool,
            await open_archive_log(core, 5.0),
            ArchiveFiles(tmp_path / "archive"),
            tmp_path / "archive",
        )
