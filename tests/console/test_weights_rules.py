"""Weights from the frontier: what always holds of them, and what becomes of each kind of route."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import Route
from services.console.rules.intervals import BOUNDED_RUNS, Z, price_per_accepted
from services.console.rules.weights import (
    EXPLORED_SHARE,
    KNOWN_RUNS,
    Offered,
    chances_of_least,
    suggest,
)
from shared.catalogue import Alias
from tests.console.test_frontier_rules import group, runs, tally

A, B, C = (Route(provider="p", api="openai.chat", model=model) for model in "abc")
NAMES = {"p/a": A, "p/b": B, "p/c": C}
AGENTS = frozenset({"support"})


def offered(*routes, **weights):
    return Offered(
        "default", AGENTS, routes, {one: weights[one.model] for one in routes if weights}
    )


def told(found):
    return {one.route.model: (one.rule, one.weight) for one in found}


groups = st.lists(
    st.builds(group, st.sampled_from(list(NAMES)), st.integers(1, 200), st.integers(0, 200)),
    max_size=3,
    unique_by=lambda one: one.models,
)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(groups)
def test_what_is_suggested_is_an_alias_that_parses(found):
    suggested = suggest(offered(A, B, C), found)

    listed = [{**one.route.model_dump(), "weight": one.weight} for one in suggested]
    alias = Alias.model_validate({"routes": listed})
    assert alias.routes == (A, B, C)
    assert sum(alias.weights.values()) == pytest.approx(1, abs=0.02)
    assert all(one.reason for one in suggested)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(groups, st.randoms(use_true_random=False))
def test_the_same_runs_suggest_the_same_whatever_their_order(found, dice):
    shuffled = found.copy()
    dice.shuffle(shuffled)

    assert suggest(offered(A, B, C), shuffled) == suggest(offered(A, B, C), found)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.dictionaries(st.sampled_from("abcd"), runs, min_size=1))
def test_chances_add_up_to_one(known):
    prices = {
        name: price_per_accepted(tally([*its, *[(5, True), (9, True)] * BOUNDED_RUNS]))
        for name, its in known.items()
    }

    assert sum(chances_of_least(prices).values()) == pytest.approx(1, abs=0.01)


def test_a_chance_is_the_one_that_dice_find():
    dice = np.random.default_rng(11)
    prices = [price_per_accepted(group("m", 60, 40, cost).tally) for cost in (1000, 1100, 1250)]
    spreads = [np.log(one.high / one.value) / Z for one in prices]
    thrown = [
        dice.normal(np.log(one.value), spread, 200_000)
        for one, spread in zip(prices, spreads, strict=True)
    ]
    counted = np.bincount(np.argmin(thrown, axis=0), minlength=3) / 200_000

    chances = chances_of_least(dict(zip("abc", prices, strict=True)))

    assert list(chances.values()) == pytest.approx(list(counted), abs=0.005)


def test_what_is_surely_beaten_gets_nothing():
    found = suggest(offered(A, B), [group("p/a", 200, 190, 1000), group("p/b", 200, 120, 5000)])

    assert told(found) == {"a": ("cheapest", 1.0), "b": ("beaten", 0.0)}
    assert "p/a" in found[1].reason


def test_what_is_cheap_and_surely_accepted_less_gets_nothing():
    found = suggest(offered(A, B), [group("p/a", 200, 120, 1000), group("p/b", 200, 190, 5000)])

    assert told(found) == {"a": ("accepted_less", 0.0), "b": ("cheapest", 1.0)}


def test_what_may_be_accepted_as_often_is_not_ruled_out():
    found = suggest(offered(A, B), [group("p/a", 50, 43, 1000), group("p/b", 50, 48, 5000)])

    assert told(found) == {"a": ("cheapest", 1.0), "b": ("cheapest", 0.0)}


def test_a_wider_margin_lets_the_cheap_one_have_it():
    both = [group("p/a", 200, 120, 1000), group("p/b", 200, 190, 5000)]

    assert told(suggest(offered(A, B), both, margin=0.4))["a"] == ("cheapest", 1.0)


def test_two_that_chance_alone_keeps_apart_share_the_runs():
    found = told(suggest(offered(A, B), [group("p/a", 60, 45, 1000), group("p/b", 60, 44, 1000)]))

    assert 0.5 < found["a"][1] < 0.7
    assert found["a"][1] + found["b"][1] == pytest.approx(1)


def test_more_runs_of_the_same_kind_move_weight_to_the_cheaper():
    few, many = (
        told(suggest(offered(A, B), [group("p/a", of, of), group("p/b", of, of, 1020)]))["a"][1]
        for of in (KNOWN_RUNS, 100 * KNOWN_RUNS)
    )

    assert 0.5 < few < many


def test_what_is_hardly_known_keeps_a_small_share_even_if_it_looks_bad():
    few = group("p/b", KNOWN_RUNS - 1, 0, 9000)

    found = suggest(offered(A, B, C), [group("p/a", 200, 190), few])

    assert told(found) == {
        "a": ("cheapest", round(1 - 2 * EXPLORED_SHARE, 2)),
        "b": ("explored", EXPLORED_SHARE),
        "c": ("explored", EXPLORED_SHARE),
    }


@pytest.mark.parametrize("accepted", [0, KNOWN_RUNS - 1])
def test_where_nothing_is_known_weights_stay_as_they_are(accepted):
    of = KNOWN_RUNS * 3 if accepted == 0 else accepted
    some = [group("p/a", of, accepted)]

    assert told(suggest(offered(A, B), some)) == {"a": ("kept", 1), "b": ("kept", 0)}
    assert told(suggest(offered(A, B, a=1, b=3), some)) == {"a": ("kept", 1), "b": ("kept", 3)}


def test_a_route_on_which_nothing_was_accepted_gets_nothing():
    found = told(suggest(offered(A, B), [group("p/a", 60, 2, 1000), group("p/b", 60, 0, 1000)]))

    assert found == {"a": ("cheapest", 1.0), "b": ("never_accepted", 0.0)}


def test_routes_that_cost_nothing_share_the_runs():
    found = suggest(offered(A, B), [group("p/a", 60, 30, 0), group("p/b", 60, 30, 0)])

    assert told(found) == {"a": ("cheapest", 0.5), "b": ("cheapest", 0.5)}


def test_runs_of_other_agents_and_on_several_models_do_not_count():
    mixed = group("p/b", 200, 200, 1)
    strangers = [
        group("p/b", 200, 200, 1, agent="sales"),
        type(mixed)("support", ("p/a", "p/b"), mixed.tally, None),
    ]

    found = suggest(offered(A, B), [group("p/a", 200, 190), *strangers])

    assert [one.tally and one.tally.runs for one in found] == [200, None]


def test_two_apis_of_one_model_share_its_weight():
    again = A.model_copy(update={"api": "openai.responses"})

    found = suggest(offered(A, again), [group("p/a", 200, 190)])

    assert [one.weight for one in found] == [0.5, 0.5]
