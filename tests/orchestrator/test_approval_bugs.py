"""What approvals of other systems got wrong; each test says what is true here."""

import json
from datetime import timedelta

import pytest

from contracts.control import RunCancelRequested
from contracts.review import ReviewDecided, ReviewRequested
from contracts.tool import ToolRequested
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, advance, wake
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, tool_escalated
from tests.histories import History
from tests.orchestrator.deciding import BOOK, said
from tests.orchestrator.reviewing import EDITED, Asking, answered, requested_calls, settle


@pytest.fixture
def desk() -> Desk:
    return Desk(BOOK, MemoryTimers(), sweep_seconds=60.0, rounds=5)


def bus_of(history: History) -> MemoryBus:
    bus = MemoryBus(clock=FixedClock(NOON + timedelta(minutes=1)))
    bus.facts.extend(history.facts)
    return bus


def test_a_review_is_answered_wherever_it_stands_among_the_open_ones():
    history = History()
    for asked in requested_calls(history, count=3):
        history.say(tool_escalated(asked.body), asked)
    settle(history)

    for review_id in ("1-2-1", "1-3-1", "1-1-1"):
        history.say(answered(review_id=review_id, nonce=review_id), history.root)
        decision, again = settle(history)
        assert decision.review_id == f"{again.call}-1" == review_id


def test_an_edit_keeps_the_json_types_of_its_arguments():
    """Not every value turned into a string."""
    asking = Asking()
    asking.edit()
    asking.decide()

    arguments = json.loads(asking.again.arguments_json)

    assert arguments == {"order_id": "1042", "amount": 20}
    assert [type(value) for value in arguments.values()] == [int, str]


async def test_a_decision_that_was_stored_resumes_the_call_after_a_crash(desk):
    """The decision is a fact, and what follows from it is decided again until it is there."""
    asking = Asking()
    asking.answer()
    [decision] = said(asking.history)
    asking.history.say(decision, asking.review.requested)
    bus = bus_of(asking.history)

    await wake("acme", "r-1", bus, desk)

    assert [one.attempt for one in bus.bodies(ToolRequested)] == [1, 2]


async def test_a_review_expires_without_anybody_who_sweeps(desk):
    """Its timer fires, and the answer that comes at the same moment finds one decision."""
    bus = bus_of(Asking().history)
    bus.clock.advance(2 * 3600)

    await wake("acme", "r-1", bus, desk)
    bus.given(Asking().answer())
    await advance(Heard(bus.facts[-1]), bus, desk)

    assert [one.outcome for one in bus.bodies(ReviewDecided)] == ["expired"]


async def test_a_question_wakes_the_run_at_its_next_moment(desk):
    ladder = {"escalate": ({"after_seconds": 40, "roles": ("team-lead",)},)}
    history = Asking(changes=ladder).history
    history.facts.pop()
    bus = bus_of(history)

    await advance(Heard(bus.facts[-1]), bus, desk)

    assert desk.timers.wakes["acme", "r-1"] == bus.clock.now() + timedelta(seconds=40)


def test_expired_and_already_decided_are_told_apart():
    expired, decided = Asking(), Asking()
    expired.decide(expired.question.expires_at)
    decided.answer("max", "reject")
    decided.decide()
    for asking in (expired, decided):
        asking.answer("lea")
        asking.decide()

    assert (expired.rules, decided.rules) == (["late"], ["already_decided"])


def test_an_expired_review_is_open_no_more():
    asking = Asking()
    asking.decide(asking.question.expires_at)

    assert asking.history.run.open_reviews == []


async def test_one_call_asks_once_however_often_it_is_heard(desk):
    history = History()
    [asked] = requested_calls(history)
    escalated = history.say(tool_escalated(asked.body), asked)
    bus = bus_of(history)

    for delivery in range(1, 5):
        await advance(Heard(escalated, delivery), bus, desk)

    assert len(bus.bodies(ReviewRequested)) == 1


def test_the_model_does_nothing_more_while_people_are_asked():
    """It cannot ask again a second before the click."""
    asking = Asking()

    assert said(asking.history, NOON + timedelta(minutes=119)) == []


def test_an_old_answer_never_approves_a_newer_question():
    """The answer names the attempt that it is about, and the arguments that were seen."""
    asking = Asking()
    asking.edit()
    asking.decide()
    asking.escalate(asking.history.facts[-1])
    asking.decide()
    assert asking.question.review_id == "1-1-2"

    asking.answer("max")
    asking.answer("kim", review_id="1-1-2")
    asking.decide()

    assert asking.rules == ["already_decided", "other_arguments"]
    assert asking.outcome is None


def test_an_approval_binds_call_tool_arguments_and_who_gave_it():
    """What is checked again before it runs: see test_approval_adversary.py."""
    asking = Asking(quorum=2)
    asking.edit("lea")
    asking.edit("max")
    asking.decide()

    decided = asking.review.decided.body

    assert decided.arguments_sha256 == asking.again.arguments_sha256
    assert asking.again.arguments_json == decided.arguments_json == EDITED
    assert [(one.principal, one.role) for one in decided.approvers] == [
        ("lea", "support-lead"),
        ("max", "support-lead"),
    ]


def test_many_answers_at_once_are_many_answers_one_after_the_other():
    """There is one way to answer, and nothing that answers for several calls."""
    history = History()
    for asked in requested_calls(history, count=3):
        history.say(tool_escalated(asked.body), asked)
    settle(history)
    for review_id, decision in (("1-1-1", "approve"), ("1-2-1", "reject"), ("1-3-1", "approve")):
        body = answered(decision=decision, review_id=review_id, nonce=review_id)
        history.say(body, history.root)

    settle(history)

    outcomes = [review.decided.body.outcome for review in history.run.reviews]
    assert outcomes == ["approved", "rejected", "approved"]


def test_every_refusal_says_in_a_sentence_what_was_wrong():
    asking = Asking(user="anna")
    asking.answer("eve", roles=("intern",))
    asking.answer("anna")
    asking.answer("max", arguments_sha256="0" * 64)
    asking.answer("kim", review_id="7")
    asking.decide()
    asking.history.say(RunCancelRequested(principal="otto", nonce="c"), asking.history.root)
    asking.answer("lea", review_id="2-1-1")
    asking.decide()

    refusals = asking.history.run.refused_answers.values()

    assert {one.rule for one in refusals} == {
        "wrong_role",
        "own_request",
        "other_arguments",
        "unknown",
        "run_over",
    }
    assert all(len(one.reason.split()) > 4 for one in refusals)
