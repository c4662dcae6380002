"""Retries that wait: said when they are due, never past a deadline, and woken for by a timer."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contracts.control import RunPaused, RunPauseRequested
from contracts.model import AttemptFailure, ModelAttemptDue, ModelAttemptRequested, Route
from contracts.review import ReviewRequested
from contracts.tool import ToolRequested, ToolUnknown
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, advance
from services.orchestrator.rules import next_wake
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import claimed, manifest, model_funded, tool_claimed
from tests.histories import History
from tests.orchestrator.deciding import BOOK, revoked, said
from tests.orchestrator.giving import give, revoke

ROUTE = Route(provider="fake", api="fake", model="small")
SWEEP_SECONDS = 60.0


def told_to_wait(seconds: float = 30.0, *, deferred: bool = True) -> History:
    """The only route of the first step was told to come back in a while."""
    history = History()
    started = history.begin(manifest())
    funded = history.fund(history.ask(started))
    history.say(claimed(), funded)
    failure = AttemptFailure(kind="rate_limited", reason="slow down", billed="nothing")
    again = ModelAttemptRequested(
        step=1,
        attempt=2,
        role="retry",
        route=ROUTE,
        not_before=history.facts[-1].time + timedelta(seconds=seconds),
        previous=failure,
        deferred=deferred,
    )
    history.say(again, funded)
    return history


def nobody_can_tell(tries: int = 1) -> History:
    """An idempotent tool was attempted so often, and each time nobody can tell."""
    history = History()
    history.begin(manifest(idempotent=True))
    asked = history.call(history.step(calls=[("find_order", "{}")]))
    for attempt in range(1, tries + 1):
        cleared = history.clear(asked)
        history.say(tool_claimed("1-1", attempt), cleared)
        unknown = history.say(ToolUnknown(call="1-1", attempt=attempt, reason="died"), cleared)
        if attempt < tries:
            body = asked.body.model_copy(update={"attempt": attempt + 1})
            asked = history.say(body, unknown)
    return history


def last_time(history: History) -> datetime:
    return history.facts[-1].time


def after(history: History, seconds: float) -> datetime:
    return last_time(history) + timedelta(seconds=seconds)


# A model call


def test_a_deferred_attempt_is_said_to_be_due_once_its_time_has_come():
    history = told_to_wait()
    asked = history.facts[-1]

    early = said(history, asked.body.not_before - timedelta(milliseconds=1))
    [due] = said(history, asked.body.not_before)

    assert early == []
    assert due == ModelAttemptDue(step=1, attempt=2)
    history.say(due, asked)
    assert said(history, after(history, 60)) == []


def test_an_attempt_that_is_not_deferred_is_nobodys_business_here():
    history = told_to_wait(3, deferred=False)

    assert said(history, after(history, 60)) == []


def test_a_run_is_woken_when_its_attempt_is_due():
    history = told_to_wait(30)

    wake = next_wake(history.run, last_time(history), SWEEP_SECONDS)

    assert wake == history.facts[-1].body.not_before


def test_nothing_is_due_while_the_run_stands_still():
    history = told_to_wait()
    pause = history.say(RunPauseRequested(principal="anna", nonce="n"), history.root)
    history.say(RunPaused(scope="run", principal="anna", number=1), pause)

    assert said(history, after(history, 60)) == []


def test_a_deferred_attempt_is_called_off_by_an_interruption_and_never_due():
    history = told_to_wait()
    give(history, "interrupt")
    in_time = after(history, 60)

    assert revoked(history, in_time) == ["1-2"]
    assert said(history, in_time) == []
    revoke(history)
    assert not any(isinstance(one, ModelAttemptDue) for one in said(history, in_time))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(model_funded(1, 2), id="funded_by_an_older_ledger"),
        pytest.param(claimed(1, 2).model_copy(update={"state": "revoked"}), id="called_off"),
    ],
)
def test_an_attempt_that_waits_no_more_is_not_said_to_be_due(body):
    history = told_to_wait()
    history.say(body, history.facts[-1])

    assert said(history, after(history, 60)) == []


def test_a_step_that_is_overdue_fails_and_its_attempt_is_not_due():
    history = told_to_wait(30)
    late = history.run.step.requested.body.deadline + timedelta(minutes=1)

    [failed] = said(history, late)

    assert failed.rule == "deadline_passed"


# A tool call


@pytest.mark.parametrize(("tries", "seconds"), [(1, 1.0), (2, 2.0)])
def test_an_idempotent_tool_is_attempted_again_only_after_its_backoff(tries, seconds):
    history = nobody_can_tell(tries)

    early = said(history, after(history, seconds - 0.001))
    [again] = said(history, after(history, seconds))

    assert early == []
    assert isinstance(again, ToolRequested)
    assert again.attempt == tries + 1


def test_a_run_is_woken_when_a_tool_is_attempted_again():
    history = nobody_can_tell()

    assert next_wake(history.run, last_time(history), SWEEP_SECONDS) == after(history, 1.0)


def test_after_the_last_attempt_a_person_is_asked_at_once():
    history = nobody_can_tell(tries=3)

    [question] = said(history, last_time(history))

    assert isinstance(question, ReviewRequested)


def test_where_the_deadline_comes_before_the_backoff_a_person_is_asked_at_once():
    """Nobody would attempt it, and the run would end with an effect that nobody was asked about."""
    history = nobody_can_tell()
    start = next(one for one in history.facts if one.type == "run.started")
    soon = last_time(history) + timedelta(seconds=1)
    hurried = start.body.model_copy(update={"deadline": soon})
    history.facts[start.sequence - 1] = replace(start, body=hurried)

    [question] = said(history, last_time(history))

    assert isinstance(question, ReviewRequested)


def test_a_late_word_of_the_first_attempt_is_not_attempted_again():
    history = nobody_can_tell()
    cleared = next(one for one in history.facts if one.type == "tool.cleared")
    history.run_tool(cleared)

    assert said(history, after(history, 5)) == []


# The timer


@pytest.mark.parametrize("history", [told_to_wait(), nobody_can_tell()], ids=["model", "tool"])
async def test_whoever_hears_of_a_wait_sets_its_timer(history):
    bus = MemoryBus(clock=FixedClock(last_time(history)))
    bus.given(*history.facts)
    desk = Desk(BOOK, MemoryTimers(), sweep_seconds=SWEEP_SECONDS, rounds=5)

    await advance(Heard(bus.facts[-1]), bus, desk)

    wake = desk.timers.wakes["acme", "r-1"]
    assert timedelta(0) < wake - bus.clock.now() < timedelta(seconds=SWEEP_SECONDS)
    bus.clock.advance((wake - bus.clock.now()).total_seconds())
    await advance(Heard(bus.facts[-1]), bus, desk)
    assert bus.facts[-1].type in ("model.attempt_due", "tool.requested")
