"""The tables of the ledger, empty at the start of each test."""

import asyncpg
import pytest_asyncio

from contracts.subjects import LEDGER
from tests.roles import dsn_of


@pytest_asyncio.fixture
async def pool(postgres_dsn):
    """For whoever looks at the books, and may all."""
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=4) as opened:
        await opened.execute("TRUNCATE budgets, holds, entries")
        yield opened


@pytest_asyncio.fixture
async def as_ledger(pool, postgres_dsn):
    """For the ledger, with its own rights."""
    as_ledger = dsn_of(LEDGER, postgres_dsn)
    async with asyncpg.create_pool(as_ledger, min_size=1, max_size=16) as opened:
        yield opened
