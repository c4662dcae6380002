"""A person is asked: which answer counts, when it is too late, and what then happens."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.envelope import Fact
from contracts.guardrail import ResultCleared
from contracts.history import told
from contracts.review import ReviewAnswered, ReviewAnswerRefused, ReviewDecided, ReviewRequested
from contracts.tool import ToolRequested, ToolUnknown
from tests.bodies import (
    NOON,
    VERDICT,
    manifest,
    run_started,
    task,
    task_cleared,
    tool_claimed,
    tool_escalated,
    tool_succeeded,
)
from tests.histories import History
from tests.orchestrator.deciding import said

REFUND = ("find_order", '{"order_id": "1042"}')


def escalated(user: str | None = None) -> History:
    """A run whose only call needs a person."""
    history = History()
    submitted = history.say(task().model_copy(update={"user": user}))
    started = history.say(task_cleared(), submitted)

    history.say(run_started(manifest()), started)
    asked = history.call(history.step(calls=[REFUND]))
    history.say(tool_escalated(asked.body), asked)
    return history


def reviewed(user: str | None = None) -> tuple[History, Fact[ReviewRequested]]:
    history = escalated(user)
    [question] = said(history)
    return history, history.say(question, history.facts[-1])


def answer(question: Fact[ReviewRequested], **changes: object) -> ReviewAnswered:
    said_ = {
        "review_id": question.body.review_id,
        "decision": "approve",
        "principal": "lea",
        "roles": ("support-lead",),
        "arguments_sha256": question.body.arguments_sha256,
        "nonce": "n-1",
    }
    return ReviewAnswered(**(said_ | changes))


def test_an_escalated_call_asks_a_person_about_its_exact_arguments():
    [question] = said(escalated())

    assert isinstance(question, ReviewRequested)
    assert question.arguments_json == REFUND[1]
    assert question.roles == ("support-lead",)
    assert question.expires_at == NOON + timedelta(hours=2)


def test_an_approval_is_decided_and_the_call_is_requested_again_with_it():
    history, question = reviewed()
    given = history.say(answer(question), question)

    [decision] = said(history)
    assert (decision.outcome, decision.answer_id) == ("approved", given.id)

    decided = history.say(decision, question)
    [again] = said(history)
    assert isinstance(again, ToolRequested)
    assert (again.attempt, again.approval_id) == (2, decided.id)


def test_a_rejection_goes_back_to_the_model_with_its_reason():
    history, question = reviewed()
    history.say(answer(question, decision="reject", reason="too much"), question)
    [decision] = said(history)
    history.say(decision, question)

    [next_step] = said(history)

    shown = told(history.run.steps[0].calls[0])
    assert next_step.step == 2
    assert "too much" in shown.parts[0].text
    assert shown.is_error


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_an_answer_to_a_question_that_showed_other_arguments_does_not_count(decision):
    """What was approved is what was seen: the digest alone is not shown to anybody."""
    history = escalated()
    [question] = said(history)
    misleading = question.model_copy(update={"arguments_json": '{"order_id": "harmless"}'})
    asked = history.say(misleading, history.facts[-1])
    history.say(answer(asked, decision=decision), asked)

    [refusal] = said(history)

    assert refusal.rule == "other_arguments"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"roles": ("intern",)}, "wrong_role"),
        ({"principal": "anna"}, "own_request"),
        ({"arguments_sha256": "0" * 64}, "other_arguments"),
    ],
)
def test_an_answer_that_does_not_count_is_refused_with_its_rule(changes, rule):
    history, question = reviewed(user="anna")
    history.say(answer(question, **changes), question)

    [refusal] = said(history)

    assert isinstance(refusal, ReviewAnswerRefused)
    assert refusal.rule == rule


def test_whoever_asked_may_reject_what_they_asked_for():
    history, question = reviewed(user="anna")
    history.say(answer(question, principal="anna", decision="reject"), question)

    assert said(history)[0].outcome == "rejected"


def test_an_answer_stamped_after_the_expiry_is_late_and_the_review_expires():
    history, question = reviewed()
    late = history.say(answer(question), question)
    history.facts[-1] = replace(late, stored_at=question.body.expires_at)

    refusal, decision = said(history, question.body.expires_at)

    assert refusal.rule == "late"
    assert decision.outcome == "expired"


def test_of_two_answers_the_first_decides_and_the_second_is_refused():
    history, question = reviewed()
    history.say(answer(question), question)
    history.say(answer(question, principal="max", decision="reject", nonce="n-2"), question)

    decision, refusal = said(history)

    assert decision.outcome == "approved"
    assert (refusal.rule, refusal.principal) == ("already_decided", "max")


def test_an_expired_review_is_a_no():
    history, question = reviewed()
    history.say(said(history, question.body.expires_at)[0], question)

    assert said(history)[0].step == 2
    assert "Nobody answered" in told(history.run.steps[0].calls[0]).parts[0].text


def test_nothing_happens_while_a_review_waits():
    history, _ = reviewed()

    assert said(history) == []


def unknown(*, idempotent: bool) -> History:
    history = History()
    history.begin(manifest(idempotent=idempotent))
    cleared = history.clear(history.call(history.step(calls=[REFUND])))
    history.say(tool_claimed("1-1"), cleared)
    history.say(ToolUnknown(call="1-1", attempt=1, reason="the worker died"), cleared)
    return history


def test_an_idempotent_tool_is_attempted_again_when_nobody_can_tell():
    [again] = said(unknown(idempotent=True))

    assert isinstance(again, ToolRequested)
    assert again.attempt == 2


def test_of_any_other_tool_a_person_is_asked_whether_it_happened():
    [question] = said(unknown(idempotent=False))

    assert isinstance(question, ReviewRequested)
    assert question.about == "outcome"


def test_late_evidence_settles_the_call_and_withdraws_the_question():
    history = unknown(idempotent=False)
    [question] = said(history)
    history.say(question, history.facts[-1])
    cleared = next(fact for fact in history.facts if fact.type == "tool.cleared")

    late = history.say(tool_succeeded("1-1"), cleared)
    result = ResultCleared(**VERDICT, call="1-1", text="ok", label="tool:find_order")
    history.say(result, late)

    decision, *_ = said(history)

    assert isinstance(decision, ReviewDecided)
    assert decision.outcome == "withdrawn"
