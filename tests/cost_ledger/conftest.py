"""A real PostgreSQL for the ledger's tests, with the schema of the migrations."""

import asyncpg
import pytest_asyncio

from infra.migrations.run import migrate
from infra.platform.home import Home
from infra.platform.postgres import Postgres
from infra.platform.processes import Supervisor


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_dsn(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"))
    home.create()
    postgres = Postgres(home)
    async with Supervisor(lambda _: None) as supervisor:
        await postgres.start(supervisor)
        await migrate(postgres.dsn)
        yield postgres.dsn


@pytest_asyncio.fixture
async def pool(postgres_dsn):
    """The ledger of one test: empty at its start."""
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=16) as opened:
        await opened.execute("TRUNCATE budgets, holds, entries")
        yield opened
