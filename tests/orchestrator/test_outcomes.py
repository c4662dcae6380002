"""Nobody can tell whether a call took effect: who is asked, until when, and what then counts."""

from datetime import timedelta

from contracts.guardrail import ResultCleared
from contracts.history import told
from contracts.review import ReviewDecided, ReviewRequested
from contracts.tool import ToolRequested, ToolUnknown
from services.orchestrator.rules import next_wake
from tests.bodies import VERDICT, manifest, tool_claimed, tool_succeeded
from tests.histories import History
from tests.orchestrator.deciding import said
from tests.orchestrator.reviewing import EDITED, Asking

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


def test_the_model_is_told_not_to_repeat_what_was_once_decided_by_the_clock():
    """Older histories have such a decision."""
    asking = outcome_asked()
    expired = ReviewDecided(
        review_id=asking.question.review_id,
        outcome="expired",
        arguments_sha256=asking.question.arguments_sha256,
    )
    asking.history.say(expired, asking.review.requested)

    assert "nobody knows whether it took effect" in shown(asking)
    assert "refused" not in shown(asking)


def unknown(*, idempotent: bool) -> History:
    history = History()
    history.begin(manifest(idempotent=idempotent))
    cleared = history.clear(history.call(history.step(calls=[REFUND])))
    history.say(tool_claimed("1-1"), cleared)
    history.say(ToolUnknown(call="1-1", attempt=1, reason="the worker died"), cleared)
    return history


def test_an_idempotent_tool_is_attempted_again_when_nobody_can_tell():
    [again] = said(unknown(idempotent=True))

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
