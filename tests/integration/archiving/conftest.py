"""Where runs are archived and deleted."""

import asyncpg
import pytest

from contracts.subjects import CONSOLE, OBSERVER
from services.observer.adapters.archive_log import open_archive_log
from services.observer.adapters.audit_log import LogEndings
from shared.archive_files import ArchiveFiles
from shared.signing import load_signer
from tests.integration.archiving.place import TABLES, Place
from tests.roles import dsn_of


@pytest.fixture
async def place(nats_platform, postgres_dsn, tmp_path):
    core = await nats_platform.connect(OBSERVER)
    owner = await asyncpg.connect(postgres_dsn)
    await owner.execute(f"TRUNCATE {TABLES} CASCADE")
    await owner.close()
    async with (
        asyncpg.create_pool(dsn_of(OBSERVER, postgres_dsn), min_size=1, max_size=4) as pool,
        asyncpg.create_pool(dsn_of(CONSOLE, postgres_dsn), min_size=1, max_size=1) as people,
    ):
        yield Place(
            nats_platform,
            core,
            await nats_platform.jetstream(),
            pool,
            people,
            await open_archive_log(core, 5.0),
            ArchiveFiles(tmp_path / "archive"),
            tmp_path / "archive",
            LogEndings(
                core.client.jetstream(),
                load_signer(nats_platform.home.keys / f"{OBSERVER}.seed"),
                5.0,
            ),
        )
