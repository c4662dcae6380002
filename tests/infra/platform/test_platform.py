"""Both servers under one supervisor, ended in the worst way."""

import asyncio
import os
import sys

import pytest

from infra.platform.home import Home
from infra.platform.os_process import descendants
from infra.platform.postgres import Postgres
from infra.platform.processes import Supervisor
from tests.infra.platform.waiting import is_running, until

PLATFORM = """
import asyncio, sys
from pathlib import Path
from infra.platform.home import Home
from infra.platform.nats import NatsServer
from infra.platform.postgres import Postgres
from infra.platform.processes import Supervisor


async def main():
    home = Home(Path(sys.argv[1]))
    with home.locked():
        supervisor = Supervisor(lambda event: None)
        await NatsServer(home, port=0, monitoring_port=0).start(supervisor)
        await Postgres(home).start(supervisor)
        print("ready", flush=True)
        await asyncio.sleep(60)


asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_a_killed_platform_leaves_nothing_and_starts_again(home: Home, postgres: Postgres):
    platform = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PLATFORM, str(home.path)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert await asyncio.wait_for(platform.stdout.readline(), 30) == b"ready\n"
    pids = [process.pid for process in descendants(platform.pid)]
    # nats-server, the postmaster, and the workers of PostgreSQL.
    assert len(pids) > 3

    platform.kill()
    await platform.wait()

    await until(lambda: not any(is_running(pid) for pid in pids), limit_seconds=10)
    async with Supervisor(lambda _: None) as supervisor:
        with home.locked():
            await postgres.start(supervisor)
