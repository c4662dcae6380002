"""What a play of chaos gives."""

from infra.chaos.result import named
from infra.chaos.verdict import Verdict


def test_a_play_that_moved_no_money_proves_nothing():
    assert named(Verdict(), charges=0) == ["unproven: no tool has charged anything"]


def test_a_play_that_kept_every_promise_names_nothing():
    assert named(Verdict(), charges=1) == []


def test_every_broken_promise_is_named_with_its_kind():
    found = named(Verdict(lost=["r-1"], overspent=["r-2 cost too much"]), charges=1)

    assert found == ["lost: r-1", "overspent: r-2 cost too much"]
