"""On a real PostgreSQL: a wrong address, an old schema, rights that are missing."""

from dataclasses import replace

import asyncpg
import pytest

from contracts.subjects import CONSOLE
from infra.doctor.check import Check
from infra.doctor.clocks import look_at_clocks
from infra.doctor.installation import Installation
from infra.doctor.postgres import look_at_postgres
from infra.migrations.grants import SERVICE_ROLES
from infra.migrations.run import FOLDER, migrate
from infra.platform.home import Home
from tests.roles import dsn_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
NEWEST = max(path.name for path in FOLDER.glob("[0-9]*.sql"))
LIMIT_SECONDS = 20.0


@pytest.fixture
def installation(postgres_dsn, tmp_path):
    return replace(Installation("deployment", Home(tmp_path)), postgres_dsn=postgres_dsn)


async def amiss(installation, look=look_at_postgres):
    findings = await Check("looked", look, LIMIT_SECONDS).findings(installation)
    return {one.name: one for one in findings if one.state != "ok"}


async def test_a_migrated_database_is_well(installation):
    assert await amiss(installation) == {}


async def test_its_clock_is_ours(installation):
    assert "postgres" not in await amiss(installation, look_at_clocks)


async def test_a_wrong_address_fails_and_shows_no_password(installation):
    dsn = "postgresql://interlock:hunter2-quiet@127.0.0.1:9/interlock"

    found = await amiss(replace(installation, postgres_dsn=dsn))

    assert found["reachable"].state == "fail"
    assert "hunter2" not in str(found)
    assert found["reachable"].remedy.endswith("mend INTERLOCK_POSTGRES_DSN")


@pytest.mark.parametrize("dsn", ["postgresql://a@127.0.0.1:port/x", "mysql://127.0.0.1/x", "x"])
async def test_an_address_that_is_none_fails(installation, dsn):
    assert (await amiss(replace(installation, postgres_dsn=dsn)))["reachable"].state == "fail"


async def test_a_missing_migration_is_named(installation, postgres_dsn):
    connection = await asyncpg.connect(postgres_dsn)
    row = await connection.fetchrow(
        "DELETE FROM schema_migrations WHERE name = $1 RETURNING *", NEWEST
    )
    try:
        found = await amiss(installation)
    finally:
        await connection.execute("INSERT INTO schema_migrations VALUES ($1, $2, $3)", *row.values())
        await connection.close()

    assert found["migrations"].detail == f"not applied: {NEWEST}"
    assert found["migrations"].remedy == 'python -m infra.migrations.run "$INTERLOCK_POSTGRES_DSN"'


async def test_a_migration_of_another_text_is_named(installation, postgres_dsn):
    connection = await asyncpg.connect(postgres_dsn)
    row = await connection.fetchrow("SELECT * FROM schema_migrations WHERE name = $1", NEWEST)
    change = "UPDATE schema_migrations SET sha256 = $1 WHERE name = $2"
    await connection.execute(change, "0" * 64, NEWEST)
    try:
        found = await amiss(installation)
    finally:
        await connection.execute(change, row["sha256"], NEWEST)
        await connection.close()

    assert "another text" in found["migrations"].detail


async def test_of_a_service_s_own_role_its_own_rights_are_looked_at(installation, postgres_dsn):
    as_console = replace(installation, postgres_dsn=dsn_of(CONSOLE, postgres_dsn))
    owner = await asyncpg.connect(postgres_dsn)

    found = await amiss(as_console)
    await owner.execute(f"REVOKE ALL ON console_runs FROM {SERVICE_ROLES[CONSOLE]}")
    try:
        missing = await amiss(as_console)
    finally:
        await migrate(postgres_dsn)
        await owner.close()

    assert "rights" not in found
    assert missing["rights"].detail == "interlock_console may not use console_runs"
    assert missing["rights"].remedy.startswith("python -m infra.migrations.run")


async def test_rights_that_are_missing_are_named_with_the_grant(installation, postgres_dsn):
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("REVOKE UPDATE ON schema_migrations FROM CURRENT_USER")
    try:
        found = await amiss(installation)
    finally:
        await connection.execute("GRANT ALL ON schema_migrations TO CURRENT_USER")
        await connection.close()

    assert "may not read and write schema_migrations" in found["rights"].detail
    assert found["rights"].remedy.startswith("GRANT ALL ON ALL TABLES")
