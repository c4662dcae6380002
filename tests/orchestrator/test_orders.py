"""Orders for an agent, a tenant, the platform: pause, resume, stop."""

import pytest

from contracts.control import (
    RunPaused,
    RunResumed,
)
from contracts.model import ModelRequested
from contracts.run import RunCancelled, RunFailed, RunStarted
from services.orchestrator.rules import Say
from tests.bodies import (
    ordered,
    task,
    task_cleared,
)
from tests.histories import History
from tests.orchestrator.deciding import decided, said
from tests.orchestrator.ordering import pause, resume, started, under


@pytest.mark.parametrize(
    ("scope", "name"), [("agent", "support"), ("tenant", "acme"), ("platform", None)]
)
def test_an_order_pauses_the_runs_of_its_scope(scope, name):
    history = started()
    order = ordered(scope, name, "paused")

    [move] = decided(history, book=under(order))

    assert move == Say(
        history.root, RunPaused(scope=scope, principal="anna", reason="incident", number=1)
    )


@pytest.mark.parametrize(("scope", "name"), [("agent", "sales"), ("tenant", "other")])
def test_an_order_leaves_the_runs_of_others_alone(scope, name):
    history = started()

    [asked] = said(history, book=under(ordered(scope, name, "stopped")))

    assert isinstance(asked, ModelRequested)


def test_a_lifted_order_resumes_in_the_name_of_who_lifted_it():
    history = started()
    [move] = decided(history, book=under(ordered("tenant", "acme", "paused")))
    paused = history.say(move.body, move.cause_id)
    lifted = ordered("tenant", "acme", "running", principal="otto", reason="it is over")

    [move] = decided(history, book=under(lifted))

    assert move == Say(paused.id, RunResumed(principal="otto", reason="it is over", number=1))


def test_a_run_that_is_resumed_within_a_paused_tenant_stands_still_for_the_tenant():
    history = started()
    pause(history)
    resume(history)
    book = under(ordered("tenant", "acme", "paused"))

    [move] = decided(history, book=book)
    history.say(move.body, move.cause_id)
    [again] = said(history, book=book)

    assert isinstance(move.body, RunResumed)
    assert (again.scope, again.number) == ("tenant", 2)


def test_a_broader_order_on_top_says_nothing_again():
    history = started()
    tenant = ordered("tenant", "acme", "paused")
    [move] = decided(history, book=under(tenant))
    history.say(move.body, move.cause_id)

    assert decided(history, book=under(tenant, ordered("platform", None, "paused"))) == ()


def test_a_stop_cancels_open_runs_and_revokes_what_nobody_has_claimed():
    history = started()
    history.fund(history.ask(history.facts[-1]))
    stop = ordered("platform", None, "stopped")

    [revocation, move] = decided(history, book=under(stop))

    assert revocation.body.key == "1-1"
    assert isinstance(move.body, RunCancelled)
    assert move.body.principal == "anna"
    assert "the platform is stopped: incident" in move.body.reason


@pytest.mark.parametrize("is_cleared", [True, False])
def test_a_stop_refuses_new_tasks(is_cleared):
    history = History()
    submitted = history.say(task())
    if is_cleared:
        history.say(task_cleared(), submitted)

    [failed] = said(history, book=under(ordered("agent", "support", "stopped")))

    assert isinstance(failed, RunFailed)
    assert failed.rule == "stopped"
    assert "anna" in failed.reason


def test_a_stop_ends_paused_runs_too():
    history = started()
    pause(history)

    [cancelled] = said(history, book=under(ordered("tenant", "acme", "stopped")))

    assert isinstance(cancelled, RunCancelled)


def test_a_run_under_a_lifted_order_starts():
    history = History()
    history.say(task_cleared(), history.say(task()))

    [start] = said(history, book=under(ordered("platform", None, "running")))

    assert isinstance(start, RunStarted)
