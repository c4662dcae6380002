"""What lay in the hands of a killed worker, and for how long."""

import pytest

from contracts.subjects import EXECUTOR, GUARDRAIL, OBSERVER, ORCHESTRATOR
from infra.chaos.hands import Seen, sign_of
from infra.chaos.killer import Strike
from infra.chaos.recovery import held_since, recoveries, restarts, unknown_waits
from tests.bodies import tool_cleared
from tests.infra.chaos.facts import claimed, completed, requested, said, second, unknown

KILLED = Strike(GUARDRAIL, f"{GUARDRAIL}-2", second(1.0))


def lost_then_settled(at: float) -> list[Seen]:
    """A first delivery that nobody settled, and a second one that somebody did."""
    return [Seen(2, "settled", second(at))]


def test_work_in_hand_recovers_when_the_next_fact_is_said():
    heard = said(requested(), at=0.9)
    answer = said(tool_cleared(requested()), at=3.2, cause=heard)
    settlements = {(GUARDRAIL, heard.sequence): lost_then_settled(3.3)}

    [found] = recoveries([KILLED], settlements, [heard, answer])

    assert (found.service, found.kind, found.is_single) == (GUARDRAIL, "work", False)
    assert found.seconds == pytest.approx(2.2)


def test_a_look_that_changes_nothing_counts_to_its_acknowledgement():
    heard = said(completed(), at=0.9)
    strike = Strike(ORCHESTRATOR, ORCHESTRATOR, second(1.0))
    settlements = {(ORCHESTRATOR, heard.sequence): lost_then_settled(3.0)}

    [found] = recoveries([strike], settlements, [heard])

    assert found.seconds == pytest.approx(2.0)


def test_a_message_that_was_settled_the_first_time_was_in_nobodys_hands():
    heard = said(requested(), at=0.9)
    settlements = {(GUARDRAIL, heard.sequence): [Seen(1, "settled", second(1.1))]}

    assert recoveries([KILLED], settlements, [heard]) == []


def test_a_message_that_was_given_back_was_not_lost():
    heard = said(requested(), at=0.9)
    seen = [Seen(1, "back", second(0.95)), Seen(2, "settled", second(3.0))]

    assert recoveries([KILLED], {(GUARDRAIL, heard.sequence): seen}, [heard]) == []


def test_what_was_answered_before_the_kill_counts_to_its_acknowledgement():
    heard = said(requested(), at=0.8)
    answer = said(tool_cleared(requested()), at=0.9, cause=heard)
    settlements = {(GUARDRAIL, heard.sequence): lost_then_settled(3.0)}

    [found] = recoveries([KILLED], settlements, [heard, answer])

    assert found.seconds == pytest.approx(2.0)


def test_a_worker_that_still_beat_after_a_kill_was_not_the_one_killed():
    heard = said(requested(), at=0.9)
    seen = [Seen(1, "beat", second(1.6)), *lost_then_settled(4.0)]

    assert recoveries([KILLED], {(GUARDRAIL, heard.sequence): seen}, [heard]) == []


def test_a_call_killed_in_the_middle_is_told_apart_with_its_wait_for_unknown():
    heard = said(tool_cleared(requested()), at=0.5)
    claim = said(claimed(), at=0.8, cause=heard)
    told = said(unknown(), at=9.0, cause=heard)
    strike = Strike(EXECUTOR, EXECUTOR, second(1.0))
    settlements = {(EXECUTOR, heard.sequence): lost_then_settled(9.1)}

    found = recoveries([strike], settlements, [heard, claim, told])

    assert [one.kind for one in found] == ["mid_effect"]
    assert unknown_waits(found, [heard, claim, told]) == [pytest.approx(8.0)]


def test_what_is_stored_right_after_the_kill_were_last_words_and_no_progress():
    heard = said(requested(), at=0.9)
    answer = said(tool_cleared(requested()), at=1.2, cause=heard)
    settlements = {(GUARDRAIL, heard.sequence): lost_then_settled(2.6)}

    [found] = recoveries([KILLED], settlements, [heard, answer])

    assert found.seconds == pytest.approx(1.6)


def test_work_that_takes_minutes_is_not_left_out():
    heard = said(requested(), at=0.9)
    settlements = {(GUARDRAIL, heard.sequence): lost_then_settled(301.0)}

    [found] = recoveries([KILLED], settlements, [heard])

    assert found.seconds == pytest.approx(300.0)


def test_work_that_nobody_took_up_again_never_went_on():
    heard = said(requested(), at=0.9)
    settlements = {(GUARDRAIL, heard.sequence): [Seen(1, "beat", second(0.95))]}

    [found] = recoveries([KILLED], settlements, [heard])

    assert found.seconds is None


def test_a_settlement_that_the_listener_missed_is_laid_to_no_later_kill():
    heard = said(requested(), at=0.5)
    later = Strike(GUARDRAIL, f"{GUARDRAIL}-2", second(90.0))
    settlements = {(GUARDRAIL, heard.sequence): [Seen(1, "beat", second(1.0))]}

    assert recoveries([later], settlements, [heard]) == []


def test_work_that_was_lost_twice_is_counted_for_each_kill():
    heard = said(requested(), at=0.9)
    again = Strike(GUARDRAIL, f"{GUARDRAIL}-1", second(3.0))
    seen = [Seen(2, "beat", second(2.5)), Seen(3, "settled", second(4.5))]

    found = recoveries([KILLED, again], {(GUARDRAIL, heard.sequence): seen}, [heard])

    assert [one.seconds for one in found] == [pytest.approx(3.5), pytest.approx(1.5)]


def test_a_message_that_was_lost_twice_to_one_kill_is_counted_once():
    """Its second delivery went to a request that the killed worker had left open."""
    heard = said(requested(), at=0.9)
    settlements = {(GUARDRAIL, heard.sequence): [Seen(3, "settled", second(4.0))]}

    [found] = recoveries([KILLED], settlements, [heard])

    assert found.seconds == pytest.approx(3.0)


def test_a_last_heartbeat_may_be_heard_a_moment_after_the_kill():
    heard = said(requested(), at=0.5)
    seen = [Seen(1, "beat", second(1.05)), *lost_then_settled(2.6)]

    assert len(recoveries([KILLED], {(GUARDRAIL, heard.sequence): seen}, [heard])) == 1


def test_no_run_waits_for_what_the_observer_holds():
    heard = said(completed(), at=0.9)
    strike = Strike(OBSERVER, OBSERVER, second(1.0))

    assert recoveries([strike], {(OBSERVER, heard.sequence): lost_then_settled(9)}, [heard]) == []


def test_messages_are_held_from_the_moment_on_that_is_asked_about():
    early, late = said(requested()), said(requested())
    settlements = {
        (GUARDRAIL, early.sequence): lost_then_settled(2.0),
        (GUARDRAIL, late.sequence): lost_then_settled(6.0),
        (ORCHESTRATOR, late.sequence): [Seen(1, "settled", second(6.0))],
        (EXECUTOR, late.sequence): lost_then_settled(6.0),
    }

    assert held_since(second(5.0), settlements) == 1


def test_only_killed_services_that_came_back_have_a_restart():
    strikes = [
        Strike(EXECUTOR, EXECUTOR, second(1.0), over_at=second(3.5)),
        Strike(EXECUTOR, EXECUTOR, second(9.0)),
        Strike("nats", "nats", second(1.0), over_at=second(9.0)),
    ]

    assert restarts(strikes) == [pytest.approx(2.5)]


@pytest.mark.parametrize(
    ("payload", "sign"),
    [
        (b"", "settled"),
        (b"+ACK", "settled"),
        (b"+TERM", "settled"),
        (b"+WPI", "beat"),
        (b'-NAK {"delay": 1}', "back"),
    ],
)
def test_every_acknowledgement_is_read_as_what_it_says(payload, sign):
    assert sign_of(payload) == sign
