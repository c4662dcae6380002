"""What people ask of one run under way: pause, resume, cancel."""

import pytest

from contracts.control import (
    RunCancelRequested,
    RunParentEnded,
    RunPaused,
    RunPauseRequested,
    RunResumed,
)
from contracts.guardrail import AnswerCleared, ResultCleared
from contracts.history.waiting import waited
from contracts.model import ModelRequested
from contracts.review import ReviewDecided
from contracts.run import AnswerProposed, RunCancelled
from contracts.tool import ToolRequested
from services.orchestrator.rules import Say
from tests.bodies import (
    VERDICT,
    result_cleared,
    task,
    task_cleared,
    tool_claimed,
    tool_succeeded,
)
from tests.histories import History
from tests.orchestrator.deciding import decided, revoked, said
from tests.orchestrator.ordering import (
    LONG_AFTER,
    ORDER,
    answered,
    pause,
    resume,
    reviewed,
    started,
)


def test_a_run_pauses_when_a_person_asks():
    history = started()
    asked = history.say(RunPauseRequested(principal="anna", reason="wait", nonce="p"), history.root)

    [move] = decided(history)

    assert move == Say(asked.id, RunPaused(scope="run", principal="anna", reason="wait", number=1))


def test_a_paused_run_asks_for_no_first_step():
    history = started()
    pause(history)

    assert decided(history) == ()
    assert history.run.status == "paused"


def test_a_paused_run_takes_results_and_asks_for_nothing_after_them():
    history = started()
    called = history.step(calls=[ORDER])
    cleared = history.clear(history.call(called))
    history.say(tool_claimed("1-1"), cleared)
    pause(history)

    outcome = history.say(tool_succeeded("1-1"), cleared)
    history.say(result_cleared("1-1"), outcome)

    assert isinstance(history.run.steps[0].calls[0].result.body, ResultCleared)
    assert decided(history) == ()


@pytest.mark.parametrize("text", ["It was shipped.", ""])
def test_a_paused_run_neither_answers_nor_calls(text):
    history = started()
    history.step(text=text, calls=[] if text else [ORDER])
    pause(history)

    assert decided(history) == ()


def test_a_paused_run_does_not_complete_with_an_answer_that_was_cleared():
    history = started()
    answered = history.step(text="It was shipped.")
    proposed = history.say(AnswerProposed(step=1, text="It was shipped."), answered)
    pause(history)
    history.say(AnswerCleared(**VERDICT, text="It was shipped."), proposed)

    assert decided(history) == ()


def test_a_run_goes_on_when_a_person_asks():
    history = started()
    paused = pause(history)
    resume(history)

    [move] = decided(history)
    history.say(move.body, move.cause_id)

    assert move == Say(paused.id, RunResumed(principal="otto", number=1))
    [asked] = said(history)
    assert isinstance(asked, ModelRequested)


def test_a_run_can_be_paused_again():
    history = started()
    pause(history)
    resume(history)
    [move] = decided(history)
    history.say(move.body, move.cause_id)

    again = pause(history, nonce="p-2")

    assert again.body.number == 2
    assert history.run.status == "paused"


def test_a_pause_that_was_taken_back_in_time_says_nothing():
    history = started()
    history.say(RunPauseRequested(principal="anna", nonce="p"), history.root)
    resume(history)

    [asked] = said(history)

    assert isinstance(asked, ModelRequested)


def test_a_paused_run_is_not_started():
    history = History()
    history.say(task_cleared(), history.say(task()))
    pause(history)

    assert decided(history) == ()
    assert history.run.status == "paused"


def test_people_answer_while_the_run_stands_still():
    history, question = reviewed()
    pause(history)
    history.say(answered(question.body), history.root)

    bodies = said(history)

    assert [type(body) for body in bodies] == [ReviewDecided]


def test_what_was_approved_meanwhile_is_asked_for_when_the_run_goes_on():
    history, question = reviewed()
    pause(history)
    history.say(answered(question.body), history.root)
    [move] = decided(history)
    history.say(move.body, move.cause_id)
    assert decided(history) == ()

    resume(history)
    [move] = decided(history)
    history.say(move.body, move.cause_id)

    [asked] = said(history)
    assert isinstance(asked, ToolRequested)


def test_a_paused_run_can_be_cancelled():
    history = started()
    pause(history)
    history.say(RunCancelRequested(principal="anna", reason="no more", nonce="c"), history.root)

    assert said(history) == [RunCancelled(principal="anna", reason="no more", steps=0)]


def test_a_deadline_stands_still_while_the_run_is_paused():
    history = started()
    pause(history)

    assert decided(history, LONG_AFTER) == ()


def test_a_pause_within_a_review_is_waited_for_once():
    history, question = reviewed()
    pause(history)
    resume(history)
    [move] = decided(history)
    history.say(move.body, move.cause_id)
    history.say(answered(question.body), history.root)
    [move] = decided(history)
    decision = history.say(move.body, move.cause_id)

    assert waited(history.run) == decision.time - question.time


def test_a_run_that_is_cancelled_while_its_tool_runs_ends_and_the_tool_is_settled():
    history = started()
    called = history.step(calls=[ORDER, ORDER])
    running = history.clear(history.call(called))
    waiting = history.clear(history.call(called, 2))
    history.say(tool_claimed("1-1"), running)
    history.say(RunCancelRequested(principal="anna", nonce="c"), history.root)

    assert revoked(history) == ["1-2-1"]
    [cancelled] = said(history)
    history.say(cancelled, history.root)
    history.say(tool_succeeded("1-1"), running)

    assert waiting.body.call == "1-2"
    assert history.run.steps[0].calls[0].tries[0].outcome is not None
    assert decided(history) == ()


def test_the_end_of_its_parent_cancels_a_run():
    history = started()
    ended = RunParentEnded(parent_run_id="r-0", status="failed", reason="deadline_passed: late")
    history.say(ended, history.root)

    [cancelled] = said(history)

    assert isinstance(cancelled, RunCancelled)
    assert cancelled.principal == "run r-0"
    assert "deadline_passed" in cancelled.reason
