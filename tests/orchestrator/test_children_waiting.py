"""A parent's deadline stands still while a run that it called waits for people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.control import RunChildStoodStill, RunChildWentOn
from contracts.history.waiting import waited
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.tool import ToolUnknown
from services.orchestrator.handlers import wake
from services.orchestrator.rules.timing import deadline
from tests.bodies import manifest, run_started, tool_claimed
from tests.families import DEADLINE, Calling
from tests.orchestrator.kinship import Family, asking, between

PARENT, CHILD, GRANDCHILD = "r-0", "r-0_1-1-1", "r-0_1-1-1_1-1-1"
AN_HOUR = 3600


@pytest.fixture
def parent():
    calling = Calling()
    calling.claim()
    return calling


@pytest.fixture
def family(parent):
    return Family(parent, asking(parent.child()))


@pytest.fixture
def three(parent):
    """Three generations, of which the youngest asks a person."""
    middle = between(parent)
    return Family(parent, middle, asking(middle.child()))


async def test_a_parent_has_no_deadline_while_its_child_asks_a_person(family):
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)

    await wake("acme", PARENT, family.bus, family.desk)

    run = await family.run(PARENT)
    assert deadline(run) is None
    assert run.end is None


async def test_what_a_person_took_for_a_child_is_given_back_to_its_parent(family):
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)
    await family.approve(CHILD)
    await family.hear_all()

    run = await family.run(PARENT)

    assert deadline(run) == DEADLINE + timedelta(seconds=AN_HOUR)


async def test_a_parent_fails_when_its_child_works_past_the_deadline(family):
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)
    await family.approve(CHILD)
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)

    await wake("acme", PARENT, family.bus, family.desk)

    assert (await family.run(PARENT)).end.body.rule == "deadline_passed"


async def test_a_wait_that_nobody_has_passed_on_yet_keeps_the_parent_from_failing(family):
    """The question lies in the log of the child; whoever was to tell the parent has crashed."""
    for fact in list(family.bus.facts):
        if fact.type == "tool.escalated":
            await family.hear(fact)
    family.bus.clock.advance(AN_HOUR)

    await wake("acme", PARENT, family.bus, family.desk)

    assert (await family.run(PARENT)).end is None
    assert [run_id for run_id, _ in family.said(RunChildStoodStill)] == [PARENT]


async def test_a_wait_two_generations_below_that_nobody_has_passed_on_is_found(three):
    for fact in list(three.bus.facts):
        if fact.type == "tool.escalated":
            await three.hear(fact)
    three.bus.clock.advance(AN_HOUR)

    await wake("acme", PARENT, three.bus, three.desk)

    assert (await three.run(PARENT)).end is None


async def test_a_grandparent_waits_with_its_grandchild(three):
    await three.hear_all()
    three.bus.clock.advance(AN_HOUR)

    assert [run_id for run_id, _ in three.said(RunChildStoodStill)] == [CHILD, PARENT]
    assert deadline(await three.run(PARENT)) is None

    await three.approve(GRANDCHILD)
    await three.hear_all()

    given_back = waited(await three.run(PARENT))
    assert given_back == waited(await three.run(CHILD)) == timedelta(seconds=AN_HOUR)


async def test_a_grandchild_that_ends_while_it_waits_ends_the_wait_of_every_run_above(three):
    await three.hear_all()
    three.bus.clock.advance(AN_HOUR)

    await three.ends(GRANDCHILD, RunCancelled(principal="p", reason=""))

    ends = [await three.run(one) for one in (CHILD, PARENT)]
    assert [waited(run) for run in ends] == [timedelta(seconds=AN_HOUR)] * 2
    assert [run_id for run_id, _ in three.said(RunChildWentOn)] == [PARENT]


async def test_the_end_of_a_child_ends_its_wait(family):
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)

    await family.ends(CHILD, RunFailed(rule="stopped", reason=""))

    assert deadline(await family.run(PARENT)) == DEADLINE + timedelta(seconds=AN_HOUR)


async def test_what_a_child_worked_after_its_wait_is_not_given_back_though_its_end_tells_of_both(
    family,
):
    """The answer lies in the log of the child; whoever was to tell the parent has crashed."""
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)
    await family.answered_unheard(CHILD)
    family.bus.clock.advance(AN_HOUR / 2)

    await family.ends(CHILD, RunFailed(rule="stopped", reason=""))

    assert waited(await family.run(PARENT)) == timedelta(seconds=AN_HOUR)
    kinds = [fact.type for fact in family.bus.facts if fact.run_id == PARENT][-2:]
    assert kinds == ["run.child_went_on", "tool.failed"]


async def test_a_wait_that_a_child_ended_in_is_told_with_its_end(family):
    for fact in list(family.bus.facts):
        if fact.type == "tool.escalated":
            await family.hear(fact)
    family.bus.clock.advance(AN_HOUR)

    await family.ends(CHILD, RunCancelled(principal="p", reason=""))

    assert waited(await family.run(PARENT)) == timedelta(seconds=AN_HOUR)
    assert len(family.said(RunChildStoodStill)) == 1
    assert family.said(RunChildWentOn) == []


async def test_a_question_about_a_child_that_is_over_is_no_wait_of_its_parent(parent):
    child = parent.child()
    child.say(run_started(manifest()), child.facts[-1])
    cleared = child.clear(child.call(child.step(calls=[("find_order", "{}")])))
    child.say(tool_claimed("1-1"), cleared)
    family = Family(parent, child)
    run = await family.run(CHILD)
    await family.bus.append(run, run.root, RunCancelled(principal="p", reason=""))
    unknown = ToolUnknown(call="1-1", attempt=1, reason="it died")
    await family.hear(await family.bus.say(cleared, unknown))
    question = family.bus.facts[-1]
    assert question.type == "review.requested"

    await family.hear(question)

    assert family.said(RunChildStoodStill) == []


async def test_a_wait_that_is_heard_twice_is_told_once(family):
    await family.hear_all()
    question = next(one for one in family.bus.facts if one.type == "review.requested")

    await family.hear(question)
    await family.approve(CHILD)
    await family.hear_all()
    await family.hear(question)

    assert len(family.said(RunChildStoodStill)) == len(family.said(RunChildWentOn)) == 1


async def test_a_question_and_its_answer_that_are_heard_together_are_both_told(family):
    await family.hear(family.bus.facts[-1])
    await family.approve(CHILD)

    await family.hear_all()

    assert len(family.said(RunChildStoodStill)) == len(family.said(RunChildWentOn)) == 1


async def test_waits_of_two_children_that_overlap_count_once():
    parent = Calling(calls=2)
    parent.claim(1)
    parent.claim(2)
    family = Family(parent, asking(parent.child(1)), asking(parent.child(2)))
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)
    await family.approve(CHILD)
    await family.hear_all()
    assert deadline(await family.run(PARENT)) is None
    family.bus.clock.advance(AN_HOUR)
    await family.approve("r-0_1-2-1")
    await family.hear_all()

    assert waited(await family.run(PARENT)) == timedelta(seconds=2 * AN_HOUR)


async def test_a_parent_waits_with_a_child_that_is_paused_alone(family):
    await family.pause(CHILD)
    await family.hear_all()

    assert deadline(await family.run(PARENT)) is None


async def test_a_run_that_names_a_parent_which_never_called_it_stops_no_clock():
    parent = Calling()
    family = Family(parent, asking(parent.child()))

    await family.hear_all()

    assert family.said(RunChildStoodStill) == []


async def test_the_timer_of_a_parent_is_set_to_its_new_deadline(family):
    family.desk = replace(family.desk, sweep_seconds=24 * AN_HOUR)
    await family.hear_all()
    family.bus.clock.advance(AN_HOUR)
    await family.approve(CHILD)
    await family.hear_all()

    run = await family.run(PARENT)

    assert family.desk.timers.wakes["acme", PARENT] == deadline(run)


async def test_a_parent_that_is_over_is_told_of_no_wait(family):
    await family.ends(PARENT, RunCompleted(answer="ok", steps=1))

    await family.hear_all()

    assert family.said(RunChildStoodStill) == []
