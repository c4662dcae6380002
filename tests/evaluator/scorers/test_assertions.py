"""Assertions on finished runs."""

import pytest

from contracts.guardrail import ToolBlocked
from contracts.run import RunCompleted
from contracts.scoring import Assertion
from services.evaluator.rules import evaluate, scored
from services.evaluator.scorers.assertions import UnknownAssertion, assertion
from tests.bodies import VERDICT, manifest
from tests.histories import History, whole_run


def assess(run, name):
    return scored(run, Assertion(value=name))


def ended(answer: str, effect: str = "read") -> History:
    """A run that used one tool of this effect, and then said this."""
    history = History()
    history.begin(manifest(effect=effect))
    history.use(history.step(calls=[("find_order", "{}")]))
    history.step(text=answer)
    history.say(RunCompleted(answer=answer, steps=2), history.root)
    return history


def test_a_completed_run_is_resolved():
    assert assess(whole_run().run, "resolved").passed


def test_an_unfinished_run_is_not_resolved():
    history = History()
    history.begin()

    assert not assess(history.run, "resolved").passed


def test_a_promise_that_no_tool_kept_is_false():
    result = assess(ended("I have issued your refund.").run, "no_false_promises")

    assert not result.passed
    assert "no tool did such a thing" in result.reason


def test_a_promise_that_a_tool_kept_is_true():
    assert assess(ended("I have issued your refund.", "money").run, "no_false_promises").passed


def test_a_refused_call_is_told():
    history = History()
    history.begin(manifest())
    asked = history.call(history.step(calls=[("find_order", "{}")]))
    history.say(ToolBlocked(**VERDICT, call="1-1", attempt=1), asked)

    assert assess(history.run, "no_blocked_calls").reason == "refused: find_order"


@pytest.mark.parametrize(
    ("name", "passed"), [("steps_at_most:2", True), ("steps_at_most:1", False)]
)
def test_an_assertion_may_take_an_argument(name, passed):
    assert assess(whole_run().run, name).passed is passed


def test_a_near_mention_counts_and_a_far_one_scores_less():
    run = ended("Your parcel was shipped.").run

    assert assess(run, "mentions:parcel was shiped").passed
    assert 0 < assess(run, "mentions:refund policy").score < 1


def test_the_score_of_a_run_is_the_mean_of_its_assertions():
    evaluated = evaluate(whole_run().run, ("resolved", "steps_at_most:1"))

    assert (evaluated.passed, evaluated.score) == (False, 0.5)


def test_a_run_without_assertions_passes():
    assert evaluate(whole_run().run, ()).passed


def test_an_unknown_assertion_names_the_known_ones():
    with pytest.raises(UnknownAssertion, match="resolved"):
        assertion(whole_run().run, "beautiful")
