"""What a tool call means: its outcome, late evidence of it, and what a person decides."""

from datetime import timedelta

import pytest

from contracts.guardrail import ToolBlocked
from contracts.review import (
    ReviewAnswered,
    ReviewAnswerRefused,
    ReviewDecided,
    ReviewEscalated,
    ReviewRequested,
)
from contracts.tool import ToolFailed, ToolUnknown
from tests.bodies import DIGEST, NOON, VERDICT, manifest, tool_escalated, tool_succeeded
from tests.histories import History


@pytest.fixture
def history():
    return History()


def called(history: History, *names: str):
    """A run whose model asked for these tools; gives its answer."""
    history.begin(manifest())
    return history.step(calls=[(name, "{}") for name in names or ("find_order",)])


def review(requested) -> ReviewRequested:
    return ReviewRequested(
        review_id="r",
        about="call",
        call=requested.body.call,
        attempt=requested.body.attempt,
        tool=requested.body.tool,
        arguments_json="{}",
        arguments_sha256=DIGEST,
        roles=("support-lead",),
        reason="amount > 50",
        expires_at=NOON + timedelta(hours=2),
    )


def answered(review_id: str = "r") -> ReviewAnswered:
    return ReviewAnswered(
        review_id=review_id,
        decision="reject",
        principal="anna",
        roles=("support-lead",),
        arguments_sha256=DIGEST,
        nonce=f"7f-{review_id}",
    )


def decided(outcome: str) -> ReviewDecided:
    return ReviewDecided(review_id="r", outcome=outcome, arguments_sha256=DIGEST)


def test_late_evidence_settles_an_unknown_outcome(history):
    cleared = history.clear(history.call(called(history)))
    unknown = history.say(ToolUnknown(call="1-1", attempt=1, reason="cut off"), cleared)
    assert history.run.call("1-1").last.outcome == unknown

    late = history.say(tool_succeeded("1-1"), cleared)
    assert history.run.call("1-1").last.outcome == late


def test_a_known_outcome_never_becomes_unknown(history):
    cleared = history.clear(history.call(called(history)))
    known = history.say(tool_succeeded("1-1"), cleared)
    history.say(ToolUnknown(call="1-1", attempt=1, reason="cut off"), cleared)

    assert history.run.call("1-1").last.outcome == known


def test_success_and_failure_of_one_try_are_alternatives(history):
    cleared = history.clear(history.call(called(history)))
    known = history.say(tool_succeeded("1-1"), cleared)
    history.say(ToolFailed(call="1-1", attempt=1, kind="error", reason="boom"), cleared)

    assert history.run.call("1-1").last.outcome == known


def test_a_run_waits_while_a_person_is_asked(history):
    asked = history.call(called(history))
    escalated = history.say(tool_escalated(asked.body), asked)
    question = history.say(review(asked), escalated)
    assert history.run.status == "waiting"

    said = history.say(answered(), history.root)
    history.say(decided("rejected"), question)
    assert history.run.status == "running"
    assert history.run.reviews[0].answers == [said]


def test_an_answer_before_its_question_is_kept_for_it(history):
    asked = history.call(called(history))
    early, other = (history.say(answered(name), history.root) for name in ("r", "s"))
    assert history.run.early_answers == [early, other]

    history.say(review(asked), history.say(tool_escalated(asked.body), asked))

    assert history.run.reviews[0].answers == [early]
    assert history.run.early_answers == [other]


def test_an_answer_that_was_refused_is_kept_no_longer(history):
    called(history)
    early = history.say(answered(), history.root)
    refusal = ReviewAnswerRefused(review_id="r", rule="unknown", principal="anna", reason="none")
    history.say(refusal, early)

    assert history.run.early_answers == []
    assert history.run.refused_answers == {early.id: refusal}


def test_an_answer_that_does_not_follow_from_the_run_is_none(history):
    asked = history.call(called(history))
    question = history.say(review(asked), history.say(tool_escalated(asked.body), asked))
    history.say(answered(), question)

    assert history.run.reviews[0].answers == []


def test_more_people_may_answer_as_the_ladder_is_climbed(history):
    asked = history.call(called(history))
    question = history.say(review(asked), history.say(tool_escalated(asked.body), asked))
    step = ReviewEscalated(review_id="r", level=1, roles=("team-lead", "support-lead"))
    history.say(step, question)

    assert history.run.reviews[0].roles == ("support-lead", "team-lead")


def test_of_two_decisions_the_first_stands(history):
    asked = history.call(called(history))
    question = history.say(review(asked), history.say(tool_escalated(asked.body), asked))
    history.say(decided("expired"), question)
    history.say(decided("approved"), question)

    assert history.run.reviews[0].decided.body.outcome == "expired"


def test_a_blocked_call_has_no_outcome(history):
    asked = history.call(called(history))
    blocked = history.say(ToolBlocked(**VERDICT, call="1-1", attempt=1), asked)

    last = history.run.call("1-1").last
    assert (last.verdict, last.outcome) == (blocked, None)
