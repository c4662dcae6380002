"""Whoever told a run what to do does not let it: orchestrator, gate and executor each see to it."""

from dataclasses import replace

import pytest

from contracts.control import InputTaken
from contracts.envelope import Fact
from contracts.guardrail import ToolBlocked
from contracts.history import Run
from contracts.history.approval import approval_gap
from contracts.history.speaking import speakers
from contracts.review import Approver, ReviewAnswerRefused, ReviewDecided
from contracts.run import Ancestor
from contracts.shape import Body, sha256_hex
from services.tool_executor.rules import Report
from tests.bodies import (
    input_cleared,
    input_submitted,
    result_cleared,
    run_started,
    task,
    task_cleared,
    tool_escalated,
)
from tests.histories import History
from tests.orchestrator.acting import executor, gate
from tests.orchestrator.reviewing import ARGUMENTS, EDITED, REFUND, ROLES, answered, settle

CALL = ("issue_refund", ARGUMENTS)
REFUSED = "own_words"


def begun() -> History:
    history = History()
    asked = task().model_copy(update={"requester": "rita"})
    cleared = history.say(task_cleared(), history.say(asked))
    history.say(run_started(REFUND), cleared)
    return history


def told(history: History, step: int = 1, **by: str) -> None:
    """More input that is shown to the model from a step on."""
    submitted = history.say(input_submitted().model_copy(update=by), history.root)
    cleared = history.say(input_cleared(), submitted)
    history.say(InputTaken(policy="enqueue", step=step), cleared)


def asks(history: History, asked: Fact[Body] | None = None) -> str:
    """The model calls for a refund, the gate wants people, and they are asked; gives the review."""
    funded = history.fund(history.ask(history.facts[-1]) if asked is None else asked)
    responded = history.answer(funded, calls=[CALL])
    call = history.call(responded)
    body = call.body.model_copy(update={"manifest_sha256": REFUND.sha256})
    history.facts[call.sequence - 1] = replace(call, body=body)
    wanted = {**tool_escalated(body).model_dump(), "roles": ROLES, "quorum": 1}
    history.say(type(tool_escalated(body)).model_validate(wanted), call)
    settle(history)
    return history.run.reviews[-1].requested.body.review_id


def says(history: History, review_id: str, principal: str, decision: str = "approve", **more):
    """Somebody answers, and what is made of it."""
    nonce = f"{principal}-{review_id}"
    said = answered(principal, decision, review_id=review_id, nonce=nonce, **more)
    history.say(said, history.root)
    return settle(history)


def heard_once(decision: str, **more: str) -> tuple[History, str]:
    """Lea has answered a first question, and a second is open."""
    history = begun()
    says(history, asks(history), "lea", decision, **more)
    if history.run.step.outcome is not None:  # approved: it runs first
        cleared = history.clear(history.facts[-1])
        history.say(result_cleared(cleared.body.call), history.run_tool(cleared))
        settle(history)
    return history, asks(history, history.facts[-1])


def rule_of(bodies: list[Body]) -> str | None:
    return next((one.rule for one in bodies if isinstance(one, ReviewAnswerRefused)), None)


@pytest.mark.parametrize("by", [{"principal": "otto"}, {"user": " OTTO"}])
@pytest.mark.parametrize("decision", ["approve", "edit"])
def test_whoever_gave_more_input_may_not_let_run_what_comes_of_it(by, decision):
    history = begun()
    told(history, **by)
    review = asks(history)
    edits = {"arguments_json": EDITED} if decision == "edit" else {}

    assert rule_of(says(history, review, "otto", decision, **edits)) == REFUSED
    assert rule_of(says(history, review, "lea", decision, **edits)) is None
    assert history.run.reviews[-1].decided is not None


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_service_decides_nothing_that_people_are_asked(decision):
    history = begun()
    review = asks(history)

    assert rule_of(says(history, review, "service:bot", decision)) == "not_a_person"
    assert history.run.reviews[-1].decided is None


def test_they_may_reject_it_and_answer_in_its_place():
    for decision, more in (("reject", {}), ("respond", {"response": "Paid by hand."})):
        history = begun()
        told(history, principal="otto")
        review = asks(history)

        assert rule_of(says(history, review, "otto", decision, **more)) is None


@pytest.mark.parametrize(
    ("decision", "more"),
    [
        ("respond", {"response": "Pay it to the other account."}),
        ("reject", {"reason": "Pay it to the other account."}),
        ("edit", {"arguments_json": EDITED}),
    ],
)
def test_whoever_was_heard_by_the_model_may_not_approve_what_it_asks_later(decision, more):
    history, review = heard_once(decision, **more)

    assert rule_of(says(history, review, "lea")) == REFUSED
    assert rule_of(says(history, review, "max")) is None


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_whoever_only_said_yes_or_no_may_approve_what_comes_later(decision):
    history, review = heard_once(decision)

    assert rule_of(says(history, review, "lea")) is None


def test_what_is_said_after_a_call_was_made_does_not_count_against_its_approval():
    history = begun()
    review = asks(history)
    says(history, review, "lea")
    told(history, step=2, principal="lea")
    asked = next(one for one in reversed(history.facts) if one.type == "tool.requested")

    assert asked.body.approval_id is not None
    assert approval_gap(history.run, asked.body) is None


def test_an_approval_in_one_s_own_words_runs_nothing_whoever_wrote_the_decision():
    history = begun()
    told(history, principal="otto")
    review = asks(history)
    answer = history.say(answered("otto", review_id=review, nonce="n"), history.root)
    decided = ReviewDecided(
        review_id=review,
        outcome="approved",
        approvers=(Approver(answer_id=answer.id, principal="otto", role=ROLES[0]),),
        arguments_sha256=sha256_hex(ARGUMENTS.encode()),
    )
    approval = history.say(decided, history.run.reviews[-1].requested)
    first = next(one for one in history.facts if one.type == "tool.requested")
    changes = {"attempt": 2, "approval_id": approval.id}
    history.say(first.body.model_copy(update=changes), approval)

    verdict, clearance = gate(history), executor(history)

    assert isinstance(verdict, ToolBlocked)
    assert isinstance(clearance, Report)
    assert "0 of the 1 people" in verdict.reason
    assert "0 of the 1 people" in clearance.body.reason


def continued(before: History) -> Run:
    """A run that goes on from where another one ended."""
    history = begun()
    started = history.facts[-1]
    grown = Ancestor(run_id="r-0", kind="continues", position=len(before.facts))
    history.facts[-1] = replace(started, body=started.body.model_copy(update={"ancestor": grown}))
    run = history.run
    run.ancestor = before.run
    return run


def test_a_continuation_holds_the_words_of_whom_it_continues():
    before, review = heard_once("respond", response="Pay it to the other account.")
    told(before, step=2, principal="otto")
    says(before, review, "max", "reject")

    assert speakers(continued(before), 1) == {"rita", "lea", "otto"}
