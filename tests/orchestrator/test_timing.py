"""Deadlines bound work, not people; and a run is never forgotten."""

from dataclasses import replace
from datetime import timedelta

from services.orchestrator.rules import next_wake
from services.orchestrator.rules.timing import deadline
from tests.bodies import NOON
from tests.histories import History, whole_run
from tests.orchestrator.deciding import said
from tests.orchestrator.reviewing import Asking

SWEEP = 60.0


def begun() -> History:
    history = History()
    history.begin()
    return history


def test_the_clock_stands_still_while_a_person_is_asked():
    history = Asking().history

    assert deadline(history.run) is None
    assert said(history, NOON + timedelta(hours=1)) == []


def test_the_time_that_a_person_took_is_given_back():
    asking = Asking()
    history, question = asking.history, asking.review.requested
    asking.answer()
    [decision] = said(history)
    decided = history.say(decision, question)
    an_hour_later = question.time + timedelta(hours=1)
    history.facts[-1] = replace(decided, time=an_hour_later)

    pinned = history.run.started.body.deadline
    assert deadline(history.run) == pinned + timedelta(hours=1)


def test_an_open_run_is_looked_at_by_the_next_sweep():
    assert next_wake(begun().run, NOON, SWEEP) == NOON + timedelta(seconds=SWEEP)


def test_a_near_deadline_comes_before_the_sweep():
    run = begun().run
    shortly_before = run.started.body.deadline - timedelta(seconds=1)

    assert next_wake(run, shortly_before, SWEEP) == run.started.body.deadline


def test_a_review_is_looked_at_when_the_next_people_are_to_be_asked():
    ladder = {"escalate": ({"after_seconds": 20, "roles": ("team-lead",)},)}
    run = Asking(changes=ladder).history.run

    assert next_wake(run, NOON, SWEEP) == NOON + timedelta(seconds=20)


def test_an_ended_run_is_never_woken():
    assert next_wake(whole_run().run, NOON, SWEEP) is None
