"""Input that does not wait: what it calls off, what it sees through, what is told of it."""

import pytest

from contracts.control import InputTaken
from contracts.history import conversation, digest, prompt
from contracts.history.conversation import CALLED_OFF
from contracts.model import AttemptFailure, ModelClaimed, ModelFailed, ModelRequested
from contracts.review import ReviewDecided
from contracts.tool import ToolClaimed, ToolRequested
from tests.bodies import (
    claimed,
    result_cleared,
    tool_claimed,
    tool_succeeded,
)
from tests.orchestrator.deciding import decided, revoked, said
from tests.orchestrator.giving import (
    ORDER,
    URGENT,
    give,
    play,
    results,
    reviewed,
    revoke,
    shown,
    started,
)


@pytest.mark.parametrize("policy", URGENT)
def test_an_urgent_input_comes_before_the_first_step(policy):
    history = started()
    give(history, policy)

    [taken, asked] = play(history)

    assert (taken.policy, asked.step) == (policy, 1)


@pytest.mark.parametrize("is_funded", [True, False])
def test_an_interrupt_revokes_a_model_call_that_nobody_has_claimed(is_funded):
    history = started()
    asked = history.ask(history.facts[-1])
    if is_funded:
        history.fund(asked)
    give(history, "interrupt")

    assert revoked(history) == ["1-1"]
    revoke(history)
    [taken, again] = play(history)

    assert isinstance(taken, InputTaken)
    assert (again.step, history.run.step.number) == (2, 2)
    assert again.prompt_sha256 == digest(prompt(history.run, 2))
    assert shown(history) == ["Where is my parcel?", "And?"]


def test_an_interrupt_waits_for_a_model_call_that_was_claimed():
    history = started()
    funded = history.fund(history.ask(history.facts[-1]))
    history.say(claimed(), funded)
    give(history, "interrupt")

    assert decided(history) == ()


def test_calls_of_a_model_that_was_interrupted_are_not_asked_for_and_told_as_called_off():
    history = started()
    history.step(calls=[ORDER])
    give(history, "interrupt")

    bodies = play(history)

    assert [type(one) for one in bodies] == [InputTaken, ModelRequested]
    assert results(history) == [CALLED_OFF]


@pytest.mark.parametrize("is_judged", [True, False])
def test_an_interrupt_revokes_calls_that_nobody_has_claimed(is_judged):
    history = started()
    asked = history.call(history.step(calls=[ORDER]))
    if is_judged:
        history.clear(asked)
    give(history, "interrupt")

    assert revoked(history) == ["1-1-1"]
    revoke(history)
    bodies = play(history)

    assert [type(one) for one in bodies] == [InputTaken, ModelRequested]
    assert bodies[1].prompt_sha256 == digest(prompt(history.run, 2))
    assert results(history) == [CALLED_OFF]


def test_an_interrupt_waits_for_a_call_that_was_claimed_and_calls_off_the_others():
    history = started()
    called = history.step(calls=[ORDER, ORDER])
    running = history.clear(history.call(called))
    history.clear(history.call(called, 2))
    history.say(tool_claimed("1-1"), running)
    give(history, "interrupt")

    revoke(history)
    assert decided(history) == ()
    outcome = history.say(tool_succeeded("1-1"), running)
    history.say(result_cleared("1-1", "shipped"), outcome)
    play(history)

    assert results(history) == ["shipped", CALLED_OFF]


def test_a_revocation_that_lost_waits_for_the_call():
    """The executor's claim was there first."""
    history = started()
    cleared = history.clear(history.call(history.step(calls=[ORDER])))
    give(history, "interrupt")
    history.say(tool_claimed("1-1"), cleared)
    late = ToolClaimed(call="1-1", attempt=1, nonce="revoked", state="revoked")
    history.say(late, cleared)

    assert decided(history) == ()


def test_an_interrupt_withdraws_questions_about_calls():
    history, review = reviewed()
    give(history, "interrupt")

    [withdrawn, taken, asked] = play(history)

    assert isinstance(withdrawn, ReviewDecided)
    assert (withdrawn.review_id, withdrawn.outcome) == (review.body.review_id, "withdrawn")
    assert (taken.step, asked.step) == (2, 2)
    assert results(history) == [CALLED_OFF]


def test_a_verdict_that_comes_after_the_interruption_changes_nothing():
    history = started()
    asked = history.call(history.step(calls=[ORDER]))
    give(history, "interrupt")
    revoke(history)
    play(history)
    before = conversation(history.run, 2)

    history.clear(asked)

    assert decided(history) == ()
    assert conversation(history.run, 2) == before


def test_a_model_call_that_the_router_reports_as_revoked_does_not_fail_the_run():
    history = started()
    funded = history.fund(history.ask(history.facts[-1]))
    give(history, "interrupt")
    history.say(ModelClaimed(step=1, attempt=1, nonce="revoked", state="revoked"), funded)
    failure = AttemptFailure(kind="lost", reason="revoked", billed="nothing")
    history.say(ModelFailed(step=1, attempt=1, failure=failure), funded)

    [taken, asked] = play(history)

    assert isinstance(taken, InputTaken)
    assert asked.step == 2


def test_a_rollback_begins_again_from_the_task():
    history = started()
    history.step(history.use(history.step(calls=[ORDER])), text="Shipped.")
    give(history, "rollback", "Forget it. What do you sell?")

    play(history)

    assert shown(history) == ["Where is my parcel?", "Forget it. What do you sell?"]
    assert len(conversation(history.run, 3)) == 2


def test_an_enqueued_input_is_not_hurried_by_an_urgent_one():
    history = started()
    history.step(calls=[ORDER])
    give(history, "enqueue", "Later?", "i-1")
    give(history, "interrupt", "Now!", "i-2")

    play(history)

    assert shown(history) == ["Where is my parcel?", "Now!"]


def test_an_interrupt_where_no_step_is_left_calls_nothing_off():
    history = started(steps=1)
    history.step(calls=[ORDER])
    give(history, "interrupt")

    [asked] = said(history)

    assert isinstance(asked, ToolRequested)
