"""Cost and quality together on a live platform: by HTTP and in the terminal."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
import yaml

from contracts.trial import EVALUATION
from infra.demo.stage import TENANT
from shared.catalogue import Alias
from tests.e2e.commands import interlock

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.05


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def begun(stage):
    """When the runs of these tests began: two that are accepted, one that is not, and a trial."""
    found = datetime.now(UTC).isoformat()
    asked = {
        "priced-1": {"text": "hello"},
        "priced-2": {"text": "hello"},
        "priced-3": {"text": "Where is order 1042?", "limits": {"steps": 1}},
        "priced-trial": {"text": "hello", "feature": EVALUATION},
    }
    for run_id, more in asked.items():
        await stage.submit(run_id, **more)
    for run_id in asked:
        await stage.follower.wait_for(run_id, "run.evaluated")
        await stage.finished(run_id)
    return found


async def frontier(platform, runs, **query):
    """The only line, once it tells of so many runs, and lists are up to date."""
    headers = {"authorization": f"Bearer {platform.token}"}
    url = f"{platform.console_url}/api/v1"
    async with (
        httpx.AsyncClient(base_url=url, headers=headers) as http,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        while True:
            late = (await http.get("/projections")).raise_for_status().json()["lag_facts"]
            answer = await http.get("/evaluations/frontier", params={"tenant": TENANT, **query})
            lines = answer.raise_for_status().json()["lines"]
            if not late and [line["runs"] for line in lines] == [runs]:
                return lines[0]
            await asyncio.sleep(LOOK_SECONDS)


async def test_what_was_paid_is_held_against_what_was_accepted(platform, stage, begun):
    line = await frontier(platform, 3, since=begun)

    runs = [await stage.finished(f"priced-{number}") for number in (1, 2, 3)]
    paid = sum(
        one.settled.body.cost_micro_usd
        for run in runs
        for step in run.steps
        for one in step.attempts
    )
    assert (line["agent"], line["alias"], line["accepted"]) == ("support", "default", 2)
    assert line["cost_micro_usd"] == paid > 0
    assert line["cost_per_accepted_micro_usd"]["value"] == pytest.approx(paid / 2, abs=1)
    assert line["on_frontier"]


async def test_a_trial_is_counted_where_it_is_asked_for(platform, begun):
    line = await frontier(platform, 4, since=begun, trials=True)

    assert line["accepted"] == 3


async def test_the_command_shows_what_the_api_tells(platform, begun):
    line = await frontier(platform, 3, since=begun)
    home = platform.places.home.path
    asked = ("eval", "frontier", "--since", begun, "--tenant", TENANT)

    told = json.loads(await interlock(home, *asked, "--json"))
    shown = await interlock(home, *asked, "--agent", "support")
    nothing = await interlock(home, *asked, "--agent", "nobody")

    assert told["lines"] == [line]
    assert "67%" in shown
    assert "frontier" in shown
    assert "evaluators:" in nothing


async def test_the_weights_that_follow_can_be_pasted_into_the_file(platform, begun):
    await frontier(platform, 3, since=begun)
    asked = ("eval", "frontier", "--weights", "--since", begun, "--tenant", TENANT)

    written = await interlock(platform.places.home.path, *asked, "-o", "yaml")

    alias = Alias.model_validate(yaml.safe_load(written)["aliases"]["default"])
    assert list(alias.weights.values()) == [1, 0], "three runs are too few to change anything"
