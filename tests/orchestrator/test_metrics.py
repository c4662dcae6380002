"""What the orchestrator counts: ends of runs, what they took, and how long people think."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.run import RunCompleted, RunFailed
from services.orchestrator.metrics import count
from shared.bus import Said
from tests.bodies import task
from tests.counting import counted
from tests.histories import History, given, whole_run
from tests.orchestrator.reviewing import Asking

FAILED = RunFailed(rule="deadline_passed", reason="late")


def ended(facts, end):
    """The end of a run that has come so far, a minute after its submission."""
    run = given(facts)
    history = History(facts=list(facts))
    at = run.submitted.time + timedelta(minutes=1)
    return Said(replace(history.say(end, history.root), time=at), run=run)


def unended():
    return [fact for fact in whole_run().facts if fact.type != "run.completed"]


def test_an_end_is_counted_under_agent_outcome_and_rule():
    name = "interlock_runs_finished_total"
    ends = counted(name, agent="support", outcome="failed", rule="deadline_passed")

    count(ended(unended(), FAILED))

    assert ends.more == 1


def test_a_completed_run_has_no_rule():
    ends = counted("interlock_runs_finished_total", agent="support", outcome="completed", rule="")

    count(ended(unended(), RunCompleted(answer="It was shipped.", steps=2)))

    assert ends.more == 1


def test_an_end_tells_how_long_the_run_took_in_how_many_steps_and_calls():
    seconds = counted("interlock_run_duration_seconds_sum", agent="support", outcome="completed")
    steps = counted("interlock_run_steps_sum", agent="support")
    calls = counted("interlock_run_tool_calls_sum", agent="support")

    count(ended(unended(), RunCompleted(answer="It was shipped.", steps=2)))

    assert (seconds.more, steps.more, calls.more) == (pytest.approx(60), 2, 1)


def test_an_agent_that_a_task_made_up_is_no_label():
    history = History()
    history.say(task(agent="x" * 60))
    ends = counted(
        "interlock_runs_finished_total", agent="unknown", outcome="failed", rule="unknown_agent"
    )

    count(ended(history.facts, RunFailed(rule="unknown_agent", reason="no such agent")))

    assert ends.more == 1


def test_a_decision_tells_how_long_people_took():
    asking = Asking()
    asking.answer("lea")
    run = asking.history.run
    asking.decide()
    decided = next(one for one in asking.history.facts if one.type == "review.decided")
    seconds = counted("interlock_review_decision_seconds_sum", decision="approved")

    count(Said(decided, run=run))

    asked_at = run.reviews[0].requested.time
    assert seconds.more == pytest.approx((decided.time - asked_at).total_seconds())
