"""What the end of a child says in its parent, and the end of a parent in its children."""

import json

import pytest

from contracts.control import RunCancelRequested, RunParentEnded
from contracts.run import RunCancelled, RunCompleted, RunFailed, RunStarted
from contracts.tool import ToolFailed, ToolSucceeded
from services.orchestrator.handlers import advance, ending, wake
from services.orchestrator.rules import decide
from services.orchestrator.rules.children import open_children
from shared.bus import Heard
from tests.bodies import NOON, task_cleared, tool_succeeded
from tests.families import Calling, child_task
from tests.histories import History
from tests.orchestrator.kinship import BOOK, Family, between


@pytest.fixture
def claimed():
    parent = Calling()
    parent.claim()
    return parent


@pytest.fixture
def family(claimed):
    return Family(claimed, claimed.child())


async def test_the_answer_of_a_child_is_the_result_of_its_call(family, claimed):
    await family.ends("r-0_1-1-1", RunCompleted(answer='"Quoted"', steps=1))

    [(run_id, body)] = family.said(ToolSucceeded)
    assert (run_id, json.loads(body.output_json)) == ("r-0", '"Quoted"')
    assert body.trust == "external"
    assert family.bus.facts[-1].cause_id == claimed.cleared.id


async def test_whoever_may_see_what_a_child_read_may_see_its_answer(claimed):
    child = History(run_id="r-0_1-1-1")
    labels = ("external", "readers:@own.example", "user")
    cleared = task_cleared().model_copy(update={"labels": labels})
    child.say(cleared, child.say(child_task("r-0")))
    family = Family(claimed, child)

    await family.ends("r-0_1-1-1", RunCompleted(answer="Tom earns 4711.", steps=1))

    [(_, body)] = family.said(ToolSucceeded)
    assert body.labels == ("readers:@own.example",)


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (RunFailed(rule="deadline_passed", reason="late"), "timed_out"),
        (RunFailed(rule="task_blocked", reason="no"), "refused"),
        (RunFailed(rule="money_ceiling", reason="spent"), "error"),
        (RunCancelled(principal="p", reason=""), "error"),
    ],
    ids=lambda value: getattr(value, "rule", ""),
)
async def test_a_child_without_an_answer_is_a_call_that_failed(family, end, kind):
    await family.ends("r-0_1-1-1", end)

    [(_, body)] = family.said(ToolFailed)
    assert body.kind == kind
    assert "r-0_1-1-1" in body.reason


async def test_an_end_that_is_heard_twice_is_told_once(family):
    await family.ends("r-0_1-1-1", RunCompleted(answer="ok", steps=1))
    end = next(one for one in family.bus.facts if isinstance(one.body, RunCompleted))

    await ending.close(Heard(end, delivery=2), family.bus, family.desk)

    assert len(family.said(ToolSucceeded)) == 1


async def test_a_run_that_names_a_parent_which_never_called_it_tells_that_nothing():
    parent = Calling()
    stranger = parent.child()
    family = Family(parent, stranger)

    await family.ends(stranger.run_id, RunCompleted(answer="believe me", steps=1))

    assert family.said(ToolSucceeded) == []


async def test_an_answer_that_is_longer_than_a_tool_may_say_is_cut(family):
    await family.ends("r-0_1-1-1", RunCompleted(answer="ä" * 70_000, steps=1))

    [(_, body)] = family.said(ToolSucceeded)
    assert body.truncated
    assert len(body.output_json.encode()) <= 65_536
    json.loads(body.output_json)


async def test_two_children_at_once_are_joined_in_the_order_of_the_calls():
    parent = Calling(calls=2)
    parent.claim(1)
    parent.claim(2)
    family = Family(parent, parent.child(1), parent.child(2))

    await family.ends("r-0_1-2-1", RunCompleted(answer="second", steps=1))
    assert decide((await family.bus.read("acme", "r-0")), NOON, BOOK) == ()
    await family.ends("r-0_1-1-1", RunCompleted(answer="first", steps=1))

    outcomes = [body.call for _, body in family.said(ToolSucceeded)]
    assert outcomes == ["1-2", "1-1"]


async def test_a_child_is_open_from_its_claim_until_its_outcome(claimed):
    assert list(open_children(claimed.run)) == ["r-0_1-1-1"]

    claimed.say(tool_succeeded("1-1"), claimed.cleared)

    assert list(open_children(claimed.run)) == []


async def test_the_end_of_a_parent_is_told_to_its_open_children(family):
    await family.ends("r-0", RunCancelled(principal="p", reason="not needed"))

    [(run_id, body)] = family.said(RunParentEnded)
    assert (run_id, body.parent_run_id, body.status) == ("r-0_1-1-1", "r-0", "cancelled")


async def test_a_child_whose_parent_has_ended_is_cancelled(family):
    await family.ends("r-0", RunCancelled(principal="p", reason="not needed"))

    await advance(Heard(family.bus.facts[-1]), family.bus, family.desk)

    assert (await family.bus.read("acme", "r-0_1-1-1")).status == "cancelled"


async def test_a_child_that_is_not_submitted_yet_is_told_nothing(claimed):
    """Its submission is a create: a fact under its id would stop it, and then nobody would end."""
    family = Family(claimed)

    await family.ends("r-0", RunCancelled(principal="p", reason=""))

    assert family.said(RunParentEnded) == []


async def test_a_child_that_is_submitted_while_its_parent_is_cancelled_does_not_survive(claimed):
    family = Family(claimed)
    await family.ends("r-0", RunCancelled(principal="p", reason=""))
    child = claimed.child()
    family.bus.given(*child.facts)

    await advance(Heard(family.bus.facts[-1]), family.bus, family.desk)

    assert (await family.bus.read("acme", child.run_id)).status == "cancelled"
    assert family.said(RunStarted)[1:] == []


async def test_a_cancelled_parent_calls_off_grandchildren_too(claimed):
    """A child that is itself a parent: its own end goes on to the run below it."""
    middle = between(claimed)
    family = Family(claimed, middle, middle.child())
    await family.ends("r-0", RunCancelled(principal="p", reason=""))

    await advance(Heard(family.bus.facts[-1]), family.bus, family.desk)
    ended = next(one for one in reversed(family.bus.facts) if one.run_id == middle.run_id)
    await ending.close(Heard(ended), family.bus, family.desk)

    assert [run_id for run_id, _ in family.said(RunParentEnded)] == [
        "r-0_1-1-1",
        "r-0_1-1-1_1-1-1",
    ]


async def test_what_was_not_told_at_an_end_is_told_at_the_next_sweep(claimed):
    child = claimed.child()
    child.say(RunCompleted(answer="ok", steps=1), child.root)
    family = Family(claimed, child)

    await wake("acme", "r-0", family.bus, family.desk)

    assert len(family.said(ToolSucceeded)) == 1


async def test_a_child_learns_at_its_sweep_that_its_parent_has_ended(claimed):
    child = claimed.child()
    claimed.say(RunCancelled(principal="p", reason=""), claimed.root)
    family = Family(claimed)
    family.bus.given(*child.facts[:1])

    await wake("acme", child.run_id, family.bus, family.desk)

    assert [run_id for run_id, _ in family.said(RunParentEnded)] == [child.run_id]


async def test_a_cancelled_run_revokes_the_call_of_an_agent_that_nobody_claimed():
    parent = Calling()
    family = Family(parent)
    asked = RunCancelRequested(principal="p", nonce="n")
    fact = await family.bus.say(parent.facts[0], asked)

    await advance(Heard(fact), family.bus, family.desk)

    claim = (await family.bus.read("acme", "r-0")).call("1-1").last.claim
    assert claim.body.state == "revoked"
