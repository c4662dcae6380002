"""What tests of several services ask for, and logs that leave room for what failed."""

import logging
from collections.abc import Iterable

import pytest
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

# Tests that share one running platform; a second one beside it would only be slower.
ON_ONE_PLATFORM = "e2e"


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Tests of one file stay in one process, since they share what they set up."""
    for item in items:
        together = ON_ONE_PLATFORM if ON_ONE_PLATFORM in item.path.parts else str(item.path)
        item.add_marker(pytest.mark.xdist_group(together))


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
