"""The database of the demo shop: made once, opened for one call at a time."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

DSN_VARIABLE = "SHOP_DATABASE_DSN"
FOLDER = Path(__file__).parent
# Any number will do, as long as everybody who prepares this database takes the same.
LOCK = 0x1_4E_7E_5A
CONNECT_TIMEOUT_SECONDS = 5.0
STATEMENT_TIMEOUT_SECONDS = 10.0


async def prepare(dsn: str) -> None:
    """Make tables, customers and orders. Doing it again changes nothing."""
    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_SECONDS)
    try:
        async with connection.transaction():
            # `IF NOT EXISTS` alone does not keep two of us from making the same table at once.
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            for name in ("schema.sql", "seed.sql", "grants.sql"):
                await connection.execute((FOLDER / name).read_text())
    finally:
        await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)


@asynccontextmanager
async def connected() -> AsyncIterator[asyncpg.Connection]:
    """A connection for one call of a tool.

    Raises:
        RuntimeError: the executor did not pass on where the database is.
    """
    dsn = os.environ.get(DSN_VARIABLE)
    if dsn is None:
        raise RuntimeError(f"{DSN_VARIABLE} is not set; give it to this scope in tools.yaml")
    connection = await asyncpg.connect(
        dsn, timeout=CONNECT_TIMEOUT_SECONDS, command_timeout=STATEMENT_TIMEOUT_SECONDS
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)
