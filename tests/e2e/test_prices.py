"""A tool that costs money, through every layer: held, settled, and refused at the ceiling."""

import json

import pytest

from contracts.money import ToolFunded, ToolUnfunded
from infra.demo.scenes import completed
from tests.e2e.commands import interlock

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
PRICE_MICRO_USD = 20_000


async def test_calls_are_paid_for_until_the_budget_does_not_reach(stage, platform):
    await stage.submit("scholar-1", "Ash, birch, cedar?", agent="scholar", feature="lexicon")

    run = await stage.finished("scholar-1")

    assert completed(run), run.end.body
    tries = [step.calls[0].last for step in run.steps[:3]]
    funded = [type(one.funding.body) for one in tries]
    assert funded == [ToolFunded, ToolFunded, ToolUnfunded]
    assert "there is no money for it: run:demo/scholar-1 has" in tries[2].outcome.body.reason
    asked = ("cost", "report", "--by", "feature,provider,model", "--json")
    lines = json.loads(await interlock(platform.places.home.path, *asked))["lines"]
    (tool,) = [one for one in lines if (one["feature"], one["provider"]) == ("lexicon", "tool")]
    assert (tool["model"], tool["cost_micro_usd"]) == ("look_up", 2 * PRICE_MICRO_USD)
