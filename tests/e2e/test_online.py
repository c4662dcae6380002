"""Runs of production that are watched: judged after their end, and answered as they were."""

import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


async def test_a_run_with_a_risk_in_it_is_judged_and_passes_as_it_did(stage):
    await stage.submit("watched-1", "Parcel 7: vaguely", agent="porter")

    evaluated = await stage.follower.wait_for("watched-1", "run.evaluated")

    assert evaluated.body.passed
    (found,) = evaluated.body.assertions
    assert (found.name, found.passed, found.chance) == ("helpful", False, 1.0)
    assert [one.says for one in found.verdicts] == ["fail"] * 3
