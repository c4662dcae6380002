"""The tables of the ledger, empty at the start of each test."""

import asyncpg
import pytest_asyncio


@pytest_asyncio.fixture
async def pool(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=16) as opened:
        await opened.execute("TRUNCATE budgets, holds, entries")
        yield opened
