"""The state folder: its rooms, its lock, its endpoints, its ports."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.platform.errors import HomeInUse, HomeUnusable
from infra.platform.files import create_file, replace_file
from infra.platform.home import Endpoints, Home
from infra.platform.ports import choose_port
from tests.infra.platform.waiting import until

HOLD = """
import sys, time
from pathlib import Path
from infra.platform.home import Home
with Home(Path(sys.argv[1])).locked():
    time.sleep(60)
"""


def endpoints(**changes) -> Endpoints:
    known = {
        "pid": os.getpid(),
        "durability": "fast",
        "nats_url": "nats://127.0.0.1:1",
        "nats_monitoring_url": "http://127.0.0.1:2",
        "postgres_dsn": "postgresql://interlock@/interlock?host=/x",
        "console_url": "http://127.0.0.1:3",
    }
    return Endpoints(**{**known, **changes})


def test_the_environment_names_the_home(tmp_path):
    assert Home.from_environment({"INTERLOCK_HOME": str(tmp_path)}).path == tmp_path
    assert Home.from_environment({}).path == Path.cwd() / ".interlock"


def test_a_home_has_rooms_only_its_owner_may_enter(home):
    for room in (home.path, home.keys, home.logs, home.nats, home.postgres, home.run):
        assert stat.S_IMODE(room.stat().st_mode) == 0o700


def test_creating_a_home_again_keeps_what_is_in_it(home):
    (home.keys / "a.seed").write_text("x")

    home.create()

    assert (home.keys / "a.seed").read_text() == "x"


def test_a_file_in_the_place_of_the_home_is_explained(tmp_path):
    (tmp_path / "home").write_text("")

    with pytest.raises(HomeUnusable, match="INTERLOCK_HOME"):
        Home(tmp_path / "home").create()


def test_a_second_holder_is_refused_and_told_who_holds(home):
    with home.locked(), pytest.raises(HomeInUse, match=str(os.getpid())), home.locked():
        pass


def test_a_released_home_can_be_taken_again(home):
    with home.locked():
        pass
    with home.locked():
        assert (home.run / "lock").read_text().strip() == str(os.getpid())


async def test_the_lock_of_a_killed_process_is_taken_over(home):
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, str(home.path)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    lock = home.run / "lock"
    await until(lambda: lock.exists() and lock.read_text().strip() == str(holder.pid))
    with pytest.raises(HomeInUse, match=str(holder.pid)), home.locked():
        pass

    holder.kill()
    await holder.wait()

    with home.locked():
        assert lock.read_text().strip() == str(os.getpid())


def test_published_endpoints_are_found_until_they_are_withdrawn(home):
    published = endpoints(services={"simulator": "http://127.0.0.1:4"})

    home.publish(published)

    assert home.endpoints() == published
    home.withdraw()
    home.withdraw()
    assert home.endpoints() is None


def test_endpoints_of_a_dead_platform_are_not_believed(home):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    home.publish(endpoints(pid=ended.pid))

    assert home.endpoints() is None


def test_endpoints_of_a_reused_pid_are_not_believed(home):
    home.publish(endpoints(started_at=datetime(2020, 1, 1, tzinfo=UTC)))

    assert home.endpoints() is None


def test_an_endpoints_file_of_another_shape_is_explained(home):
    (home.run / "endpoints.json").write_text('{"pid": "none"}')

    with pytest.raises(HomeUnusable, match=r"endpoints\.json"):
        home.endpoints()


def test_a_replaced_file_leaves_nothing_beside_it(tmp_path):
    replace_file(tmp_path / "a", "1")
    replace_file(tmp_path / "a", "2")

    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "2"


def test_a_created_file_is_never_created_twice(tmp_path):
    assert create_file(tmp_path / "a", "1")
    assert not create_file(tmp_path / "a", "2")

    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "1"


def test_a_free_preferred_port_is_chosen():
    free = choose_port()

    assert choose_port(free) == free


def test_a_taken_preferred_port_is_replaced():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert choose_port(port) not in (0, port)
