"""The roles of services, on a real PostgreSQL: each does its own work with its tables, no more."""

import asyncpg
import pytest

from contracts.subjects import CONSOLE, LEDGER, OBSERVER
from infra.deployment.roles import ensure_passwords, ensure_service_roles, password_file
from infra.migrations.grants import GRANTS, SERVICE_ROLES
from infra.migrations.run import migrate
from infra.platform.postgres_cluster import ROLE, TOOLS_ROLE
from tests.roles import dsn_of

REFUSED = asyncpg.InsufficientPrivilegeError
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = $1"
OWNED = "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole"
NAMESPACES = "SELECT count(*) FROM pg_namespace WHERE nspowner = current_user::regrole"
MAY_NOT = {
    LEDGER: (
        "UPDATE entries SET settled_micro_usd = 0",
        "DELETE FROM entries",
        "DELETE FROM holds",
        "DELETE FROM budgets",
        "UPDATE holds SET amount_micro_usd = 0",
        "UPDATE holds SET tenant = 'other'",
        "SELECT * FROM console_runs",
    ),
    OBSERVER: (
        "SELECT * FROM holds",
        "UPDATE holds SET state = 'released'",
        "SELECT take_hold('a','a',NULL,NULL,'a','a',1,1,'a',1,'{}',ARRAY['b'],ARRAY[1])",
        "SELECT * FROM cost_by_attempt",
        "INSERT INTO observer_orders (kind, tenant, reason, asked_by) VALUES ('forget','a','','b')",
        "UPDATE observer_orders SET asked_by = 'anna'",
        "DELETE FROM observer_orders",
        "DELETE FROM observer_order_runs",
        "INSERT INTO console_archives (tenant, run_id, imported_by) VALUES ('a', 'a', 'anna')",
        "UPDATE console_archives SET content = ''",
    ),
    CONSOLE: (
        "INSERT INTO entries (hold_id, held_micro_usd) VALUES ('a', 1)",
        "SELECT set_cap('tenant:acme', 'acme', 1000000)",
        "SELECT unfreeze_budget('tenant:acme')",
        "SELECT * FROM budgets",
        "UPDATE console_runs SET cost_micro_usd = 0",
        "DELETE FROM console_reviews",
        "DELETE FROM console_archives",
        "UPDATE console_archives SET imported_by = 'anna'",
        "UPDATE observer_orders SET state = 'done'",
        "INSERT INTO observer_orders (kind, tenant, state) VALUES ('forget', 'a', 'done')",
        "INSERT INTO observer_order_runs (order_id, number, tenant, run_id) VALUES (1, 1, '', '')",
        "UPDATE observer_archives SET digest = ''",
    ),
}
GAINS = (
    "CREATE TABLE mine (x int)",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    f"SET ROLE {ROLE}",
    f"GRANT {ROLE} TO CURRENT_USER",
    "COPY schema_migrations TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'interlock'",
)


@pytest.fixture(params=list(SERVICE_ROLES))
async def as_service(request, postgres_dsn):
    """The service, and a connection under its role."""
    connection = await asyncpg.connect(dsn_of(request.param, postgres_dsn))
    try:
        yield request.param, connection
    finally:
        await connection.close()


@pytest.fixture
async def owner(postgres_dsn):
    connection = await asyncpg.connect(postgres_dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_service_has_no_way_to_the_tables_of_others(as_service, owner):
    service, connection = as_service
    tables = {row[0] for row in await owner.fetch(TABLES, b"r")} - set(GRANTS[service])
    views = {row[0] for row in await owner.fetch(TABLES, b"v")} - set(GRANTS[service])

    assert tables
    for table in tables:
        for statement in (f"SELECT * FROM {table}", f"INSERT INTO {table} DEFAULT VALUES"):
            with pytest.raises(REFUSED):
                await connection.execute(statement)
    for view in views:
        with pytest.raises(REFUSED):
            await connection.execute(f"SELECT * FROM {view}")


async def test_a_service_neither_empties_nor_drops_a_table(as_service, owner):
    _, connection = as_service

    for (table,) in await owner.fetch(TABLES, b"r"):
        for statement in (f"TRUNCATE {table} CASCADE", f"DROP TABLE {table} CASCADE"):
            with pytest.raises(REFUSED):
                await connection.execute(statement)


async def test_a_service_is_refused_what_is_not_its_work(as_service):
    service, connection = as_service

    for statement in MAY_NOT[service]:
        with pytest.raises(REFUSED):
            await connection.execute(statement)


@pytest.mark.parametrize("statement", GAINS)
async def test_a_service_gains_nothing(as_service, owner, statement):
    _, connection = as_service
    assert not owner.is_closed(), "a session that it may not end"

    with pytest.raises(REFUSED):
        await connection.execute(statement)


async def test_a_service_owns_nothing(as_service):
    _, connection = as_service

    assert await connection.fetchval(OWNED) == 0
    assert await connection.fetchval(NAMESPACES) == 0


async def test_a_right_that_somebody_gave_is_taken_back(owner, postgres_dsn):
    console = await asyncpg.connect(dsn_of(CONSOLE, postgres_dsn))
    try:
        await owner.execute(f"GRANT SELECT, UPDATE (frozen) ON budgets TO {SERVICE_ROLES[CONSOLE]}")
        await console.execute("UPDATE budgets SET frozen = NULL WHERE false")

        await migrate(postgres_dsn)

        with pytest.raises(REFUSED):
            await console.execute("UPDATE budgets SET frozen = NULL WHERE false")
    finally:
        await console.close()


async def test_a_password_is_made_once_and_of_each_service_another(tmp_path):
    ensure_passwords(tmp_path)
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}

    ensure_passwords(tmp_path)

    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == before
    assert len(set(before.values())) == len(SERVICE_ROLES)
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())


async def test_a_role_has_the_password_of_its_file(tmp_path, postgres_dsn):
    """Whoever migrates may not make roles here; the superuser of the cluster may."""
    ensure_passwords(tmp_path)
    superuser = postgres_dsn.replace(f"//{ROLE}@", "//postgres@")

    await ensure_service_roles(superuser, tmp_path)

    connection = await asyncpg.connect(superuser)
    try:
        for service, role in SERVICE_ROLES.items():
            found = await connection.fetchval(
                "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role
            )
            password = password_file(tmp_path, service).read_text().strip().rpartition(":")[2]
            assert found.startswith("SCRAM-SHA-256$")
            assert password not in found
        assert await connection.fetchval(
            "SELECT bool_and(NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb) FROM pg_roles "
            "WHERE rolname = ANY($1)",
            [*SERVICE_ROLES.values(), TOOLS_ROLE],
        )
    finally:
        await connection.close()
