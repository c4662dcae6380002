"""The next turn of a conversation: it goes on from a run that is over, with all its labels."""

from dataclasses import replace

import pytest

from contracts.history import digest, labels, prompt
from contracts.history.lineage import generations
from contracts.run import LINEAGE_LIMIT, RunArchived
from contracts.tool import ToolClaimed
from services.orchestrator.rules.lineage import unreadable
from shared.errors import LineageBroken
from tests.bodies import task
from tests.ensemble import Ensemble
from tests.histories import History, whole_run
from tests.lineage.test_forks import FIND, said, scripted


def texts(seen):
    return [part.text for turn in seen.turns for part in turn.parts if part.kind == "text"]


async def test_the_next_turn_sees_the_whole_conversation_and_then_its_own_task():
    ensemble = Ensemble(scripted([FIND], "It was shipped.", "Tomorrow."))
    await ensemble.play("r-1", "Where is 1042?")

    run = await ensemble.play("r-2", "When does it come?", continues="r-1")

    seen = prompt(run, 1)
    assert texts(seen) == ["Where is 1042?", "It was shipped.", "When does it come?"]
    assert [turn.role for turn in seen.turns] == ["user", "assistant", "tool", "assistant", "user"]
    assert digest(seen) == run.steps[0].requested.body.prompt_sha256


async def test_a_conversation_goes_on_over_many_turns():
    ensemble = Ensemble(lambda seen: f"Answer {len(seen.turns)}.")
    await ensemble.play("r-0", "Say 0.")

    for number in range(1, 6):
        run = await ensemble.play(f"r-{number}", f"Say {number}.", continues=f"r-{number - 1}")

    assert generations(run) == 5
    assert texts(prompt(run, 1))[::2] == [f"Say {number}." for number in range(6)]


async def test_the_next_turn_really_acts():
    """It is no shadow."""
    ensemble = Ensemble(scripted("Hello.", [FIND], "Done."))
    await ensemble.play("r-1")

    await ensemble.play("r-2", continues="r-1")

    assert len(said(ensemble, ToolClaimed, "r-2")) == 1


async def test_labels_are_inherited():
    ensemble = Ensemble(scripted([FIND], "Done."))
    await ensemble.play("r-1")

    run = await ensemble.play("r-2", "Thanks.", continues="r-1")

    assert set(labels(run, 1)) == {"user", "tool:find_order"}


async def test_what_came_after_the_end_changes_no_conversation():
    ensemble = Ensemble(scripted("Hello."))
    parent = await ensemble.play("r-1")

    run = await ensemble.play("r-2", continues="r-1")

    assert run.started.body.ancestor.position == parent.end.sequence
    assert run.ancestor.last_sequence == parent.end.sequence <= parent.last_sequence


async def test_a_run_that_is_not_over_is_not_continued():
    ensemble = Ensemble(scripted([("issue_refund", '{"order_id":"1","amount":80}')], "Done."), None)
    await ensemble.play("r-1")

    run = await ensemble.play("r-2", continues="r-1")

    assert run.end.body.rule == "lineage_unreadable"
    assert run.end.body.reason == "run r-1 is waiting; it is continued once it has ended"


async def test_a_run_of_another_tenant_is_not_there():
    ensemble = Ensemble(scripted("Hello."))
    theirs = (replace(one, tenant="other") for one in whole_run().facts)
    ensemble.bus.given(*theirs)
    ensemble.played = len(ensemble.bus.facts)

    run = await ensemble.play("r-2", continues="r-1")

    assert run.end.body.rule == "lineage_unreadable"
    assert "there is no run r-1" in run.end.body.reason


async def test_a_conversation_of_another_customer_is_not_continued():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1", customer="c-1")

    run = await ensemble.play("r-2", continues="r-1", customer="c-2")

    assert run.end.body.reason == "run r-1 is the conversation of another customer"


async def test_a_shadow_is_not_continued():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")
    await ensemble.fork("f-1", "r-1")

    run = await ensemble.play("r-2", continues="f-1")

    assert "is a shadow" in run.end.body.reason


async def test_a_task_cannot_ask_for_both():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")

    run = await ensemble.play("r-2", continues="r-1", fork={"run_id": "r-1"})

    assert "asks for both" in run.end.body.reason


async def test_a_run_whose_ancestor_is_gone_has_no_prompt_rather_than_a_wrong_one():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")
    await ensemble.play("r-2", continues="r-1")
    _lose(ensemble, "r-1")

    with pytest.raises(LineageBroken, match="r-1 up to sequence"):
        await ensemble.bus.read("acme", "r-2")


async def test_who_continues_what_cannot_be_rebuilt_is_told():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")
    await ensemble.play("r-2", continues="r-1")
    _lose(ensemble, "r-1")

    run = await ensemble.play("r-3", continues="r-2")

    assert run.end.body.rule == "lineage_unreadable"
    assert "one that it grew from was archived" in run.end.body.reason


@pytest.mark.parametrize("more", [{"continues": "r-1"}, {"fork": {"run_id": "r-1"}}], ids=str)
async def test_who_goes_on_from_an_archived_run_is_told_what_to_do_instead(more):
    ensemble = Ensemble(scripted("Hello."))
    gone = History()
    gone.say(RunArchived(archive_sha256="0" * 64, facts=4, task_sha256="0" * 64), gone.root)
    ensemble.bus.given(*gone.facts)
    ensemble.played = len(ensemble.bus.facts)

    run = await ensemble.play("r-2", **more)

    assert run.end.body.rule == "lineage_unreadable"
    assert "run r-1 has left the log for the archive" in run.end.body.reason
    assert "start anew with what counts of it" in run.end.body.reason


async def test_a_run_without_its_ancestor_has_neither_prompt_nor_labels():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")
    run = await ensemble.play("r-2", continues="r-1")
    run.ancestor = None

    with pytest.raises(ValueError, match="not read with it"):
        prompt(run)
    with pytest.raises(ValueError, match="not read with it"):
        labels(run)


def test_the_longest_lineage_is_bounded():
    history = History()
    history.say(task().model_copy(update={"continues": "r-0"}))
    parent = _chain(LINEAGE_LIMIT)

    assert "start anew" in unreadable(history.run, parent)
    assert unreadable(history.run, parent.ancestor) is None


def _chain(length):
    """Finished runs, each with another one before it."""
    run = whole_run().run
    for _ in range(length):
        after = whole_run().run
        after.ancestor, run = run, after
    return run


def _lose(ensemble, run_id):
    """Its facts are found nowhere any more; those of others stay where they were."""
    ensemble.bus.facts[:] = [
        replace(one, tenant="nobody") if one.run_id == run_id else one for one in ensemble.bus.facts
    ]
