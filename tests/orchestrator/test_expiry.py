"""Nobody answers, or not in time: the ladder, the expiry, and which of two comes first."""

from datetime import timedelta

import pytest

from contracts.history import told
from contracts.review import (
    ReviewEscalated,
)
from contracts.run import RunCancelled
from tests.bodies import (
    NOON,
)
from tests.orchestrator.reviewing import (
    Asking,
)

LADDER = (
    {"after_seconds": 600, "roles": ("team-lead",)},
    {"after_seconds": 1200, "roles": ("director",)},
)


def shown(asking: Asking) -> str:
    """What the model is told of the call."""
    return told(asking.history.run.steps[0].calls[0]).parts[0].text


def test_an_answer_stamped_after_the_expiry_is_late_and_the_review_expires():
    asking = Asking()
    expiry = asking.question.expires_at
    asking.answer(at=expiry)

    refusal, decision, *_ = asking.decide(expiry)

    assert refusal.rule == "late"
    assert decision.outcome == "expired"


def test_an_answer_stored_in_time_wins_however_late_it_is_read():
    """The timer fired first; the fold that it leads to finds the answer."""
    asking = Asking()
    expiry = asking.question.expires_at
    asking.answer(at=expiry - timedelta(microseconds=1))

    asking.decide(expiry + timedelta(hours=1))

    assert asking.outcome == "approved"


def test_an_answer_after_the_decision_to_expire_is_late_even_if_clocks_disagree():
    """The server's clock is behind ours: by it, the answer came in time."""
    asking = Asking()
    expiry = asking.question.expires_at
    asking.decide(expiry)
    asking.answer(at=expiry - timedelta(seconds=1))
    asking.decide(expiry)

    assert (asking.outcome, asking.rules) == ("expired", ["late"])


def test_an_expired_review_is_a_no():
    asking = Asking()

    _, next_step = asking.decide(asking.question.expires_at)

    assert next_step.step == 2
    assert "Nobody answered" in shown(asking)


def test_an_expired_review_ends_the_run_where_its_author_wanted_that():
    asking = Asking(changes={"default": "cancel"})

    _, end = asking.decide(asking.question.expires_at)

    assert isinstance(end, RunCancelled)
    assert end.principal == "expiry"
    assert "1-1-1" in end.reason


def test_the_ladder_is_climbed_a_step_at_a_time():
    asking = Asking(changes={"escalate": LADDER})

    assert asking.decide(NOON + timedelta(minutes=9)) == []
    [first] = asking.decide(NOON + timedelta(minutes=10))
    assert asking.decide(NOON + timedelta(minutes=10)) == []
    [second] = asking.decide(NOON + timedelta(minutes=20))

    assert isinstance(first, ReviewEscalated)
    assert (first.level, first.roles) == (1, ("team-lead",))
    assert (second.level, second.roles) == (2, ("director",))
    assert asking.review.roles == ("support-lead", "team-lead", "director")


def test_after_a_standstill_the_whole_ladder_is_caught_up():
    asking = Asking(changes={"escalate": LADDER})

    said_ = asking.decide(NOON + timedelta(minutes=30))

    assert [one.level for one in said_] == [1, 2]


@pytest.mark.parametrize(("minutes", "rules"), [(9, ["wrong_role"]), (11, [])])
def test_a_role_of_the_ladder_counts_from_its_moment_on(minutes, rules):
    asking = Asking(changes={"escalate": LADDER})
    moment = NOON + timedelta(minutes=minutes)
    asking.answer("tina", roles=("team-lead",), at=moment)
    asking.decide(moment)

    assert asking.rules == rules
    assert asking.outcome == (None if rules else "approved")
