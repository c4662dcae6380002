"""Nobody can tell whether a call took effect: who is asked, until when, and what then counts."""

from datetime import datetime, timedelta

import pytest

from contracts.control import RunCancelRequested
from contracts.envelope import Fact
from contracts.guardrail import ResultCleared
from contracts.history import told
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import RunCancelled
from contracts.shape import Body, later
from contracts.tool import ToolClaimed, ToolRequested, ToolUnknown
from services.orchestrator.rules import next_wake
from services.orchestrator.rules.timing import GRACE_SECONDS
from tests.bodies import NOON, VERDICT, manifest, tool_claimed, tool_succeeded
from tests.histories import History
from tests.orchestrator.deciding import said
from tests.orchestrator.reviewing import EDITED, Asking, answered, settle

REFUND = ("find_order", '{"order_id": "1042"}')


def shown(asking: Asking) -> str:
    """What the model is told of the call."""
    return told(asking.history.run.steps[0].calls[0]).parts[0].text


def test_a_question_about_an_outcome_takes_a_yes_or_a_no():
    asking = outcome_asked()
    asking.answer(decision="edit", arguments_json=EDITED, roles=("operator",))
    asking.answer("max", "respond", response="it went well", roles=("operator",))

    asking.decide()

    assert asking.rules == ["not_possible", "not_possible"]


def outcome_asked() -> Asking:
    """A call that was approved, claimed, and never heard of again."""
    asking = Asking()
    asking.answer()
    asking.decide()
    history = asking.history
    cleared = history.clear(history.facts[-1])
    history.say(tool_claimed("1-1", 2), cleared)
    history.say(ToolUnknown(call="1-1", attempt=2, reason="the worker died"), cleared)
    asking.decide()
    assert asking.question.about == "outcome"
    asking.answer = lambda *given, **changes: Asking.answer(
        asking, *given, **{"review_id": "1-1-2", **changes}
    )
    return asking


def test_a_question_about_an_outcome_is_decided_by_one_who_may():
    asking = outcome_asked()
    asking.answer(roles=("operator",))

    decision, next_step = asking.decide()

    assert (decision.outcome, next_step.step) == ("approved", 2)
    assert "did take effect" in shown(asking)


def test_a_question_about_an_outcome_is_never_decided_by_the_clock():
    """Whoever was told that the call was refused would make it once more."""
    asking = outcome_asked()
    a_week_late = asking.question.expires_at + timedelta(days=7)

    assert asking.decide(a_week_late) == []
    assert asking.history.run.open_reviews == [asking.review]
    assert asking.history.run.status == "waiting"


def test_an_overdue_question_about_an_outcome_wakes_its_run_no_more_often_than_the_sweep():
    asking = outcome_asked()
    overdue = asking.question.expires_at + timedelta(hours=1)

    assert next_wake(asking.history.run, overdue, 60.0) == overdue + timedelta(minutes=1)


def test_an_answer_about_an_outcome_counts_however_late_it_is():
    asking = outcome_asked()
    late = asking.question.expires_at + timedelta(days=2)
    asking.answer(decision="reject", roles=("operator",), at=late)

    decision, next_step = asking.decide(late)

    assert (decision.outcome, next_step.step) == ("rejected", 2)
    assert "did not take effect" in shown(asking)


def unknown(*, idempotent: bool) -> History:
    history = History()
    history.begin(manifest(idempotent=idempotent))
    cleared = history.clear(history.call(history.step(calls=[REFUND])))
    history.say(tool_claimed("1-1"), cleared)
    history.say(ToolUnknown(call="1-1", attempt=1, reason="the worker died"), cleared)
    return history


def test_an_idempotent_tool_is_attempted_again_when_nobody_can_tell():
    history = unknown(idempotent=True)

    [again] = said(history, history.facts[-1].time + timedelta(seconds=1))

    assert isinstance(again, ToolRequested)
    assert again.attempt == 2


def test_of_any_other_tool_a_person_is_asked_whether_it_happened():
    [question] = said(unknown(idempotent=False))

    assert isinstance(question, ReviewRequested)
    assert question.about == "outcome"


def test_late_evidence_settles_the_call_and_withdraws_the_question():
    history = unknown(idempotent=False)
    [question] = said(history)
    history.say(question, history.facts[-1])
    cleared = next(fact for fact in history.facts if fact.type == "tool.cleared")

    late = history.say(tool_succeeded("1-1"), cleared)
    result = ResultCleared(**VERDICT, call="1-1", text="ok", label="tool:find_order")
    history.say(result, late)

    decision, *_ = said(history)

    assert isinstance(decision, ReviewDecided)
    assert decision.outcome == "withdrawn"


# The run is over


def cancelled(*, idempotent: bool = False) -> tuple[History, Fact[Body]]:
    """A run that was cancelled while its one call was running; with the clearance of that."""
    history = History()
    history.begin(manifest(idempotent=idempotent))
    cleared = history.clear(history.call(history.step(calls=[REFUND])))
    history.say(claimed_until(NOON), cleared)
    history.say(RunCancelRequested(principal="olga", nonce="c-1"), history.root)
    [end] = settle(history)
    assert isinstance(end, RunCancelled)
    return history, cleared


def claimed_until(start_before: datetime) -> ToolClaimed:
    return tool_claimed("1-1").model_copy(
        update={"start_before": start_before, "time_limit_seconds": 30.0}
    )


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_person_is_asked_what_became_of_a_call_that_outlived_its_run(idempotent):
    """Also of an idempotent one: nobody attempts it again, which would have told."""
    history, cleared = cancelled(idempotent=idempotent)
    unknown_ = history.say(ToolUnknown(call="1-1", attempt=1, reason="it died"), cleared)

    [question] = settle(history)

    assert (question.about, question.review_id) == ("outcome", "1-1-1")
    assert history.run.reviews[0].requested.cause_id == unknown_.id
    assert history.run.open_reviews == history.run.reviews
    assert history.run.status == "cancelled"


def test_a_person_is_asked_of_the_attempt_that_began_though_a_later_one_was_called_off():
    history = unknown(idempotent=True)
    again = said(history, history.facts[-1].time + timedelta(seconds=1))[0]
    cleared = history.clear(history.say(again, history.facts[-1]))
    history.say(tool_claimed("1-1", 2).model_copy(update={"state": "revoked"}), cleared)
    history.say(RunCancelRequested(principal="olga", nonce="c-1"), history.root)

    [end, question] = settle(history)

    assert isinstance(end, RunCancelled)
    assert (question.about, question.review_id) == ("outcome", "1-1-1")


def test_what_a_person_says_after_the_end_is_kept_and_changes_nothing_of_it():
    history = asked_after_the_end()
    end = history.run.end
    arguments = history.run.reviews[0].requested.body.arguments_sha256
    history.say(answered(roles=("operator",), arguments_sha256=arguments), history.root)

    [decision] = settle(history)

    assert (decision.outcome, decision.approvers[0].principal) == ("approved", "lea")
    assert history.run.end == end
    assert history.run.open_reviews == []


def asked_after_the_end() -> History:
    history, cleared = cancelled()
    history.say(ToolUnknown(call="1-1", attempt=1, reason="it died"), cleared)
    settle(history)
    return history


def test_of_two_answers_after_the_end_the_second_is_refused():
    history = asked_after_the_end()
    arguments = history.run.reviews[0].requested.body.arguments_sha256
    for name in ("lea", "max"):
        said_ = answered(name, roles=("operator",), arguments_sha256=arguments, nonce=name)
        history.say(said_, history.root)

    decision, refusal = settle(history)

    assert decision.approvers[0].principal == "lea"
    assert refusal.rule == "already_decided"


def test_whoever_may_not_answer_is_refused_after_the_end_too():
    history = asked_after_the_end()
    history.say(answered(), history.root)

    [refusal] = settle(history)

    assert refusal.rule == "other_arguments"
    assert history.run.open_reviews


def test_evidence_after_the_end_withdraws_the_question():
    history, cleared = cancelled()
    history.say(ToolUnknown(call="1-1", attempt=1, reason="it died"), cleared)
    settle(history)
    history.say(tool_succeeded("1-1"), cleared)

    [decision] = settle(history)

    assert decision.outcome == "withdrawn"


def test_a_question_that_was_open_at_the_end_stays_open():
    asking = outcome_asked()
    asking.history.say(RunCancelRequested(principal="olga", nonce="c-1"), asking.history.root)
    asking.decide()

    asking.answer(decision="reject", roles=("operator",))
    [decision] = asking.decide()

    assert decision.outcome == "rejected"


def test_a_question_about_a_call_closes_with_its_run():
    asking = Asking()
    asking.history.say(RunCancelRequested(principal="olga", nonce="c-1"), asking.history.root)
    asking.decide()
    asking.answer()

    asking.decide()

    assert asking.history.run.open_reviews == []
    assert asking.rules == ["run_over"]


def test_a_call_that_falls_silent_after_the_end_of_its_run_is_unknown_and_asked_about():
    history, _ = cancelled()
    overdue = later(NOON, 30.0 + GRACE_SECONDS)

    assert settle(history, overdue - timedelta(seconds=1)) == []
    unknown_, question = settle(history, overdue)

    assert isinstance(unknown_, ToolUnknown)
    assert question.about == "outcome"


def test_an_ended_run_is_woken_for_what_is_under_way_and_until_that_is_told():
    history, cleared = cancelled()
    overdue = later(NOON, 30.0 + GRACE_SECONDS)
    assert next_wake(history.run, NOON, 3600.0) == overdue
    history.say(ToolUnknown(call="1-1", attempt=1, reason="it died"), cleared)
    settle(history)
    assert next_wake(history.run, NOON, 3600.0) == NOON + timedelta(hours=1)

    history.say(tool_succeeded("1-1"), cleared)
    settle(history)

    assert next_wake(history.run, NOON, 3600.0) is None


def test_of_a_call_that_was_done_before_the_end_nobody_is_asked():
    history, cleared = cancelled()
    history.say(tool_succeeded("1-1"), cleared)

    assert settle(history) == []
