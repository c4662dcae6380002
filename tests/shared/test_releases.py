"""Which release a task is run by, and what is in force of those that lie in the log."""

import pytest

from contracts.agent import Assigned
from contracts.task import Fork, Judging, TaskSubmitted
from contracts.trial import Trial
from shared.errors import Again
from shared.releases import AS_CONFIGURED
from tests.bodies import task
from tests.releasing import in_force, released, version

OLD, NEW = version("old"), version("new")
PRODUCTION, CANARY = released("production", OLD), released("canary", NEW, share_percent=50)
RUNS = [f"r-{one}" for one in range(200)]


def changed(**changes: object) -> TaskSubmitted:
    return task().model_copy(update=changes)


async def test_without_a_release_an_agent_is_as_it_is_configured():
    assert AS_CONFIGURED.assign("acme", "r-1", task()) is None
    assert (await in_force(released("staging", NEW))).assign("acme", "r-1", task()) is None


async def test_production_takes_the_place_of_what_is_configured():
    releases = await in_force(PRODUCTION)

    assert releases.assign("acme", "r-1", task()) == Assigned(
        label="production", version=OLD.version
    )
    assert releases.assign("acme", "r-1", task(agent="sales")) is None


async def test_the_last_release_of_a_label_counts():
    releases = await in_force(PRODUCTION, released("production", NEW))

    assert releases.assign("acme", "r-1", task()).version == NEW.version


async def test_a_canary_takes_its_share_and_the_chance_is_told():
    releases = await in_force(PRODUCTION, released("canary", NEW, share_percent=20))

    found = [releases.assign("acme", run_id, task()) for run_id in RUNS]

    assert {(one.label, one.version, one.chance) for one in found} == {
        ("canary", NEW.version, 0.2),
        ("production", OLD.version, 0.8),
    }


async def test_beside_a_canary_others_are_as_configured_where_production_is():
    releases = await in_force(CANARY)

    found = [releases.assign("acme", run_id, task()) for run_id in RUNS]

    assert {one.version for one in found} == {NEW.version, None}


async def test_a_canary_that_was_taken_away_draws_nobody():
    releases = await in_force(PRODUCTION, CANARY, released("canary", None))

    assert {releases.assign("acme", one, task()).label for one in RUNS} == {"production"}


@pytest.mark.parametrize(
    "changes",
    [
        {"fork": Fork(run_id="r-0")},
        {"judging": Judging(run_id="r-0", metric="helpful", judge="judge-a")},
    ],
    ids=["fork", "judge"],
)
async def test_forks_and_judges_are_of_no_release(changes):
    releases = await in_force(PRODUCTION, CANARY)

    assert {releases.assign("acme", one, changed(**changes)) for one in RUNS} == {None}


async def test_a_trial_is_of_production_and_never_of_a_canary():
    releases = await in_force(PRODUCTION, CANARY)
    trial = changed(trial=Trial(experiment="e", case="c"))

    assert {releases.assign("acme", one, trial).label for one in RUNS} == {"production"}


@pytest.mark.parametrize(("label", "found"), [("staging", NEW), ("production", OLD)])
async def test_whoever_names_a_label_gets_it(label, found):
    releases = await in_force(PRODUCTION, released("staging", NEW), CANARY)

    assigned = [releases.assign("acme", one, changed(label=label)) for one in RUNS]

    assert {(one.label, one.version, one.chance) for one in assigned} == {
        (label, found.version, 1.0)
    }


async def test_a_definition_is_known_as_long_as_the_log_has_it():
    releases = await in_force(PRODUCTION, released("production", NEW))

    assert releases.definition("support", OLD.version) == OLD
    with pytest.raises(Again, match="not known here yet"):
        releases.definition("support", "000000000000")
