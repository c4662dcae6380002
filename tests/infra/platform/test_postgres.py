"""The embedded PostgreSQL, for real, as whoever runs the tests."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from infra.platform.child import ChildEvent
from infra.platform.errors import PostgresUnusable
from infra.platform.home import Home
from infra.platform.os_process import descendants
from infra.platform.postgres import Postgres
from infra.platform.postgres_account import (
    LIBRARIES,
    PACKAGE,
    account_for_postgres,
    can_enter,
    find_postgres,
)
from infra.platform.processes import Supervisor
from tests.infra.platform.waiting import is_running, until

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")


@pytest.fixture
async def watched():
    events: list[ChildEvent] = []
    async with Supervisor(events.append) as supervisor:
        yield supervisor, events


async def ask(server: Postgres, query: str) -> object:
    connection = await asyncpg.connect(server.dsn, timeout=5)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def answers(server: Postgres) -> bool:
    try:
        return await ask(server, "SELECT 1") == 1
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def test_the_database_answers_when_start_returns(postgres, watched):
    await postgres.start(watched[0])

    assert await ask(postgres, "SELECT current_user || '@' || current_database()") == (
        "interlock@interlock"
    )


async def test_the_role_of_the_services_is_no_superuser(postgres, watched):
    await postgres.start(watched[0])

    assert await ask(postgres, "SHOW is_superuser") == "off"
    assert await ask(postgres, "SHOW fsync") == "on"


async def test_a_table_is_still_there_after_a_restart(home, postgres):
    async with Supervisor(lambda _: None) as supervisor:
        await postgres.start(supervisor)
        await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")

    async with Supervisor(lambda _: None) as supervisor:
        await Postgres(home).start(supervisor)
        assert await ask(postgres, "SELECT answer FROM kept") == 42


async def test_a_killed_server_comes_back_with_what_was_committed(postgres, watched):
    supervisor, _ = watched
    await postgres.start(supervisor)
    await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    first = supervisor.pid("postgres")

    os.kill(first, signal.SIGKILL)

    await until(lambda: supervisor.pid("postgres") not in (first, None))
    while not await answers(postgres):
        assert not supervisor.has_given_up("postgres")
    assert await ask(postgres, "SELECT answer FROM kept") == 42


async def test_a_stopped_server_leaves_no_process(postgres, watched):
    supervisor, _ = watched
    await postgres.start(supervisor)
    server = supervisor.pid("postgres")
    pids = [server, *(process.pid for process in descendants(server))]
    assert len(pids) > 1

    await supervisor.stop_all()

    assert not any(is_running(pid) for pid in pids)


async def test_two_homes_run_at_once(tmp_path, watched):
    servers = []
    async with Supervisor(lambda _: None) as second:
        for name, supervisor in (("one", watched[0]), ("two", second)):
            home = Home(tmp_path / name)
            home.create()
            server = Postgres(home)
            await server.start(supervisor)
            servers.append(server)
            await ask(server, f"CREATE TABLE mine AS SELECT '{name}' AS name")

        assert [await ask(server, "SELECT name FROM mine") for server in servers] == ["one", "two"]
    for server in servers:
        server.tidy()


async def test_a_deep_home_gets_a_short_socket(tmp_path, watched):
    home = Home(tmp_path / ("d" * 100) / ("e" * 100) / ".interlock")
    home.create()
    server = Postgres(home)

    await server.start(watched[0])

    assert await ask(server, "SELECT 1") == 1
    server.tidy()


async def test_an_interrupted_first_start_is_made_again(home, postgres, watched):
    half = home.postgres / "cluster.unfinished"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    await postgres.start(watched[0])

    assert await ask(postgres, "SELECT 1") == 1


async def test_a_cluster_of_another_version_is_refused(home, postgres, watched):
    cluster = home.postgres / "cluster"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")
    if account := account_for_postgres():
        os.chown(cluster, account.uid, account.gid)

    with pytest.raises(PostgresUnusable, match="made by PostgreSQL 16"):
        await postgres.start(watched[0])


@only_root
async def test_a_cluster_of_another_account_is_refused(home, postgres, watched):
    (home.postgres / "cluster").mkdir()

    with pytest.raises(PostgresUnusable, match="belongs to user id 0"):
        await postgres.start(watched[0])


@only_root
async def test_a_socket_folder_somebody_else_made_is_refused(postgres, watched):
    postgres._sockets.mkdir()

    with pytest.raises(PostgresUnusable, match="something else"):
        await postgres.start(watched[0])


@pytest.fixture
def open_cache() -> Iterator[Path]:
    cache = Path(tempfile.mkdtemp())
    cache.chmod(0o755)
    yield cache
    shutil.rmtree(cache)


@only_root
async def test_programs_below_a_private_folder_are_copied_for_the_account(
    home, tmp_path, watched, open_cache, monkeypatch
):
    site = tmp_path / "site-packages"
    private = site / PACKAGE / find_postgres().name
    shutil.copytree(find_postgres(), private, symlinks=True)
    shutil.copytree(find_postgres().parents[1] / LIBRARIES, site / LIBRARIES, symlinks=True)
    site.chmod(0o700)
    assert not can_enter(private, account_for_postgres())
    monkeypatch.setattr("infra.platform.postgres.PROGRAM_CACHE", open_cache)
    server = Postgres(home, installation=private)

    await server.start(watched[0])

    assert await ask(server, "SELECT 1") == 1
    assert [path.name.startswith("postgres-18-") for path in open_cache.iterdir()] == [True]
    server.tidy()
