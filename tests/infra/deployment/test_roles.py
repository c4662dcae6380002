"""The role of tools, on a real PostgreSQL: the shop is theirs, and nothing of the platform."""

import asyncpg
import pytest

from infra.demo.shop.database import prepare
from infra.platform.postgres_cluster import ROLE, TOOLS_ROLE

TABLES = """
    SELECT schemaname || '.' || tablename FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'shop')
"""
REFUSED = asyncpg.InsufficientPrivilegeError


@pytest.fixture
async def tables(postgres_dsn):
    """Every table of the platform, by its name."""
    await prepare(postgres_dsn)
    owner = await asyncpg.connect(postgres_dsn)
    try:
        return [row[0] for row in await owner.fetch(TABLES)]
    finally:
        await owner.close()


@pytest.fixture
async def tools(postgres_dsn, tables):
    """What a tool has: a connection under the role of tools."""
    connection = await asyncpg.connect(postgres_dsn.replace(f"{ROLE}@", f"{TOOLS_ROLE}@"))
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_tool_reads_and_changes_no_table_of_the_platform(tools, tables):
    assert {"public.budgets", "public.holds", "public.entries"} <= set(tables)

    for table in tables:
        for statement in (
            f"SELECT * FROM {table}",
            f"INSERT INTO {table} DEFAULT VALUES",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
        ):
            with pytest.raises(REFUSED):
                await tools.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        f"ALTER ROLE {TOOLS_ROLE} SUPERUSER",
        f"SET ROLE {ROLE}",
        f"GRANT {ROLE} TO {TOOLS_ROLE}",
        "COPY shop.orders TO '/tmp/orders'",
        "COPY shop.orders TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "DELETE FROM shop.refunds",
        "TRUNCATE shop.effects",
        "UPDATE shop.orders SET total = 1",
        "UPDATE shop.refunds SET amount = 1",
    ],
)
async def test_a_tool_gains_nothing_and_wipes_nothing(tools, statement):
    with pytest.raises(REFUSED):
        await tools.execute(statement)


async def test_a_tool_reads_the_shop(tools):
    assert await tools.fetchval("SELECT count(*) FROM shop.orders") > 0
