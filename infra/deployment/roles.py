"""The roles of a database that others start: they log in, and own and inherit nothing.

Each service has a password of its own, made with its keys, in a file that PostgreSQL's clients read
(`PGPASSFILE`). What a role may do, the migrations say.
"""

import secrets
from pathlib import Path

import asyncpg

from infra.migrations.grants import SERVICE_ROLES
from infra.platform.files import create_file
from infra.platform.postgres_cluster import TOOLS_ROLE

CONNECT_SECONDS = 10.0
EXISTS = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS"
PASSWORD_BYTES = 32


def password_file(keys: Path, service: str) -> Path:
    """`host:port:database:role:password`, for any server."""
    return keys / f"{service}.pgpass"


def ensure_passwords(keys: Path) -> None:
    """A password for the role of each service that has none yet."""
    for service, role in SERVICE_ROLES.items():
        path = password_file(keys, service)
        if not path.exists():
            create_file(path, f"*:*:*:{role}:{secrets.token_urlsafe(PASSWORD_BYTES)}\n")


async def ensure_service_roles(dsn: str, keys: Path) -> None:
    """The role of each service with the password in its file, whether it was there or not.

    Raises:
        OSError: a file of a password is not there.
        asyncpg.PostgresError: whoever the DSN names may not make roles.
    """
    for service, role in SERVICE_ROLES.items():
        line = password_file(keys, service).read_text("utf-8")
        await _ensure_role(dsn, role, line.strip().rpartition(":")[2])


async def ensure_tools_role(dsn: str, password: str) -> None:
    """The role of tools with this password, whether it was there or not.

    Raises:
        asyncpg.PostgresError: whoever the DSN names may not make roles.
    """
    await _ensure_role(dsn, TOOLS_ROLE, password)


async def _ensure_role(dsn: str, role: str, password: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        # A role is no query: its password cannot be an argument.
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
        known = await connection.fetchval(EXISTS, role)
        verb = "ALTER" if known else "CREATE"
        await connection.execute(f"{verb} ROLE {role} {RIGHTS} PASSWORD {quoted}")
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
