"""Lists on a live platform: found by everything, never late for long, and built again alike."""

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from contracts.subjects import OBSERVER

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.05


@dataclass
class Desk:
    """The API as a script sees it."""

    http: httpx.AsyncClient

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.http.get(path, params=query)).raise_for_status().json()

    async def until(self, path: str, holds, **query: Any) -> Any:
        """What lies there, once it is as it should be."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await self.get(path, **query)
            while not holds(found):
                await asyncio.sleep(LOOK_SECONDS)
                found = await self.get(path, **query)
            return found

    async def up_to_date(self) -> None:
        await self.until("/projections", lambda found: not found["lag_facts"])

    async def rebuilt(self) -> Any:
        number = (await self.http.post("/projections/rebuild")).raise_for_status().json()["number"]
        found = await self.until(
            "/projections", lambda one: one["rebuild"]["state"] in ("done", "failed")
        )
        assert found["rebuild"]["number"] == number
        return found["rebuild"]


@pytest_asyncio.fixture(loop_scope="session")
async def desk(platform):
    headers = {"authorization": f"Bearer {platform.token}"}
    url = f"{platform.console_url}/api/v1"
    async with httpx.AsyncClient(base_url=url, headers=headers) as http:
        yield Desk(http)


async def rows(platform):
    connection = await asyncpg.connect(platform.places.postgres_dsn)
    try:
        columns = "(to_jsonb(console_runs) - 'rebuild')::text"
        runs = await connection.fetch(f"SELECT {columns} FROM console_runs ORDER BY 1")
        reviews = await connection.fetch(
            "SELECT console_reviews::text FROM console_reviews ORDER BY 1"
        )
        search = await connection.fetch(
            "SELECT console_run_search::text FROM console_run_search ORDER BY 1"
        )
        return [[one[0] for one in found] for found in (runs, reviews, search)]
    finally:
        await connection.close()


async def test_a_run_is_found_by_what_became_of_it(stage, desk):
    await stage.submit(
        "listed",
        "I want to know all of 1042, 1043 and 1044.",
        customer="c-list",
        user="u@example.org",
        metadata={"ticket": "T-77"},
    )
    run = await stage.finished("listed")
    await desk.up_to_date()

    for asked in (
        {"tool": "find_order", "customer": "c-list"},
        {"metadata": "ticket=T-77"},
        {"user": "u@example.org"},
        {"search": "listed"},
        {
            "search": '"know all of" 1043',
            "agent_version": run.started.body.agent_version,
            "user": "u@example.org",  # other tests may have asked the same of this platform
        },
        {"root": "listed", "status": "completed", "sort": "longest"},
        {"customer": "c-list", "cost_at_least_micro_usd": 1, "sort": "dearest"},
    ):
        found = await desk.get("/runs", **asked)
        assert [one["run_id"] for one in found] == ["listed"], asked
    (line,) = await desk.get("/runs", customer="c-list")
    assert line["tools"] == ["find_order"]
    (model,) = line["models"]
    found = await desk.get("/runs", model=model, customer="c-list")
    assert [one["run_id"] for one in found] == ["listed"]


async def test_rows_are_rebuilt_alike(stage, desk, platform):
    await stage.submit("rebuilt", "Now refund all of order 1042.")
    await stage.answer("rebuilt", "reject", "this customer was paid last week")
    await stage.finished("rebuilt")
    await desk.up_to_date()
    # Another test wiped a run out of the log: its row is removed, and that is right.
    await desk.rebuilt()
    before = await rows(platform)

    done = await desk.rebuilt()

    assert await rows(platform) == before
    assert (done["state"], done["differed"], done["removed"]) == ("done", 0, 0)
    assert done["rebuilt"] >= 1


async def test_lost_rows_come_back_while_new_runs_come(stage, desk, platform):
    await stage.submit("lost", "I want to know all of 1042, 1043 and 1044.")
    await stage.finished("lost")
    await desk.up_to_date()
    before = await rows(platform)
    connection = await asyncpg.connect(platform.places.postgres_dsn)
    await connection.execute("DELETE FROM console_runs")
    await connection.close()

    await stage.submit("meanwhile", "I want to know all of 1042, 1043 and 1044.")
    done = await desk.rebuilt()
    await stage.finished("meanwhile")
    await desk.up_to_date()

    assert done["differed"] >= len(before[0])
    after = await rows(platform)
    assert [[one for one in kind if "meanwhile" not in one] for kind in after] == before
    assert len(after[0]) == len(before[0]) + 1


async def test_lists_tell_how_late_they_are(stage, desk, platform):
    await desk.up_to_date()
    await platform.supervisor.stop(OBSERVER)
    try:
        await stage.submit("tardy", "I want to know all of 1042, 1043 and 1044.")
        await stage.finished("tardy")
        found = await desk.until("/projections", lambda one: one["lag_seconds"] > 0)
        assert found["lag_facts"] > 1
        assert await desk.get("/runs", search="tardy") == []
    finally:
        await platform.start_service(OBSERVER)
    await desk.up_to_date()

    assert [one["run_id"] for one in await desk.get("/runs", search="tardy")] == ["tardy"]
