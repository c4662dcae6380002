"""What tests of several services ask for."""

import pytest_asyncio

from infra.migrations.run import migrate
from infra.platform.home import Home
from infra.platform.postgres import Postgres
from infra.platform.processes import Supervisor


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_dsn(tmp_path_factory):
    """A real PostgreSQL with the schema of the migrations; each test empties the tables it uses."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.create()
    postgres = Postgres(home)
    async with Supervisor(lambda _: None) as supervisor:
        await postgres.start(supervisor)
        await migrate(postgres.dsn)
        yield postgres.dsn
