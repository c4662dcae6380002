"""Follow-up input that waits, or gives way: when it is shown, and when it is refused."""

from contracts.control import INPUTS_LIMIT, InputRefused, InputTaken
from contracts.history import digest, prompt
from contracts.model import ModelRequested
from contracts.run import AnswerProposed, RunFailed
from services.orchestrator.rules import Say
from tests.bodies import (
    input_blocked,
    input_submitted,
    tool_claimed,
    tool_escalated,
)
from tests.orchestrator.deciding import decided, said
from tests.orchestrator.giving import ORDER, give, play, reviewed, shown, started


def test_an_input_waits_for_its_check():
    history = started()
    history.step(text="Shipped.")
    history.say(input_submitted("enqueue"), history.root)

    [proposed] = said(history)

    assert isinstance(proposed, AnswerProposed)


def test_a_blocked_input_is_refused_with_the_reason_of_the_gate():
    history = started()
    history.ask(history.facts[-1])
    blocked = history.say(input_blocked(), history.say(input_submitted(), history.root))

    assert decided(history) == (
        Say(blocked.id, InputRefused(rule="blocked", reason="pii: a card number")),
    )


# enqueue


def test_an_enqueued_input_waits_while_the_run_works():
    history = started()
    history.ask(history.facts[-1])
    give(history, "enqueue")

    assert decided(history) == ()


def test_an_enqueued_input_is_answered_in_place_of_the_answer():
    history = started()
    history.step(text="Shipped.")
    cleared = give(history, "enqueue")

    assert decided(history) == (Say(cleared.id, InputTaken(policy="enqueue", step=2)),)
    [taken, asked] = play(history)

    assert isinstance(asked, ModelRequested)
    assert asked.prompt_sha256 == digest(prompt(history.run, 2))
    assert shown(history) == ["Where is my parcel?", "And?"]
    assert taken.step == asked.step == 2


def test_what_was_taken_before_a_crash_is_asked_for_after_it():
    history = started()
    history.step(text="Shipped.")
    history.say(InputTaken(policy="enqueue", step=2), give(history, "enqueue"))

    [asked] = said(history)

    assert isinstance(asked, ModelRequested)


def test_several_enqueued_inputs_are_answered_together_in_their_order():
    history = started()
    history.step(text="Shipped.")
    give(history, "enqueue", "One?", "i-1")
    give(history, "enqueue", "Two?", "i-2")

    play(history)

    assert shown(history) == ["Where is my parcel?", "One?", "Two?"]


def test_an_input_cannot_hold_up_an_answer_where_no_step_is_left():
    history = started(steps=1)
    history.step(text="Shipped.")
    give(history, "interrupt")

    [proposed] = said(history)

    assert isinstance(proposed, AnswerProposed)


# reject


def test_a_busy_run_refuses_what_gives_way():
    history = started()
    history.ask(history.facts[-1])
    cleared = give(history, "reject")

    [move] = decided(history)

    assert (move.cause_id, move.body.rule) == (cleared.id, "busy")


def test_a_run_with_nothing_under_way_takes_what_gives_way():
    history = started()
    give(history, "reject")

    [taken, asked] = play(history)

    assert (taken.step, asked.step) == (1, 1)
    assert shown(history) == ["Where is my parcel?", "And?"]


def test_a_run_that_waits_for_people_alone_takes_what_gives_way_and_keeps_waiting():
    history, review = reviewed()
    give(history, "reject")

    [taken] = play(history)

    assert isinstance(taken, InputTaken)
    assert history.run.open_reviews[0].requested.id == review.id


def test_a_run_that_waits_for_people_and_a_tool_is_busy():
    history = started()
    called = history.step(calls=[ORDER, ORDER])
    first, second = history.call(called), history.call(called, 2)
    history.say(tool_escalated(first.body), first)
    history.say(tool_claimed("1-2"), history.clear(second))
    [move] = decided(history)
    history.say(move.body, move.cause_id)
    give(history, "reject")

    [refused] = said(history)

    assert refused.rule == "busy"


# the end, and the limit


def test_inputs_after_the_end_are_refused():
    history = started()
    history.complete(history.step(text="Shipped."))
    submitted = history.say(input_submitted(), history.root)

    [move] = decided(history)

    assert (move.cause_id, move.body.rule) == (submitted.id, "run_over")


def test_an_input_that_was_still_waiting_at_the_end_is_refused_once():
    history = started()
    history.ask(history.facts[-1])
    give(history, "enqueue")
    history.say(RunFailed(rule="deadline_passed", reason="late"), history.root)

    [refused] = play(history)

    assert refused.rule == "run_over"


def test_inputs_over_the_limit_are_refused_before_they_are_checked():
    history = started()
    history.ask(history.facts[-1])
    for number in range(INPUTS_LIMIT):
        history.say(input_submitted(nonce=f"i-{number}"), history.root)
    over = history.say(input_submitted(nonce="over"), history.root)

    [move] = decided(history)

    assert (move.cause_id, move.body.rule) == (over.id, "too_many")
