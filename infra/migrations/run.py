"""Brings a database to the newest schema: each numbered file once, in order, under one lock.

Services put their files here as `NNNN_<service>_<what>.sql`. A file that was applied is history:
changing it is refused, the next change is the next file. Then each service's role, where there is
one, is given what it may do with the tables.
"""

import asyncio
import hashlib
import sys
from pathlib import Path

import asyncpg

from infra.migrations.grants import grant

FOLDER = Path(__file__).parent
# Any number will do, as long as everybody who migrates this database takes the same.
LOCK = 0x1_4E_7E_12
LOCK_TIMEOUT_SECONDS = 60

APPLIED = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationChanged(Exception):
    """An applied file is not what it was, or is gone: put it back, and add a new one instead."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(f"migration {name} was applied and is now {found}; put it back as it was")
        self.name = name


async def migrate(dsn: str, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing and return its names. Repeating it changes nothing.

    Raises:
        MigrationChanged: an applied file was edited or removed.
        asyncpg.PostgresError: a file does not run; that file has then changed nothing.
    """
    files = _read(folder)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await connection.execute(APPLIED)
        missing = _missing(await _applied(connection), files)
        for name in missing:
            await _apply(connection, name, files[name])
        await grant(connection)
        return missing
    finally:
        # The lock goes with the connection, however this ends.
        await connection.close()


async def pending(connection: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """The files that this database has not had yet; nothing is changed.

    Raises:
        MigrationChanged: an applied file was edited or removed.
    """
    known = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
    return _missing(await _applied(connection) if known else {}, _read(folder))


def _read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("[0-9]*.sql"))}


async def _applied(connection: asyncpg.Connection) -> dict[str, str]:
    rows = await connection.fetch("SELECT name, sha256 FROM schema_migrations")
    return {row["name"]: row["sha256"] for row in rows}


def _missing(applied: dict[str, str], files: dict[str, str]) -> list[str]:
    for name, sha256 in applied.items():
        if name not in files:
            raise MigrationChanged(name, "gone")
        if sha256 != _sha256(files[name]):
            raise MigrationChanged(name, "another text")
    return [name for name in files if name not in applied]


async def _apply(connection: asyncpg.Connection, name: str, text: str) -> None:
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute(
            "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)", name, _sha256(text)
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    print("\n".join(asyncio.run(migrate(sys.argv[1]))) or "nothing to do")
