"""The database dies under a run: the record waits for it and loses nothing, and runs go on."""

import asyncio
import signal
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import psutil
import pytest
import pytest_asyncio

from contracts.subjects import OBSERVER
from infra.demo.scenes import completed
from infra.dev.assembly import service_child
from tests.e2e.gateway import gateway
from tests.integration.eventually import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

ASKED = "Please slowly refund order 9001."
WAIT_SECONDS = 30.0
TRIED_SECONDS = 1.0  # by then whoever heard the end of a run has tried to write it


@pytest_asyncio.fixture(loop_scope="session")
async def way(platform):
    """The observer's way to the database, that it alone takes."""
    dsn = platform.places.postgres_dsn
    (real,) = parse_qs(urlsplit(dsn).query)["host"]
    (port,) = parse_qs(urlsplit(dsn).query)["port"]
    name = f".s.PGSQL.{port}"
    with tempfile.TemporaryDirectory(prefix="way-") as folder:
        async with gateway(Path(real, name), Path(folder, name)) as passing:
            places = replace(platform.places, postgres_dsn=dsn.replace(real, folder))
            await platform.supervisor.stop(OBSERVER)
            await platform.supervisor.start(service_child(OBSERVER, places, {}))
            await platform.wait_until_ready(OBSERVER)
            assert passing.connections
            yield passing
            await platform.supervisor.stop(OBSERVER)
    await platform.start_service(OBSERVER)


async def listed(platform, run_id):
    headers = {"authorization": f"Bearer {platform.token}"}
    async with httpx.AsyncClient(headers=headers) as http:
        answer = await http.get(f"{platform.console_url}/api/v1/runs")
        found = answer.json() if answer.is_success else []
        return {one["run_id"]: one["status"] for one in found}.get(run_id) == "completed"


async def test_without_its_database_the_record_waits_and_no_run_does(platform, stage, way):
    run_id = f"unlisted-{uuid.uuid4().hex[:8]}"
    way.close()

    await stage.submit(run_id, ASKED)
    run = await stage.finished(run_id)

    assert completed(run), run.end
    await asyncio.sleep(TRIED_SECONDS)
    assert not await listed(platform, run_id)
    way.open()
    await eventually(lambda: listed(platform, run_id), WAIT_SECONDS)


async def test_a_run_survives_the_death_of_the_database(platform, stage):
    """Of a run that calls no tool: the shop of the others has its orders in there too."""
    run_id = f"database-{uuid.uuid4().hex[:8]}"
    await stage.submit(run_id, "hello")
    await stage.follower.wait_for(run_id, "model.claimed")

    psutil.Process(platform.supervisor.pid("postgres")).send_signal(signal.SIGKILL)

    run = await stage.finished(run_id)
    assert completed(run), run.end
    await eventually(lambda: listed(platform, run_id), WAIT_SECONDS)
    connection = await asyncpg.connect(platform.places.postgres_dsn)
    try:
        settled = "SELECT bool_and(state <> 'held') FROM holds WHERE run_id = $1"
        await eventually(lambda: connection.fetchval(settled, run_id), WAIT_SECONDS)
    finally:
        await connection.close()
