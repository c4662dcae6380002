"""What a clearance permits, told by what lies in the log."""

from datetime import timedelta

import pytest

from contracts.review import Approver, ReviewAnswered, ReviewDecided, ReviewRequested
from contracts.run import RunFailed
from contracts.shape import sha256_hex
from contracts.tool import ToolClaimed, ToolFailed, ToolUnknown
from services.tool_executor.rules import (
    CALLED_OFF,
    Act,
    Nothing,
    Report,
    Wait,
    decide_clearance,
)
from tests.bodies import tool_cleared, tool_escalated, tool_succeeded
from tests.tool_executor.calling import NOON, Cleared, declared, registry_of

DOUBLE = declared("double")


def decide(cleared: Cleared, seconds: float = 0, *, tool=DOUBLE, last: bool = False):
    return decide_clearance(
        cleared.run,
        cleared.fact,
        NOON + timedelta(seconds=seconds),
        registry_of(tool).manifests,
        margin_seconds=1.0,
        last=last,
    )


def claim(state: str = "claimed", nonce: str = "somebody") -> ToolClaimed:
    return ToolClaimed(
        call="1-1",
        attempt=1,
        nonce=nonce,
        state=state,
        start_before=NOON + timedelta(seconds=5),
        time_limit_seconds=30,
    )


def claimed(state: str = "claimed", nonce: str = "somebody") -> Cleared:
    cleared = Cleared(DOUBLE)
    cleared.history.say(claim(state, nonce), cleared.fact)
    return cleared


def escalated(outcome: str, approved_sha256: str | None = None, about: str = "call") -> Cleared:
    """A call that a person was asked about, and that was cleared on their decision."""
    cleared = Cleared(DOUBLE)
    history, asked = cleared.history, cleared.asked.body
    history.facts.pop()
    question = ReviewRequested(
        review_id="1-1-1",
        about=about,
        call=asked.call,
        attempt=1,
        tool=asked.tool,
        arguments_json=asked.arguments_json,
        arguments_sha256=asked.arguments_sha256,
        roles=("support-lead",),
        reason="amount > 50",
        expires_at=NOON + timedelta(hours=2),
    )
    reviewed = history.say(question, history.say(tool_escalated(asked), cleared.asked))
    answer = ReviewAnswered(
        review_id="1-1-1",
        decision="approve",
        principal="lea",
        roles=("support-lead",),
        arguments_sha256=asked.arguments_sha256,
        nonce="n",
    )
    given = history.say(answer, history.root)
    decision = ReviewDecided(
        review_id="1-1-1",
        outcome=outcome,
        approvers=(Approver(answer_id=given.id, principal="lea", role="support-lead"),),
        arguments_sha256=approved_sha256 or asked.arguments_sha256,
    )
    decided = history.say(decision, reviewed)
    again = asked.model_copy(update={"attempt": 2, "approval_id": decided.id})
    cleared.asked = history.say(again, decided)
    clearance = tool_cleared(again).model_copy(update={"approval_id": decided.id})
    cleared.fact = history.say(clearance, cleared.asked)
    return cleared


def refusal(decision) -> str:
    assert isinstance(decision, Report)
    assert isinstance(decision.body, ToolFailed)
    assert decision.body.kind == "refused"
    assert decision.call_off
    return decision.body.reason


def test_a_cleared_call_that_nobody_claimed_is_acted_upon():
    decision = decide(Cleared(DOUBLE))

    assert isinstance(decision, Act)
    assert decision.manifest == DOUBLE.manifest
    assert decision.context.idempotency_key == "acme/r-1/1-1"


def test_nothing_starts_after_the_clearance_expired():
    cleared = Cleared(DOUBLE)

    decision = decide(cleared)

    assert decision.start_before == cleared.fact.body.expires_at


def test_an_ended_run_starts_nothing():
    cleared = Cleared(DOUBLE)
    end = RunFailed(rule="deadline_passed", reason="late")
    cleared.history.say(end, cleared.history.root)

    assert isinstance(decide(cleared), Nothing)


def test_what_was_claimed_is_still_reported_after_the_end_of_the_run():
    cleared = claimed()
    end = RunFailed(rule="deadline_passed", reason="late")
    cleared.history.say(end, cleared.history.root)

    assert isinstance(decide(cleared, 37).body, ToolUnknown)


def test_a_call_with_an_outcome_is_left_alone():
    cleared = claimed()
    cleared.history.say(tool_succeeded("1-1"), cleared.fact)

    assert isinstance(decide(cleared, 3600), Nothing)


def test_an_expired_clearance_is_refused():
    assert "expired" in refusal(decide(Cleared(DOUBLE), 301))


def test_other_arguments_than_those_cleared_are_refused():
    cleared = Cleared(DOUBLE, arguments_sha256=sha256_hex(b'{"x": 22}'))

    assert "arguments" in refusal(decide(cleared))


@pytest.mark.parametrize("change", [{"tool": "flood"}, {"attempt": 2}])
def test_a_clearance_for_another_call_is_refused(change):
    assert "another call" in refusal(decide(Cleared(DOUBLE, **change)))


def test_a_clearance_of_another_manifest_than_the_pinned_one_is_refused():
    cleared = Cleared(DOUBLE, manifest_sha256=sha256_hex(b"other"))

    assert "pinned" in refusal(decide(cleared))


def test_a_tool_that_changed_after_the_run_started_is_refused():
    changed = declared("double", timeout_seconds=7.0)

    assert "changed" in refusal(decide(Cleared(DOUBLE), tool=changed))


def test_a_tool_that_this_executor_does_not_have_is_refused():
    assert "tools.yaml" in refusal(decide(Cleared(DOUBLE), tool=declared("flood")))


def test_a_clearance_with_another_approval_than_its_request_is_refused():
    assert "approval" in refusal(decide(Cleared(DOUBLE, approval_id="d-1")))


def test_an_approval_that_is_not_in_the_log_is_refused():
    cleared = Cleared(DOUBLE, request={"approval_id": "d-1"}, approval_id="d-1")

    assert "nobody approved" in refusal(decide(cleared))


@pytest.mark.parametrize("outcome", ["approved", "rejected"])
def test_only_an_approval_of_these_arguments_lets_an_escalated_call_run(outcome):
    decision = decide(escalated(outcome))

    assert isinstance(decision, Act) == (outcome == "approved")


def test_a_person_who_said_that_a_call_took_effect_approved_nothing():
    cleared = escalated("approved", about="outcome")

    assert "for something else" in refusal(decide(cleared))


def test_an_approval_of_other_arguments_is_refused():
    cleared = escalated("approved", approved_sha256=sha256_hex(b"other"))

    assert "nobody approved" in refusal(decide(cleared))


@pytest.mark.parametrize("seconds", [0, 6, 35.9])
def test_a_claimed_call_is_waited_for_until_its_time_and_a_margin_have_passed(seconds):
    decision = decide(claimed(), seconds)

    assert isinstance(decision, Wait)
    assert decision.until == NOON + timedelta(seconds=5 + 30 + 1)


@pytest.mark.parametrize("last", [False, True])
def test_a_claimed_call_of_which_nothing_was_heard_is_unknown(last):
    decision = decide(claimed(), 36, last=last)

    assert isinstance(decision.body, ToolUnknown)
    assert not decision.call_off


def test_even_the_last_delivery_does_not_call_a_running_call_unknown():
    assert isinstance(decide(claimed(), 10, last=True), Wait)


def test_a_revoked_call_is_left_alone():
    assert isinstance(decide(claimed("revoked"), 3600), Nothing)


def test_a_call_that_the_executor_itself_called_off_is_reported():
    decision = decide(claimed("revoked", CALLED_OFF + "1"))

    assert decision.body.kind == "unavailable"
    assert not decision.call_off


def test_the_last_delivery_of_an_unclaimed_call_reports_and_does_not_work():
    decision = decide(Cleared(DOUBLE), last=True)

    assert decision.body.kind == "unavailable"
    assert decision.call_off


def test_what_is_not_begun_again_is_no_failure_while_an_earlier_attempt_is_in_doubt():
    cleared = claimed()
    history = cleared.history
    unknown = ToolUnknown(call="1-1", attempt=1, reason="it died")
    because = history.say(unknown, cleared.fact)
    again = history.say(cleared.asked.body.model_copy(update={"attempt": 2}), because)
    cleared.fact = history.say(tool_cleared(again.body), again)

    report = decide(cleared, last=True)

    assert isinstance(report, Report)
    assert isinstance(report.body, ToolUnknown)
    assert report.call_off
