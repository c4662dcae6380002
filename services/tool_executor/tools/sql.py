"""Ask a PostgreSQL database, and change nothing.

`SQL_DSN` says where and as whom; `secrets` in `tools.yaml` gives it to the scope `sql:read`. Where
it names the role `reader_{tenant}`, each tenant has a role of its own, and the policies of row
level security decide what that role sees: no text of a query can become somebody else.
"""

import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from contracts.shape import Body
from contracts.tool import ToolContext, ToolRefused, tool

ROWS_LIMIT = 200
CELL_LIMIT_CHARACTERS = 2_000
QUERY_LIMIT_CHARACTERS = 20_000
QUERY_SECONDS = 20
CONNECT_SECONDS = 10.0
PLAIN = (str, int, float, bool, type(None))

Scalar = str | int | float | bool | None

# Row level security binds no superuser, nobody who may bypass it, and no owner of the table.
UNBOUND = """
SELECT rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole OR EXISTS (
    SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relkind IN ('r', 'p'))
FROM pg_roles WHERE rolname = session_user
"""


class Rows(Body):
    """What was found. `cut` says that there is more than is shown."""

    columns: list[str]
    rows: list[list[Scalar]]
    cut: bool = False


@tool(effect="read", idempotent=True, scopes=("sql:read",), timeout_seconds=60)
async def sql_query(
    query: str, parameters: list[Scalar] | None = None, *, call: ToolContext
) -> Rows:
    """Ask the database with one SQL query that reads; `$1`, `$2` stand for the parameters.

    At most 200 rows come back: name the columns you need, and filter and count in the query.
    """
    if len(query) > QUERY_LIMIT_CHARACTERS:
        raise ToolRefused(f"a query has at most {QUERY_LIMIT_CHARACTERS} characters")
    connection = await _connect(call.tenant)
    try:
        return await _read(connection, query, parameters or [])
    except asyncpg.PostgresError as error:
        raise ToolRefused(f"the database refuses it: {error}") from None
    except (asyncpg.InterfaceError, OSError) as error:
        raise ToolRefused(f"it could not be asked: {error or type(error).__name__}") from None
    finally:
        connection.terminate()


async def _connect(tenant: str) -> asyncpg.Connection:
    dsn = os.environ.get("SQL_DSN")
    if not dsn:
        raise ToolRefused("SQL_DSN is not set: give it to the scope sql:read in tools.yaml")
    settings = {
        "application_name": "interlock sql_query",
        "statement_timeout": str(int(QUERY_SECONDS * 1000)),
        "default_transaction_read_only": "on",
    }
    try:
        found: asyncpg.Connection = await asyncpg.connect(
            dsn.replace("{tenant}", tenant), timeout=CONNECT_SECONDS, server_settings=settings
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        # Without the address, which may hold a password.
        raise ToolRefused(f"the database does not let us in: {type(error).__name__}") from None
    return found


async def _read(connection: asyncpg.Connection, query: str, parameters: list[Scalar]) -> Rows:
    """In a transaction that can write nothing, and that is given up at its end."""
    if await connection.fetchval(UNBOUND):
        raise ToolRefused(
            "the role of SQL_DSN is bound by no policy: use one that owns no table, is no "
            "superuser and cannot bypass row level security"
        )
    transaction = connection.transaction(isolation="repeatable_read", readonly=True)
    await transaction.start()
    try:
        # One statement: the protocol of prepared statements knows no second one.
        prepared = await connection.prepare(query)
        columns = [one.name for one in prepared.get_attributes()]
        if not columns:
            raise ToolRefused("it returns no rows: only queries are answered here")
        found = await prepared.cursor(*parameters)
        rows = await found.fetch(ROWS_LIMIT + 1)
    finally:
        await transaction.rollback()
    shown = [[_shown(one) for one in row.values()] for row in rows[:ROWS_LIMIT]]
    return Rows(columns=columns, rows=shown, cut=len(rows) > ROWS_LIMIT)


def _shown(value: Any) -> Scalar:
    """A value as JSON has it; what JSON does not have, as text."""
    if isinstance(value, str):
        return value[:CELL_LIMIT_CHARACTERS]
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)[:CELL_LIMIT_CHARACTERS]
