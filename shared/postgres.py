"""A pool of PostgreSQL connections, bounded in number and in time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from shared.settings import PostgresSettings


@asynccontextmanager
async def open_pool(
    settings: PostgresSettings, connections: int | None = None
) -> AsyncIterator[asyncpg.Pool]:
    """A pool of one service. Opening it fails at once where the database does not answer."""
    pool = await asyncpg.create_pool(
        settings.postgres_dsn,
        min_size=1,
        max_size=connections or settings.postgres_pool,
        timeout=settings.postgres_timeout_seconds,
        command_timeout=settings.postgres_timeout_seconds,
    )
    try:
        yield pool
    finally:
        await pool.close()
