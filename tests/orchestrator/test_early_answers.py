"""Answers before their question, after it, and to none: kept, or refused with the reason."""

from dataclasses import replace

import pytest

from contracts.control import RunCancelRequested
from contracts.guardrail import ResultCleared
from contracts.review import (
    ANSWERS_LIMIT,
    ReviewRequested,
)
from contracts.tool import ToolUnknown
from tests.bodies import (
    DIGEST,
    VERDICT,
    tool_claimed,
    tool_escalated,
)
from tests.histories import History
from tests.orchestrator.deciding import said
from tests.orchestrator.reviewing import (
    Asking,
    answered,
    requested_calls,
    settle,
)


def unasked() -> tuple[History, object]:
    """A call was requested, and the gate has not yet said that it needs people."""
    history = History()
    [asked] = requested_calls(history)
    return history, asked


def test_an_early_answer_is_kept_and_decides_when_the_question_comes():
    history, asked = unasked()
    history.say(answered(), history.root)
    assert settle(history) == []
    history.say(tool_escalated(asked.body), asked)

    question, decision, again = settle(history)

    assert isinstance(question, ReviewRequested)
    assert (decision.outcome, again.attempt) == ("approved", 2)


def test_an_early_answer_for_other_arguments_is_refused_when_the_question_comes():
    history, asked = unasked()
    history.say(answered(arguments_sha256=DIGEST), history.root)
    history.say(tool_escalated(asked.body), asked)

    _, refusal = settle(history)

    assert refusal.rule == "other_arguments"


def test_an_early_answer_tells_nothing_of_an_outcome():
    """It was for the question whether the call may run, which nobody came to ask."""
    history, asked = unasked()
    history.say(answered(roles=("operator",)), history.root)
    cleared = history.clear(asked)
    history.say(tool_claimed("1-1", 1), cleared)
    history.say(ToolUnknown(call="1-1", attempt=1, reason="the worker died"), cleared)

    question, refusal = settle(history)

    assert (question.about, question.review_id) == ("outcome", "1-1-1")
    assert refusal.rule == "not_possible"
    assert history.run.status == "waiting"


@pytest.mark.parametrize("review_id", ["1-2-1", "0-1-1", "9", "1-1-1-1", "x-1-1", ""])
def test_an_answer_to_a_question_that_cannot_come_is_refused(review_id):
    history, _ = unasked()
    history.say(answered(review_id=review_id), history.root)

    [refusal] = settle(history)

    assert refusal.rule == "unknown"


def test_an_early_answer_is_refused_once_its_call_needed_nobody():
    history, asked = unasked()
    history.say(answered(), history.root)
    outcome = history.run_tool(history.clear(asked))
    assert settle(history) == []
    history.say(ResultCleared(**VERDICT, call="1-1", text="ok", label="tool:x"), outcome)

    refusal, *_ = settle(history)

    assert refusal.rule == "unknown"


def test_a_run_keeps_only_so_many_early_answers():
    history, _ = unasked()
    for number in range(ANSWERS_LIMIT + 2):
        history.facts.append(early(history, number))

    refusals = said(history)

    assert [one.rule for one in refusals] == ["too_many", "too_many"]


def early(history: History, number: int):
    first = history.facts[0]
    place = len(history.facts) + 1
    body = answered(nonce=f"early-{number}")
    return replace(
        first,
        id=f"early-{number}",
        type="review.answered",
        cause_id=history.root,
        body=body,
        sequence=place,
    )


def test_answers_after_the_end_of_a_run_are_told_so():
    asking = Asking()
    history = asking.history
    history.say(RunCancelRequested(principal="otto", nonce="c"), history.root)
    asking.decide()
    asking.answer("lea")
    history.say(answered(review_id="2-1-1", nonce="other"), history.root)

    refusals = asking.decide()

    assert [one.rule for one in refusals] == ["run_over", "run_over"]
    assert asking.outcome is None


def test_an_answer_to_a_call_of_long_ago_is_told_that_it_was_decided():
    asking = Asking()
    asking.answer(decision="reject")
    asking.decide()
    asking.history.fund(asking.history.facts[-1])
    asking.answer("max")

    [refusal] = asking.decide()

    assert (refusal.rule, refusal.principal) == ("already_decided", "max")
