"""Does PostgreSQL answer, is it new enough, migrated, ours to write, with connections to give?"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from infra.migrations.grants import GRANTS, SERVICE_ROLES
from infra.migrations.run import MigrationChanged, pending

from .finding import Finding, fail, ok, warn
from .installation import Installation
from .remedies import make_tables, start_postgres

CONNECT_SECONDS = 3.0
QUERY_SECONDS = 3.0
# What we run ourselves, and what the tests run on.
TRIED_VERSION = 18
OLDEST_VERSION = 16
# One more replica of a service that keeps a pool.
FEW_CONNECTIONS = 8
LEAST_CONNECTIONS = 2
# Asked one by one: of a list of privileges any would do.
UNWRITABLE = """
SELECT DISTINCT relname
FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
  AND NOT has_table_privilege(oid, needed)
ORDER BY relname
"""
EXISTING = """
SELECT name FROM unnest($1::text[]) AS names (name) WHERE to_regclass(name) IS NOT NULL
"""
UNGIVEN = """
SELECT name FROM unnest($1::text[]) AS names (name)
WHERE NOT has_any_column_privilege(name, 'SELECT, INSERT') ORDER BY name
"""
CONNECTIONS = """
SELECT current_setting('max_connections')::int
     - current_setting('superuser_reserved_connections')::int
     - coalesce(current_setting('reserved_connections', true)::int, 0) AS may,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS has
"""


class DatabaseAway(Exception):
    """PostgreSQL does not answer, or does not let us in."""


@asynccontextmanager
async def database(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection for the length of the block.

    Raises:
        DatabaseAway: none came about. The text holds no password.
    """
    try:
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, command_timeout=QUERY_SECONDS
        )
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseAway(f"{type(error).__name__}: {error}") from error
    try:
        yield connection
    finally:
        await connection.close(timeout=QUERY_SECONDS)


async def look_at_postgres(installation: Installation) -> Sequence[Finding]:
    try:
        async with database(installation.required_postgres()) as connection:
            return (
                judge_version(connection.get_server_version().major),
                await _migrations(connection, installation),
                await _rights(connection, installation),
                await _connections(connection),
            )
    except DatabaseAway as error:
        return (fail("reachable", str(error), start_postgres(installation)),)


def judge_version(major: int) -> Finding:
    if major < OLDEST_VERSION:
        return fail("version", f"PostgreSQL {major}", f"upgrade it to {TRIED_VERSION}")
    if major != TRIED_VERSION:
        return warn("version", f"PostgreSQL {major}, not tried", f"run {TRIED_VERSION}")
    return ok("version", f"PostgreSQL {major}")


async def _migrations(connection: asyncpg.Connection, installation: Installation) -> Finding:
    try:
        missing = await pending(connection)
    except MigrationChanged as error:
        return fail("migrations", str(error), "install the release that made this database")
    except asyncpg.InsufficientPrivilegeError as error:
        return fail("migrations", str(error), "GRANT SELECT ON schema_migrations TO the role")
    if missing:
        remedy = make_tables(installation)
        return fail("migrations", f"not applied: {', '.join(missing)}", remedy)
    return ok("migrations", "at head")


async def _rights(connection: asyncpg.Connection, installation: Installation) -> Finding:
    role = await connection.fetchval("SELECT current_user")
    for service, known in SERVICE_ROLES.items():
        if role == known:
            return await _rights_of(connection, service, installation)
    tables = [row["relname"] for row in await connection.fetch(UNWRITABLE)]
    if tables:
        remedy = f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
        return fail("rights", f"{role} may not read and write {', '.join(tables)}", remedy)
    return ok("rights", f"{role} reads and writes every table")


async def _rights_of(
    connection: asyncpg.Connection, service: str, installation: Installation
) -> Finding:
    """Of a service's own role: what the migrations give it, and no other table is looked at."""
    role = SERVICE_ROLES[service]
    known = await connection.fetch(EXISTING, list(GRANTS[service]))
    rows = await connection.fetch(UNGIVEN, [row["name"] for row in known])
    if rows:
        tables = ", ".join(row["name"] for row in rows)
        return fail("rights", f"{role} may not use {tables}", make_tables(installation))
    return ok("rights", f"{role} uses the tables of {service}, and no others")


async def _connections(connection: asyncpg.Connection) -> Finding:
    row = await connection.fetchrow(CONNECTIONS)
    assert row is not None, "it selects one row"
    return judge_connections(row["has"], row["may"])


def judge_connections(has: int, may: int) -> Finding:
    """`has` includes our own, which is given back."""
    free, detail = may - has + 1, f"{has} of {may} connections are taken"
    remedy = "raise max_connections, or lower INTERLOCK_<SERVICE>_POSTGRES_POOL"
    if free < LEAST_CONNECTIONS:
        return fail("connections", detail, remedy)
    if free < FEW_CONNECTIONS:
        return warn("connections", detail, remedy)
    return ok("connections", detail)
