"""People are asked: which answers count, how many, when it is too late, and what then happens."""

from datetime import timedelta

import pytest

from contracts.history import told
from contracts.review import ReviewAnswerRefused
from contracts.tool import ToolRequested
from tests.bodies import NOON, tool_escalated
from tests.histories import History
from tests.orchestrator.deciding import said
from tests.orchestrator.reviewing import (
    ARGUMENTS,
    EDITED,
    Asking,
    answered,
    requested_calls,
    settle,
)

LADDER = (
    {"after_seconds": 600, "roles": ("team-lead",)},
    {"after_seconds": 1200, "roles": ("director",)},
)


def shown(asking: Asking) -> str:
    """What the model is told of the call."""
    return told(asking.history.run.steps[0].calls[0]).parts[0].text


def test_an_escalated_call_asks_people_about_its_exact_arguments():
    question = Asking(quorum=2, changes={"escalate": LADDER, "default": "cancel"}).question

    assert question.review_id == "1-1-1"
    assert question.arguments_json == ARGUMENTS
    assert question.roles == ("support-lead",)
    assert question.expires_at == NOON + timedelta(hours=2)
    assert (question.quorum, question.default) == (2, "cancel")
    assert [step.at for step in question.escalations] == [
        NOON + timedelta(minutes=10),
        NOON + timedelta(minutes=20),
    ]


def test_an_approval_is_decided_and_the_call_is_requested_again_with_it():
    asking = Asking()
    given = asking.answer()

    decision, again = asking.decide()

    assert decision.outcome == "approved"
    assert [one.answer_id for one in decision.approvers] == [given.id]
    assert isinstance(again, ToolRequested)
    assert (again.attempt, again.approval_id) == (2, asking.review.decided.id)


def test_a_rejection_goes_back_to_the_model_with_its_reason():
    asking = Asking()
    asking.answer(decision="reject", reason="too much")

    _, next_step = asking.decide()

    assert next_step.step == 2
    assert "too much" in shown(asking)
    assert told(asking.history.run.steps[0].calls[0]).is_error


def test_a_response_is_told_to_the_model_in_place_of_a_result():
    asking = Asking()
    asking.answer(decision="respond", response="Anna was paid by hand.")

    decision, next_step = asking.decide()

    assert (decision.outcome, next_step.step) == ("responded", 2)
    assert shown(asking) == "A person answered instead of the tool: Anna was paid by hand."


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_an_answer_to_a_question_that_showed_other_arguments_does_not_count(decision):
    """What was approved is what was seen: the digest alone is not shown to anybody."""
    history = History()
    [asked] = requested_calls(history)
    history.say(tool_escalated(asked.body), asked)
    [question] = said(history)
    misleading = question.model_copy(update={"arguments_json": '{"order_id": "harmless"}'})
    history.say(misleading, history.facts[-1])
    history.say(answered(decision=decision), history.root)

    [refusal] = said(history)

    assert refusal.rule == "other_arguments"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"roles": ("intern",)}, "wrong_role"),
        ({"principal": "anna"}, "own_request"),
        ({"principal": "ANNA "}, "own_request"),
        ({"principal": "rita"}, "own_request"),
        ({"principal": "anna", "decision": "edit", "arguments_json": EDITED}, "own_request"),
        ({"principal": "anna", "decision": "respond", "response": "done"}, "own_request"),
        ({"arguments_sha256": "0" * 64}, "other_arguments"),
        ({"arguments_json": EDITED}, "other_arguments"),
        ({"decision": "edit"}, "bad_edit"),
        ({"decision": "respond"}, "not_possible"),
    ],
)
def test_an_answer_that_does_not_count_is_refused_with_its_rule(changes, rule):
    asking = Asking(user="anna")
    asking.answer(**changes)

    [refusal] = asking.decide()

    assert isinstance(refusal, ReviewAnswerRefused)
    assert refusal.rule == rule
    assert refusal.reason


def test_whoever_asked_may_reject_what_they_asked_for():
    asking = Asking(user="anna")
    asking.answer("anna", "reject")
    asking.decide()

    assert asking.outcome == "rejected"


def test_of_two_answers_the_first_decides_and_the_second_is_refused():
    asking = Asking()
    asking.answer("lea")
    asking.answer("max", "reject")

    asking.decide()

    assert (asking.outcome, asking.rules) == ("approved", ["already_decided"])


def test_nothing_happens_while_a_review_waits():
    assert said(Asking().history) == []


# Many reviews


def test_many_reviews_of_one_run_are_answered_in_any_order():
    history = History()
    for asked in requested_calls(history, count=3):
        history.say(tool_escalated(asked.body), asked)
    settle(history)
    open_ids = [one.requested.body.review_id for one in history.run.open_reviews]
    history.say(answered(review_id="1-3-1"), history.root)

    decision, again = settle(history)

    assert open_ids == ["1-1-1", "1-2-1", "1-3-1"]
    assert decision.review_id == "1-3-1"
    assert (again.call, again.attempt) == ("1-3", 2)
    left = [one.requested.body.review_id for one in history.run.open_reviews]
    assert left == ["1-1-1", "1-2-1"]
