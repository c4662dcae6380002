"""Work that nobody finishes is given up by the run itself, in time."""

from dataclasses import replace
from datetime import timedelta

from contracts.control import RunPaused, RunResumed
from contracts.history.waiting import waited
from contracts.run import RunFailed
from contracts.shape import later
from contracts.tool import ToolClaimed, ToolFailed, ToolUnknown
from services.orchestrator.rules import next_wake
from services.orchestrator.rules.timing import GRACE_SECONDS
from tests.bodies import NOON, manifest, tool_claimed
from tests.histories import History
from tests.orchestrator.deciding import revoked, said

AN_HOUR = timedelta(hours=1)


def asked() -> tuple[History, object]:
    """A run whose model was asked, with a step deadline before that of the run."""
    history = History()
    asked_ = history.ask(history.begin(manifest()))
    return history, asked_


def cleared(**changes: object) -> tuple[History, object]:
    history = History()
    history.begin(manifest(**changes))
    responded = history.step(calls=[("find_order", "{}")])
    return history, history.clear(history.call(responded))


def test_a_step_without_an_answer_fails_the_run_after_its_deadline_and_a_grace():
    history, asked_ = asked()
    soon = asked_.body.deadline - timedelta(minutes=5)
    history.facts[-1] = asked_ = _with_deadline(asked_, soon)
    overdue = later(soon, GRACE_SECONDS)

    assert said(history, overdue - timedelta(seconds=1)) == []
    [failed] = said(history, overdue)
    assert (type(failed), failed.rule) == (RunFailed, "step_deadline_passed")


def test_the_time_of_a_pause_is_given_back_to_the_step():
    history, asked_ = asked()
    history.facts[-1] = asked_ = _with_deadline(asked_, NOON + timedelta(minutes=1))
    paused = history.say(RunPaused(scope="run", principal="olga", number=1), asked_)
    resumed = history.say(RunResumed(principal="olga", number=1), paused)

    assert waited(history.run, asked_.time) == resumed.time - paused.time


def test_a_cleared_call_that_nobody_claims_is_revoked_and_has_failed():
    history, verdict = cleared()
    overdue = later(verdict.body.expires_at, GRACE_SECONDS)

    assert revoked(history, overdue - timedelta(seconds=1)) == []
    assert revoked(history, overdue) == ["1-1-1"]
    history.say(ToolClaimed(call="1-1", attempt=1, nonce="overdue", state="revoked"), verdict)
    [failed] = said(history, overdue)
    assert (type(failed), failed.kind) == (ToolFailed, "unavailable")


def test_a_claimed_call_that_fell_silent_is_unknown():
    history, verdict = cleared()
    claim = ToolClaimed(
        call="1-1",
        attempt=1,
        nonce="n",
        state="claimed",
        start_before=NOON,
        time_limit_seconds=30.0,
    )
    history.say(claim, verdict)
    silent = later(NOON, 30.0 + GRACE_SECONDS)

    assert said(history, silent - timedelta(seconds=1)) == []
    assert isinstance(said(history, silent)[0], ToolUnknown)


def test_a_call_that_another_run_answers_is_waited_for():
    history, verdict = cleared()
    claim = ToolClaimed(
        call="1-1",
        attempt=1,
        nonce="n",
        state="claimed",
        start_before=NOON,
        child_run_id="r-1_1-1-1",
    )
    history.say(claim, verdict)

    assert said(history, history.run.started.body.deadline - timedelta(seconds=1)) == []


def test_a_call_in_doubt_that_nobody_begins_again_has_not_failed():
    """Told that it failed, the model would make it again under another key."""
    history, first = cleared(idempotent=True)
    history.say(tool_claimed("1-1"), first)
    unknown = history.say(ToolUnknown(call="1-1", attempt=1, reason="it died"), first)
    [again] = said(history, later(unknown.time, 1))
    verdict = history.clear(history.say(again, unknown))
    history.say(ToolClaimed(call="1-1", attempt=2, nonce="overdue", state="revoked"), verdict)

    [outcome] = said(history, later(verdict.body.expires_at, GRACE_SECONDS))

    assert isinstance(outcome, ToolUnknown)
    assert "nobody knows what its earlier attempt did" in outcome.reason


def test_a_run_is_woken_when_something_becomes_overdue():
    history, verdict = cleared(timeout_seconds=600)

    woken = next_wake(history.run, NOON, AN_HOUR.total_seconds())

    assert woken == later(verdict.body.expires_at, GRACE_SECONDS)


def _with_deadline(asked_, deadline):
    return replace(asked_, body=asked_.body.model_copy(update={"deadline": deadline}))
