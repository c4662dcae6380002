"""What a release must have, and on whom the lot of a canary falls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.release import is_drawn
from tests.bodies import agent
from tests.releasing import gate_record, released, version

NEW = version("new")
MANY = 2000


@pytest.mark.parametrize(
    ("label", "changes", "told"),
    [
        ("production", {"approved_by": None}, "second person"),
        ("production", {"approved_by": "anna"}, "second person"),
        ("production", {"approved_by": " ANNA"}, "second person"),
        ("production", {"approved_by": "Service:bot"}, "second person"),
        ("canary", {"share_percent": None}, "has a share"),
        ("staging", {"share_percent": 5}, "has a share"),
        ("staging", {"gate": None}, "record of a gate"),
        ("production", {"gate": gate_record(agent())}, "the gate tried version"),
        ("production", {"gate": gate_record(NEW, "inconclusive")}, "inconclusive"),
        ("canary", {"gate": gate_record(NEW, "fail")}, "fail"),
        ("staging", {"agent": "sales"}, "of 'support'"),
    ],
)
def test_a_label_does_not_move_without(label, changes, told):
    with pytest.raises(ValidationError, match=told):
        released(label, NEW, **changes)


def test_staging_takes_what_a_gate_has_failed_so_that_people_can_look_at_it():
    assert released("staging", NEW, gate=gate_record(NEW, "fail")).definition == NEW


def test_production_goes_back_to_what_it_was_by_one_person_and_without_a_gate():
    back = released("production", NEW, approved_by=None, gate=None, returns_to="production-1")

    assert back.definition == NEW


def test_production_is_not_taken_away_by_one_person():
    with pytest.raises(ValidationError, match="second person"):
        released("production", None, approved_by=None)


@given(st.integers(1, 98), st.text(min_size=1, max_size=20))
def test_who_has_a_canary_keeps_it_when_its_share_grows(share, customer):
    small, large = (released("canary", NEW, share_percent=one) for one in (share, share + 1))

    assert is_drawn(small, "acme", "r-1", customer) <= is_drawn(large, "acme", "r-1", customer)


@pytest.mark.parametrize("sticky", ["run", "customer"])
@pytest.mark.parametrize("share", [5, 50, 95])
def test_the_lot_falls_on_the_share_that_was_asked_for(share, sticky):
    canary = released("canary", NEW, share_percent=share, sticky=sticky)

    drawn = sum(is_drawn(canary, "acme", f"r-{one}", f"c-{one}") for one in range(MANY))

    assert drawn / MANY == pytest.approx(share / 100, abs=0.03)


@pytest.mark.parametrize(
    ("sticky", "same"),
    [
        ("tenant", [("acme", "r-1", "ann"), ("acme", "r-2", "bob"), ("acme", "r-3", None)]),
        ("customer", [("acme", "r-1", "ann"), ("acme", "r-2", "ann")]),
        ("run", [("acme", "r-1", "ann"), ("acme", "r-1", "bob")]),
    ],
)
def test_those_who_belong_together_are_drawn_together(sticky, same):
    for share in range(1, 100):
        canary = released("canary", NEW, share_percent=share, sticky=sticky)

        assert len({is_drawn(canary, *one) for one in same}) == 1


def test_another_canary_falls_on_others():
    first, second = (released("canary", one, share_percent=50) for one in (NEW, version("newer")))

    people = [str(one) for one in range(100)]
    apart = [is_drawn(first, "a", "r", one) != is_drawn(second, "a", "r", one) for one in people]

    assert 20 < sum(apart) < 80
