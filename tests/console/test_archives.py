"""Files of runs on a real PostgreSQL, as in memory."""

import asyncpg
import pytest

from contracts.subjects import CONSOLE
from services.console.archives import Archived, MemoryArchives, PostgresArchives
from tests.roles import dsn_of

FIRST = Archived("a" * 64, b'{"line":1}\n\x00\xff')
SECOND = Archived("b" * 64, b"")


@pytest.fixture(params=["postgres", "memory"])
async def archives(request, postgres_dsn):
    if request.param == "memory":
        yield MemoryArchives()
        return
    owner = await asyncpg.connect(postgres_dsn)
    await owner.execute("TRUNCATE console_archives")
    await owner.close()
    async with asyncpg.create_pool(dsn_of(CONSOLE, postgres_dsn), min_size=1, max_size=2) as pool:
        yield PostgresArchives(pool)


async def test_a_file_is_kept_to_the_byte(archives):
    await archives.put("acme", "r-1", FIRST, 1, "anna")

    assert await archives.get("acme", "r-1") == FIRST


async def test_the_first_file_of_a_run_stays(archives):
    await archives.put("acme", "r-1", FIRST, 1, "anna")

    await archives.put("acme", "r-1", SECOND, 1, "otto")

    assert await archives.get("acme", "r-1") == FIRST


async def test_a_file_belongs_to_its_tenant(archives):
    await archives.put("acme", "r-1", FIRST, 1, "anna")
    await archives.put("other", "r-1", SECOND, 1, "anna")

    assert await archives.get("acme", "r-2") is None
    assert await archives.get("other", "r-1") == SECOND
    assert await archives.tenants_of("r-1") == ["acme", "other"]
