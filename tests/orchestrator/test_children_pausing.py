"""A run that is paused takes the runs that it called with it, and lets them go on again."""

import pytest

from contracts.control import RunParentPaused, RunParentResumed, RunPaused, RunPauseRequested
from contracts.model import ModelRequested
from contracts.run import RunCancelled, RunStarted
from services.orchestrator.handlers import wake
from tests.families import Calling
from tests.orchestrator.kinship import Family, between

PARENT, CHILD, GRANDCHILD = "r-0", "r-0_1-1-1", "r-0_1-1-1_1-1-1"


@pytest.fixture
def parent():
    calling = Calling()
    calling.claim()
    return calling


@pytest.fixture
async def family(parent):
    """A parent and a child that has begun its first step."""
    family = Family(parent, parent.child())
    await family.hear_all()
    assert (await family.run(CHILD)).status == "running"
    return family


async def test_pausing_a_run_pauses_the_runs_that_it_called(family):
    await family.pause(PARENT)
    await family.hear_all()

    child = await family.run(CHILD)
    assert child.status == "paused"
    assert (child.pause.paused.body.scope, child.pause.paused.body.principal) == ("parent", "anna")


async def test_resuming_a_run_resumes_the_runs_that_it_called(family):
    await family.pause(PARENT)
    await family.hear_all()
    await family.resume(PARENT)
    await family.hear_all()

    child = await family.run(CHILD)
    assert child.status == "running"
    assert child.pauses[0].resumed.body.principal == "otto"


async def test_a_pause_reaches_every_generation_below_and_so_does_its_end(parent):
    middle = between(parent)
    family = Family(parent, middle, middle.child(depth=2))
    await family.hear_all()
    await family.pause(PARENT)
    await family.hear_all()
    assert [(await family.run(one)).status for one in (CHILD, GRANDCHILD)] == ["paused"] * 2

    await family.resume(PARENT)
    await family.hear_all()

    assert [(await family.run(one)).status for one in (CHILD, GRANDCHILD)] == ["running"] * 2


async def test_a_run_that_is_called_while_its_parent_is_paused_does_not_start(parent):
    family = Family(parent)
    await family.pause(PARENT)
    await family.hear_all()
    family.bus.given(*parent.child().facts)

    await family.hear_all()

    child = await family.run(CHILD)
    assert (child.status, child.started) == ("paused", None)


async def test_it_starts_once_its_parent_goes_on(parent):
    family = Family(parent)
    await family.pause(PARENT)
    await family.hear_all()
    family.bus.given(*parent.child().facts)
    await family.hear_all()

    await family.resume(PARENT)
    await family.hear_all()

    assert (await family.run(CHILD)).status == "running"


async def test_a_pause_that_was_told_after_its_end_holds_nobody(family):
    """Two replicas: the one that heard the pause was slow."""
    await family.pause(PARENT)
    await family.hear(family.bus.facts[-1])
    stale = await family.run(PARENT)
    await family.resume(PARENT)
    await family.hear(family.bus.facts[-1])
    resumed = next(one for one in family.bus.facts if one.type == "run.resumed")
    await family.hear(resumed)
    paused = stale.pause.paused.body
    late = RunParentPaused(parent_run_id=PARENT, principal=paused.principal, number=paused.number)
    child = await family.run(CHILD)
    await family.bus.say(child.submitted, late)

    await family.hear_all()

    assert (await family.run(CHILD)).status == "running"


async def test_a_pause_that_is_heard_twice_is_told_once(family):
    await family.pause(PARENT)
    await family.hear_all()
    [paused] = [one for one in family.bus.facts if one.type == "run.paused" and one.run_id == "r-0"]

    await family.hear(paused)
    await family.hear_all()

    assert len(family.said(RunParentPaused)) == 1
    assert [run_id for run_id, _ in family.said(RunPaused)] == [PARENT, CHILD]


async def test_a_pause_that_nobody_passed_on_is_found_at_the_next_sweep(family):
    await family.pause(PARENT)
    await family.hear(family.bus.facts[-1])
    assert family.said(RunParentPaused) == []

    await wake("acme", CHILD, family.bus, family.desk)

    assert [run_id for run_id, _ in family.said(RunParentPaused)] == [CHILD]


async def test_the_end_of_a_pause_that_nobody_passed_on_is_found_at_the_next_sweep(family):
    await family.pause(PARENT)
    await family.hear_all()
    await family.resume(PARENT)
    await family.hear(family.bus.facts[-1])
    assert family.said(RunParentResumed) == []

    await wake("acme", CHILD, family.bus, family.desk)

    assert len(family.said(RunParentResumed)) == 1


async def test_a_child_of_a_paused_run_cannot_be_resumed_alone(family):
    await family.pause(PARENT)
    await family.hear_all()

    await family.resume(CHILD)
    await family.hear_all()

    assert (await family.run(CHILD)).status == "paused"


async def test_a_child_that_was_paused_itself_stays_so_when_its_parent_goes_on(family):
    await family.tell(CHILD, RunPauseRequested(principal="kim", reason="mine", nonce="c"))
    await family.pause(PARENT)
    await family.hear_all()

    await family.resume(PARENT)
    await family.hear_all()

    assert (await family.run(CHILD)).pause.paused.body.principal == "kim"


async def test_a_child_that_is_not_submitted_yet_is_told_of_no_pause(parent):
    """Its submission is a create: a fact under its id would stop it."""
    family = Family(parent)

    await family.pause(PARENT)
    await family.hear_all()

    assert family.said(RunParentPaused) == []


async def test_a_paused_family_is_cancelled_whole(family):
    await family.pause(PARENT)
    await family.hear_all()

    await family.ends(PARENT, RunCancelled(principal="p", reason=""))
    await family.hear_all()

    assert (await family.run(CHILD)).status == "cancelled"


async def test_a_paused_child_takes_no_step(parent):
    family = Family(parent)
    await family.pause(PARENT)
    await family.hear_all()
    family.bus.given(*parent.child().facts)

    await family.hear_all()

    said = [run_id for run_id, _ in family.said((RunStarted, ModelRequested))]
    assert CHILD not in said
