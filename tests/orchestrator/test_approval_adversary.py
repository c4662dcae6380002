"""Whoever tampers with an approval runs nothing: gate and executor go by the log, each for itself.

The adversary here may write any fact, the orchestrator's own included; only the signed answers of
people are out of reach.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.envelope import Fact
from contracts.guardrail import ToolBlocked, ToolCleared
from contracts.review import Approver, ReviewDecided
from contracts.shape import Body, sha256_hex
from contracts.tool import ToolFailed
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, wake
from services.tool_executor.rules import Act, Report
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import tool_escalated
from tests.histories import History
from tests.orchestrator.acting import approved, executor, gate
from tests.orchestrator.deciding import BOOK
from tests.orchestrator.reviewing import (
    ARGUMENTS,
    EDITED,
    Asking,
    answered,
    requested_calls,
    settle,
)

WORSE = '{"order_id": "1042", "amount": 499}'


def is_refused(history: History, word: str) -> bool:
    """Both refuse it, and say why."""
    verdict, clearance = gate(history), executor(history)
    assert isinstance(verdict, ToolBlocked), verdict
    assert isinstance(clearance, Report), clearance
    assert isinstance(clearance.body, ToolFailed)
    assert word in verdict.reason
    assert word in clearance.body.reason
    return True


def again(history: History, **changes: object) -> Fact[Body]:
    """The newest request, changed by the adversary."""
    asked = history.facts[-1]
    body = asked.body.model_copy(update=changes)
    history.facts[-1] = changed = replace(asked, body=body)
    return changed


@pytest.mark.parametrize("edit", [False, True])
@pytest.mark.parametrize("quorum", [1, 3])
def test_what_people_approved_runs(edit, quorum):
    history = approved(edit=edit, quorum=quorum).history

    verdict, clearance = gate(history), executor(history)

    assert isinstance(verdict, ToolCleared)
    assert isinstance(clearance, Act)
    assert clearance.request.arguments_json == (EDITED if edit else ARGUMENTS)


@pytest.mark.parametrize("edit", [False, True])
def test_arguments_that_change_after_the_approval_do_not_run(edit):
    history = approved(edit=edit).history
    again(history, arguments_json=WORSE, arguments_sha256=sha256_hex(WORSE.encode()))

    assert is_refused(history, "others were approved")


def test_an_edited_call_does_not_run_with_what_the_model_wrote():
    history = approved(edit=True).history
    again(history, arguments_json=ARGUMENTS, arguments_sha256=sha256_hex(ARGUMENTS.encode()))

    assert is_refused(history, "others were approved")


def test_a_digest_does_not_vouch_for_other_arguments():
    history = approved().history
    again(history, arguments_json=WORSE)

    assert isinstance(gate(history), ToolBlocked)
    assert not isinstance(executor(history), Act)


def test_an_approval_of_one_call_does_not_let_another_run():
    history = History()
    for asked in requested_calls(history, count=2):
        history.say(tool_escalated(asked.body), asked)
    settle(history)
    history.say(answered(review_id="1-1-1"), history.root)
    settle(history)
    approval_id = history.run.reviews[0].decided.id
    other = history.run.call("1-2").last.request.body
    stolen = other.model_copy(update={"attempt": 2, "approval_id": approval_id})
    history.say(stolen, history.run.call("1-2").last.verdict)

    assert is_refused(history, "something else")


def test_an_approval_of_another_run_is_nothing_here():
    elsewhere = Asking(history=History(run_id="r-2"))
    elsewhere.answer()
    elsewhere.decide()
    history = approved().history
    again(history, approval_id=elsewhere.review.decided.id)

    assert is_refused(history, "nobody approved")


@pytest.mark.parametrize("approvers", ["nobody", "a made-up answer", "the answer of another run"])
def test_a_decision_that_no_signed_answer_stands_behind_permits_nothing(approvers):
    asking = Asking()
    other = Asking(history=History(run_id="r-2")).answer()
    by = {
        "nobody": (),
        "a made-up answer": (Approver(answer_id="x", principal="lea", role="support-lead"),),
        "the answer of another run": (
            Approver(answer_id=other.id, principal="lea", role="support-lead"),
        ),
    }[approvers]
    forge(asking, by)

    assert is_refused(asking.history, "0 of the 1 people")


def forge(asking: Asking, by: tuple[Approver, ...], arguments: str = ARGUMENTS) -> None:
    """A decision as the adversary writes it, and the request that follows from it."""
    edited = arguments != ARGUMENTS
    decision = ReviewDecided(
        review_id="1-1-1",
        outcome="edited" if edited else "approved",
        approvers=by,
        arguments_sha256=sha256_hex(arguments.encode()),
        arguments_json=arguments if edited else None,
    )
    asking.history.say(decision, asking.review.requested)
    settle(asking.history)


def test_a_decision_does_not_come_before_its_answers():
    """It would be an approval in blank."""
    asking, elsewhere = Asking(), Asking()
    given = elsewhere.answer()
    forge(asking, (Approver(answer_id=given.id, principal="lea", role="support-lead"),))
    asked = asking.history.facts.pop()
    asking.history.repeat(given)
    asking.history.repeat(asked)

    assert asking.history.run.reviews[0].answers[0].id == given.id
    assert is_refused(asking.history, "0 of the 1 people")


def test_a_decision_cannot_borrow_an_answer_for_other_arguments():
    asking = Asking()
    given = asking.answer()
    approver = Approver(answer_id=given.id, principal="lea", role="support-lead")
    forge(asking, (approver,), arguments=WORSE)

    assert is_refused(asking.history, "0 of the 1 people")


def test_a_rejection_is_no_approval_whatever_the_decision_says():
    asking = Asking()
    given = asking.answer(decision="reject")
    forge(asking, (Approver(answer_id=given.id, principal="lea", role="support-lead"),))

    assert is_refused(asking.history, "0 of the 1 people")


@pytest.mark.parametrize("principal", ["anna", "rita", "Anna"])
def test_nobody_approves_what_they_asked_for(principal):
    asking = Asking(user="anna")
    given = asking.answer(principal)
    forge(asking, (Approver(answer_id=given.id, principal=principal, role="support-lead"),))

    assert is_refused(asking.history, "0 of the 1 people")


def test_a_quorum_is_not_reached_by_one_person_twice():
    asking = Asking(quorum=2)
    names = ("lea", "lea")
    by = tuple(
        Approver(answer_id=asking.answer(name).id, principal=name, role="support-lead")
        for name in names
    )
    forge(asking, by)

    assert is_refused(asking.history, "1 of the 2 people")


def test_an_answer_after_the_expiry_permits_nothing_whatever_the_decision_says():
    asking = Asking()
    late = asking.answer(at=asking.question.expires_at)
    forge(asking, (Approver(answer_id=late.id, principal="lea", role="support-lead"),))

    assert is_refused(asking.history, "0 of the 1 people")


def test_an_answer_that_was_refused_permits_nothing():
    asking = Asking()
    given = asking.edit(arguments='{"order_id": 1042, "amount": 20}')
    asking.decide()
    approver = Approver(answer_id=given.id, principal="lea", role="support-lead")
    forge(asking, (approver,), arguments=given.body.arguments_json)

    assert asking.rules == ["bad_edit"]
    assert is_refused(asking.history, "0 of the 1 people")


@pytest.mark.parametrize("outcome", ["rejected", "responded", "expired", "withdrawn"])
def test_no_other_outcome_lets_a_call_run(outcome):
    asking = Asking()
    decision = ReviewDecided(
        review_id="1-1-1", outcome=outcome, arguments_sha256=sha256_hex(ARGUMENTS.encode())
    )
    decided = asking.history.say(decision, asking.review.requested)
    first = asking.again
    asking.history.say(first.model_copy(update={"attempt": 2, "approval_id": decided.id}), decided)

    assert is_refused(asking.history, f"it was {outcome}")


async def test_an_approval_that_expired_while_all_was_down_is_late_after_the_restart():
    asking = Asking()
    bus = MemoryBus(clock=FixedClock(asking.question.expires_at + timedelta(hours=1)))
    asking.answer(at=asking.question.expires_at + timedelta(minutes=1))
    bus.facts.extend(asking.history.facts)

    await wake("acme", "r-1", bus, Desk(BOOK, MemoryTimers(), sweep_seconds=60.0, rounds=5))

    assert [one.outcome for one in bus.bodies(ReviewDecided)] == ["expired"]


def test_of_two_approvers_who_race_one_decides_and_the_call_runs_once():
    asking = Asking()
    asking.answer("lea")
    asking.edit("max")
    asking.decide()

    requests = [fact for fact in asking.history.facts if fact.type == "tool.requested"]

    assert asking.outcome == "approved"
    assert asking.rules == ["already_decided"]
    assert len(requests) == 2
    assert is_cleared_once(asking.history)


def is_cleared_once(history: History) -> bool:
    return isinstance(gate(history), ToolCleared) and isinstance(executor(history), Act)
