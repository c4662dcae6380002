"""The role of tools in a database that others start: it logs in, and owns and inherits nothing."""

import asyncpg

from infra.platform.postgres_cluster import TOOLS_ROLE

CONNECT_SECONDS = 10.0
EXISTS = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS"


async def ensure_tools_role(dsn: str, password: str) -> None:
    """The role with this password, whether it was there or not.

    Raises:
        asyncpg.PostgresError: whoever the DSN names may not make roles.
    """
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        # A role is no query: its password cannot be an argument.
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
        known = await connection.fetchval(EXISTS, TOOLS_ROLE)
        verb = "ALTER" if known else "CREATE"
        await connection.execute(f"{verb} ROLE {TOOLS_ROLE} {RIGHTS} PASSWORD {quoted}")
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
