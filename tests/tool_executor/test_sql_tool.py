"""`sql_query`: a real PostgreSQL, with a role of its own for each tenant.

Who may come in by which role is fixed in this PostgreSQL, so two tenants bear names of its roles.
"""

import asyncpg
import pytest

from contracts.tool import ToolRefused
from infra.platform.postgres_cluster import ROLE, SUPERUSER
from services.tool_executor.tools import sql
from services.tool_executor.tools.sql import ROWS_LIMIT, sql_query
from tests.tool_executor.calling import CONTEXT

SETUP = """
DROP SCHEMA IF EXISTS shop CASCADE;
CREATE SCHEMA shop;
CREATE TABLE shop.orders (number int PRIMARY KEY, tenant_role text, total numeric, day date,
    note text, picture bytea, tags text[]);
INSERT INTO shop.orders VALUES
    (1042, 'interlock_console', 129.90, '2026-03-02', 'blue', '\\x00ff', '{a,b}'),
    (1043, 'interlock_observer', 5, '2026-03-02', repeat('x', 5000), NULL, NULL);
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.orders USING (tenant_role = session_user);
GRANT USAGE ON SCHEMA shop TO interlock_console, interlock_observer;
GRANT SELECT, INSERT, UPDATE ON shop.orders TO interlock_console, interlock_observer;
"""


@pytest.fixture
async def shop(postgres_dsn, monkeypatch):
    owner = await asyncpg.connect(postgres_dsn.replace(f"//{ROLE}@", f"//{SUPERUSER}@"))
    await owner.execute(SETUP)
    monkeypatch.setenv("SQL_DSN", postgres_dsn.replace(f"//{ROLE}@", "//interlock_{tenant}@"))
    yield owner
    await owner.execute("DROP SCHEMA shop CASCADE")
    await owner.close()


async def ask(query, *parameters, tenant="console"):
    call = CONTEXT.model_copy(update={"tenant": tenant})
    return await sql_query(query, list(parameters), call=call)


@pytest.mark.usefixtures("shop")
async def test_a_query_is_answered_in_json_of_its_columns():
    found = await ask("SELECT * FROM shop.orders WHERE number = $1", 1042)

    assert found.columns == ["number", "tenant_role", "total", "day", "note", "picture", "tags"]
    assert found.rows == [
        [1042, "interlock_console", "129.90", "2026-03-02", "blue", "2 bytes", "['a', 'b']"]
    ]
    assert not found.cut


@pytest.mark.usefixtures("shop")
async def test_a_tenant_sees_its_own_rows_whatever_the_query_says():
    everything = "SELECT number FROM shop.orders"
    other = "WITH x AS (SELECT set_config('role', 'interlock_observer', true)) "

    assert (await ask(everything)).rows == [[1042]]
    assert (await ask(everything, tenant="observer")).rows == [[1043]]
    with pytest.raises(ToolRefused, match="permission denied to set role"):
        await ask(other + "SELECT number FROM x, shop.orders")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("INSERT INTO shop.orders VALUES (1) RETURNING number", "read-only transaction"),
        ("WITH x AS (UPDATE shop.orders SET total = 0 RETURNING 1) SELECT * FROM x", "read-only"),
        ("SELECT 1; DROP TABLE shop.orders", "multiple commands"),
        ("COMMIT", "no rows"),
        ("SET TRANSACTION READ WRITE", "no rows"),
        ("SELECT set_config('transaction_read_only', 'off', true)", "read-write mode"),
        ("CREATE TABLE shop.mine (x int)", "no rows"),
        ("SELECT pg_read_file('/etc/passwd')", "permission denied"),
        ("SELEKT", "syntax error"),
        ("SELECT * FROM holds", "permission denied"),
        ("SELECT $1::int", "expects 1 argument"),
    ],
)
async def test_what_is_no_query_that_reads_is_refused(query, told):
    with pytest.raises(ToolRefused, match=told):
        await ask(query)


async def test_nothing_that_was_refused_was_done(shop):
    for query in (
        "WITH x AS (DELETE FROM shop.orders RETURNING 1) SELECT * FROM x",
        "COMMIT; DELETE FROM shop.orders",
    ):
        with pytest.raises(ToolRefused):
            await ask(query)

    assert await shop.fetchval("SELECT count(*) FROM shop.orders") == 2


@pytest.mark.usefixtures("shop")
async def test_values_stay_apart_from_the_query():
    found = await ask("SELECT $1::text AS said", "'; DROP TABLE shop.orders; --")

    assert found.rows == [["'; DROP TABLE shop.orders; --"]]


@pytest.mark.usefixtures("shop")
async def test_many_rows_and_long_cells_are_cut():
    many = await ask("SELECT n FROM generate_series(1, $1::int) AS n", ROWS_LIMIT + 1)
    whole = await ask("SELECT n FROM generate_series(1, $1::int) AS n", ROWS_LIMIT)
    long = await ask("SELECT repeat('x', 5000)")

    assert (len(many.rows), many.cut) == (ROWS_LIMIT, True)
    assert (len(whole.rows), whole.cut) == (ROWS_LIMIT, False)
    assert len(long.rows[0][0]) == sql.CELL_LIMIT_CHARACTERS


@pytest.mark.usefixtures("shop")
async def test_a_query_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(sql, "QUERY_SECONDS", 0.1)

    with pytest.raises(ToolRefused, match="statement timeout"):
        await ask("SELECT pg_sleep(20)")


@pytest.mark.parametrize("role", [ROLE, SUPERUSER])
async def test_a_role_that_no_policy_binds_is_refused(postgres_dsn, monkeypatch, role):
    """An owner of tables, and a superuser."""
    monkeypatch.setenv("SQL_DSN", postgres_dsn.replace(f"//{ROLE}@", f"//{role}@"))

    with pytest.raises(ToolRefused, match="bound by no policy"):
        await ask("SELECT 1")


@pytest.mark.parametrize("dsn", ["", "postgresql://u:hidden@127.0.0.1:1/x", "nonsense://hidden"])
async def test_a_database_that_is_not_there_is_told_without_its_address(monkeypatch, dsn):
    monkeypatch.setenv("SQL_DSN", dsn)

    with pytest.raises(ToolRefused) as refused:
        await ask("SELECT 1")

    assert "hidden" not in str(refused.value)
