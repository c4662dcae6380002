"""Runs that call runs: what a child starts with, and what the end of either says in the other."""

from dataclasses import replace

import pytest

from contracts.run import (
    AnswerProposed,
    ParentBudget,
    RunCancelled,
    RunFailed,
    RunStarted,
)
from services.orchestrator.rules import Book, Kin, Say, decide
from tests.bodies import NOON, result_cleared, tool_failed, tool_succeeded
from tests.families import CLERK, DEADLINE, Calling, boss, child_task
from tests.histories import History

BOOK = Book(agents={"boss": boss(), "clerk": CLERK}, manifests={})


def started(child: History, parent: History | None, book: Book = BOOK):
    """What the child's start says."""
    kin = Kin(parent=parent.run if parent is not None else None)
    moves = decide(child.run, NOON, book, kin)
    return [move.body for move in moves if isinstance(move, Say)]


@pytest.fixture
def claimed():
    parent = Calling()
    parent.claim()
    return parent


def test_the_agents_that_an_agent_may_call_are_pinned_as_tools():
    history = History()
    task = child_task(agent="boss").model_copy(update={"parent": None})
    cleared = Calling().facts[1].body
    history.say(cleared, history.say(task))

    body = started(history, None)[0]

    assert [(tool.name, tool.agent, tool.effect) for tool in body.tools] == [
        ("ask_clerk", "clerk", "read")
    ]
    assert body.tools[0].parameters["required"] == ["input"]


def test_a_child_starts_under_the_budget_and_the_deadline_of_its_parent(claimed):
    body = started(claimed.child(), claimed)[0]

    assert isinstance(body, RunStarted)
    assert body.parents == (ParentBudget(run_id="r-0", budget_micro_usd=500_000),)
    assert body.deadline == DEADLINE


def test_a_grandchild_is_paid_for_by_every_run_above_it(claimed):
    above = ParentBudget(run_id="top", budget_micro_usd=9)
    claimed.facts[2] = _with_parents(claimed.facts[2], above)

    body = started(claimed.child(), claimed)[0]

    assert [one.run_id for one in body.parents] == ["top", "r-0"]


def _with_parents(fact, *parents):

    return replace(fact, body=fact.body.model_copy(update={"parents": parents}))


@pytest.mark.parametrize(
    "changes",
    [
        {"attempt": 2},
        {"call": "1-2"},
        {"depth": 3},
        {"agent": "boss"},
        {"deadline": NOON},
    ],
    ids=str,
)
def test_a_task_that_its_parent_did_not_call_fails_at_its_start(claimed, changes):
    body = started(claimed.child(**changes), claimed)[0]

    assert isinstance(body, RunFailed)
    assert body.rule == "task_blocked"


def test_a_task_under_another_name_than_the_claimed_one_fails_at_its_start(claimed):
    child = claimed.child()
    other = History(run_id="another")
    other.say(child.facts[1].body, other.say(child.facts[0].body))

    assert isinstance(started(other, claimed)[0], RunFailed)


def test_a_task_whose_parent_is_nowhere_fails_at_its_start(claimed):
    assert isinstance(started(claimed.child(), None)[0], RunFailed)


def test_a_child_whose_parent_is_over_is_cancelled_at_its_start(claimed):
    """It was submitted at the very moment at which the parent was cancelled."""
    claimed.say(RunCancelled(principal="p", reason=""), claimed.root)

    assert isinstance(started(claimed.child(), claimed)[0], RunCancelled)


def test_an_agent_that_calls_one_that_there_is_not_is_not_run():
    history = History()
    task = child_task(agent="boss").model_copy(update={"parent": None})
    history.say(Calling().facts[1].body, history.say(task))

    body = started(history, None, Book(agents={"boss": boss()}, manifests={}))[0]

    assert body.rule == "task_blocked"
    assert "clerk" in body.reason


def handed(parent: Calling, outcome, cleared) -> list[object]:
    """What the parent says once the result of its only call has come."""
    fact = parent.say(outcome, parent.cleared)
    parent.say(cleared, fact)
    return [move.body for move in decide(parent.run, NOON, BOOK) if isinstance(move, Say)]


def test_a_handoff_makes_the_answer_of_the_child_the_answer_of_the_run():
    parent = Calling(mode="handoff")
    parent.claim()

    bodies = handed(parent, tool_succeeded("1-1", output_json='"At the post."'), _as_it_is())

    assert bodies == [AnswerProposed(step=1, text="At the post.")]


def test_a_handoff_passes_on_what_the_check_left_of_the_answer():
    parent = Calling(mode="handoff")
    parent.claim()

    bodies = handed(parent, tool_succeeded("1-1"), result_cleared("1-1", "[redacted]"))

    assert bodies == [AnswerProposed(step=1, text="[redacted]")]


def test_a_handoff_that_failed_is_told_to_the_model():
    parent = Calling(mode="handoff")
    parent.claim()

    failed = result_cleared("1-1", "broken").model_copy(update={"is_error": True})
    bodies = handed(parent, tool_failed("1-1"), failed)

    assert [body.step for body in bodies] == [2]


def test_a_plain_call_goes_back_to_the_model():
    parent = Calling()
    parent.claim()

    bodies = handed(parent, tool_succeeded("1-1"), _as_it_is())

    assert [body.step for body in bodies] == [2]


def _as_it_is():
    return result_cleared("1-1").model_copy(update={"text": None})
