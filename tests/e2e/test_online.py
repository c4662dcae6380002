"""Runs of production that are watched: judged after their end, and answered as they were."""

import json

import pytest

from tests.e2e.commands import interlock, typed
from tests.integration.eventually import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

LISTED_SECONDS = 15.0  # lists are written a second after the log, or later on a busy machine


async def test_a_run_with_a_risk_in_it_is_judged_and_passes_as_it_did(stage):
    await stage.submit("watched-1", "Parcel 7: vaguely", agent="porter")

    evaluated = await stage.follower.wait_for("watched-1", "run.evaluated")

    assert evaluated.body.passed
    (found,) = evaluated.body.assertions
    assert (found.name, found.passed, found.chance) == ("helpful", False, 1.0)
    assert [one.says for one in found.verdicts] == ["fail"] * 3


async def test_what_people_say_of_split_and_other_runs_of_production_makes_a_card(stage):
    home, config = stage.platform.places.home.path, stage.platform.places.config_dir
    said = {"watched-split": ("where", "pass"), "watched-plain": ("vaguely", "fail")}
    for run, (how, _) in said.items():
        await stage.submit(run, f"Parcel 8: {how}", agent="porter")
        await stage.follower.wait_for(run, "run.evaluated")
    await eventually(lambda: are_listed(home, set(said)), LISTED_SECONDS)
    waiting = json.loads(await interlock(home, "reviews", "list", "--split", "--json"))
    assert [one["run_id"] for one in waiting if one["agent"] == "porter"] == ["watched-split"]

    for run, (_, label) in said.items():
        asked = ("runs", "label", run, "helpful", label, "--as=lead@localhost")
        await interlock(home, *asked, "--reason", "It is so.")
    code, told = await typed(
        *(home, "calibrate", "--online", "porter", "--metric", "helpful", "--since", "1h"),
        INTERLOCK_CONFIG_DIR=str(config),
    )

    assert code == 0, told
    assert "panel, asked about helpful: 1 labels, 1 undecided" in told
    card = json.loads((config / "cards" / "panel.helpful.json").read_text())
    assert (card["true_fail"], card["undecided"], card["hostile"]) == (1, 1, 12)


async def test_of_an_agent_that_no_jury_is_asked_about_there_is_no_card(stage):
    home, config = stage.platform.places.home.path, stage.platform.places.config_dir
    asked = (home, "calibrate", "--online", "courier", "--metric", "helpful")

    code, told = await typed(*asked, INTERLOCK_CONFIG_DIR=str(config))

    assert code == 3
    assert "asks no jury about helpful of courier" in " ".join(told.split())


async def are_listed(home, runs):
    """Whether the lists have the verdicts on all of these."""
    found = json.loads(await interlock(home, "runs", "list", "--agent", "porter", "--json"))
    return runs <= {one["run_id"] for one in found if one["passed"] is not None}
