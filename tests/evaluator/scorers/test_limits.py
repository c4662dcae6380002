"""Scorers of what a run took, and a run that has several scorers."""

import pytest

from contracts.guardrail import ToolBlocked
from contracts.history.taken import approvals_of, refusals_of, seconds_of
from contracts.scoring import (
    ApprovalsAtMost,
    Assertion,
    CostAtMost,
    Exact,
    Judged,
    LatencyAtMost,
    StepsAtMost,
)
from services.evaluator.rules import evaluate, scored
from tests.bodies import VERDICT, tool_cleared
from tests.evaluator.scorers.runs import READ, REFUND, find, finished, refund, trial
from tests.histories import History


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (lambda run: CostAtMost(usd=run.cost_micro_usd / 1e6), lambda _: CostAtMost(usd=0.000001)),
        (lambda _: LatencyAtMost(seconds=3600), lambda _: LatencyAtMost(seconds=1)),
        (lambda _: StepsAtMost(steps=2), lambda _: StepsAtMost(steps=1)),
    ],
)
def test_a_limit_holds_up_to_its_figure(more, less):
    run = finished(find())

    assert scored(run, more(run)).passed
    assert not scored(run, less(run)).passed


def test_a_run_that_goes_on_has_no_time_yet():
    history = History()
    history.begin()

    assert seconds_of(history.run) is None
    assert scored(history.run, LatencyAtMost(seconds=1)).undecided


def blocked(rule):
    return ToolBlocked(**{**VERDICT, "rule": rule}, call="1-1", attempt=1)


def cleared(place, rule):
    return tool_cleared(place).model_copy(update={"rule": rule})


@pytest.mark.parametrize(
    ("verdict", "asked", "refused"),
    [
        (lambda _: blocked("would_ask"), 1, 0),
        (lambda _: blocked("in_policy"), 0, 1),
        (lambda asked: cleared(asked, "assumed_approval"), 1, 0),
        (lambda asked: cleared(asked, "in_policy"), 0, 0),
    ],
)
def test_a_trial_counts_when_a_person_would_have_been_asked(verdict, asked, refused):
    history = History()
    history.begin(READ, REFUND)
    request = history.call(history.step(calls=[refund()]))
    history.say(verdict(request.body), request)

    assert approvals_of(history.run) == asked
    assert refusals_of(history.run) == refused
    assert scored(history.run, ApprovalsAtMost(approvals=0)).passed is (asked == 0)


def test_a_trial_is_held_to_its_agents_assertions_and_its_own_scorers():
    run = finished(find(), trial=trial(Exact(value="It was shipped."), StepsAtMost(steps=1)))

    told = evaluate(run, ("resolved",))

    assert [(one.name, one.passed) for one in told.assertions] == [
        ("resolved", True),
        ("exact", True),
        ("steps_at_most", False),
    ]
    assert not told.passed
    assert told.score == pytest.approx(2 / 3)


def test_a_scorer_weighs_what_it_says():
    run = finished(trial=trial(Exact(value="no", weight=3), StepsAtMost(steps=9)))

    assert evaluate(run, ()).score == 0.25


def test_what_others_were_to_be_asked_is_undecided_until_they_have_said_it():
    scorer = Judged(by="helpful", question="Was it?")
    run = finished(trial=trial(scorer))

    unasked = evaluate(run, ())
    asked = unasked.assertions[0].model_copy(update={"passed": True, "undecided": False})

    assert unasked.assertions[0].undecided
    assert not unasked.passed
    assert evaluate(run, (), {"helpful": asked}).passed


def test_an_assertion_that_is_not_known_takes_nobody_down():
    run = finished(trial=trial(Assertion(value="beautiful"), Assertion(value="steps_at_most:x")))

    told = evaluate(run, ())

    assert [one.undecided for one in told.assertions] == [True, True]
    assert "known: resolved" in told.assertions[0].reason
