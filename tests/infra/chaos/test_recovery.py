"""What lay in the hands of a killed worker, and for how long."""

import pytest

from contracts.subjects import EXECUTOR, GUARDRAIL, ORCHESTRATOR
from infra.chaos.hands import Seen, sign_of
from infra.chaos.killer import Strike
from infra.chaos.recovery import recoveries, restarts, unknown_waits
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

    assert (found.service, found.kind, found.alone) == (GUARDRAIL, "work", True)
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


def test_what_was_answered_before_the_kill_waited_for_nothing():
    heard = said(requested(), at=0.8)
    answer = said(tool_cleared(requested()), at=0.9, cause=heard)
    settlements = {(GUARDRAIL, heard.sequence): lost_then_settled(3.0)}

    assert recoveries([KILLED], settlements, [heard, answer]) == []


def test_a_worker_that_still_beat_after_a_kill_was_not_the_one_killed():
    heard = said(requested(), at=0.9)
    seen = [Seen(1, "beat", second(1.5)), *lost_then_settled(4.0)]

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


@pytest.mark.parametrize(
    ("other", "alone"),
    [
        (Strike("nats", "nats", second(2.0)), False),
        (Strike("nats", "nats", second(-9.0), over_at=second(-1.0)), True),
        (Strike("freeze", GUARDRAIL, second(0.0), over_at=second(3.0)), False),
        (Strike("freeze", EXECUTOR, second(0.0), over_at=second(3.0)), True),
        (Strike(GUARDRAIL, GUARDRAIL, second(-9.0)), False),
        (Strike(EXECUTOR, EXECUTOR, second(2.0)), True),
        (Strike("postgres", "postgres", second(60.0)), True),
    ],
)
def test_a_second_blow_in_the_same_moments_is_told_apart(other, alone):
    heard = said(requested(), at=0.9)
    answer = said(tool_cleared(requested()), at=3.2, cause=heard)
    settlements = {(GUARDRAIL, heard.sequence): lost_then_settled(3.3)}

    [found] = recoveries([KILLED, other], settlements, [heard, answer])

    assert found.alone is alone


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
