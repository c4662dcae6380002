"""What tests of several services ask for, and logs that leave room for what failed."""

import logging

import pytest_asyncio
import structlog

from infra.migrations.run import migrate
from infra.platform.home import Home
from infra.platform.postgres import Postgres
from infra.platform.processes import Supervisor

# A traceback drawn with the locals of every frame fills screens, and hides the assertion.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
)


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
