"""Shares, prices and the frontier: what always holds of them, and what others compute."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.rules.frontier import Group, frontier
from services.console.rules.intervals import (
    BOUNDED_RUNS,
    Tally,
    accepted_share,
    price_per_accepted,
)
from services.evaluator.statistics.intervals import wilson
from services.evaluator.statistics.paired import ratio_of_means

DOLLAR = 1_000_000
runs = st.lists(st.tuples(st.integers(0, 1000 * DOLLAR), st.booleans()), min_size=1, max_size=80)


def tally(told):
    """Of (cost, accepted) pairs."""
    first, *more = (Tally.of(cost, accepted=accepted) for cost, accepted in told)
    return sum(more, start=first)


def group(models, of, accepted, cost=1000, agent="support"):
    """Runs that cost a tenth more or less, of which so many were accepted."""
    told = [(cost + (-1) ** n * cost // 10, n < accepted) for n in range(of)]
    return Group(agent, (models,), tally(told), p50_seconds=1.5)


groups = st.lists(
    st.builds(
        lambda agent, models, told: Group(agent, (models,), tally(told), p50_seconds=None),
        st.sampled_from(("sales", "support")),
        st.text("abcdef", min_size=1, max_size=4),
        runs,
    ),
    max_size=8,
    unique_by=lambda one: (one.agent, one.models),
)


@given(runs)
def test_an_interval_holds_its_value(told):
    found = tally(told)

    share, price = accepted_share(found), price_per_accepted(found)

    assert 0 <= share.low <= share.value <= share.high <= 1
    assert price.low >= 0
    if price.value is None:
        assert found.accepted == 0
    else:
        assert price.low <= price.value
        assert price.high is None or price.value <= price.high < math.inf


@given(runs)
def test_of_50_runs_or_more_an_accepted_price_has_bounds(told):
    found = tally(told)

    price = price_per_accepted(found)

    assert (price.high is not None) == (found.runs >= BOUNDED_RUNS and found.accepted > 0)
    assert found.runs >= BOUNDED_RUNS or price.low == 0


@pytest.mark.parametrize(("accepted", "of"), [(1, 50), (2, 50), (25, 50), (50, 50), (150, 200)])
def test_the_same_runs_ten_times_over_are_known_better(accepted, of):
    once, often = (group("mini", of * times, accepted * times).tally for times in (1, 10))

    narrow, wide = price_per_accepted(often), price_per_accepted(once)

    assert wide.low < narrow.low < narrow.high < wide.high


@given(groups)
def test_a_line_on_the_frontier_is_dominated_by_none(found):
    for line in frontier(found):
        assert not (line.on_frontier and line.dominated_by)


@given(groups)
def test_of_every_agent_with_an_accepted_run_some_line_is_on_the_frontier(found):
    accepted = {one.agent for one in found if one.tally.accepted}

    assert {line.group.agent for line in frontier(found) if line.on_frontier} == accepted


@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_groups_changes_nothing(found, dice):
    shuffled = found.copy()
    dice.shuffle(shuffled)

    assert frontier(shuffled) == frontier(found)


@given(groups)
def test_a_line_is_dominated_by_one_of_its_own_agent_alone(found):
    lines = frontier(found)
    known = {(line.group.agent, line.group.models): line for line in lines}

    for line in lines:
        if line.dominated_by is not None:
            better = known[line.group.agent, line.dominated_by]
            assert better.share.low > line.share.high
            assert better.price.high < line.price.low


def test_what_is_better_and_cheaper_for_sure_dominates():
    cheap, dear = group("mini", 200, 190, 1000), group("large", 200, 120, 5000)

    first, second = frontier([dear, cheap])

    assert (first.group, first.on_frontier, first.dominated_by) == (cheap, True, None)
    assert (second.group, second.on_frontier, second.dominated_by) == (dear, False, ("mini",))


def test_what_costs_more_and_is_accepted_more_is_on_the_frontier_too():
    lines = frontier([group("mini", 200, 120, 1000), group("large", 200, 190, 5000)])

    assert [line.on_frontier for line in lines] == [True, True]


def test_a_few_runs_are_off_the_frontier_and_dominated_by_none():
    few = group("large", 3, 1, 5000)

    _, line = frontier([group("mini", 4, 4, 1000), few])

    assert (line.group, line.on_frontier, line.dominated_by) == (few, False, None)


def test_what_is_never_accepted_has_no_price_and_may_be_dominated():
    never = group("none", 200, 0, 5000)

    _, line = frontier([group("mini", 200, 190, 1000), never])

    assert (line.price.value, line.price.high, line.on_frontier) == (None, None, False)
    assert line.dominated_by == ("mini",)


def test_lines_that_are_alike_are_both_on_the_frontier():
    lines = frontier([group("a", 20, 10), group("b", 20, 10)])

    assert [line.on_frontier for line in lines] == [True, True]


def test_runs_that_cost_nothing_have_that_price_for_sure():
    price = price_per_accepted(tally([(0, True), (0, False)] * BOUNDED_RUNS))

    assert (price.low, price.value, price.high) == (0, 0, 0)


def test_a_run_less_than_so_many_tells_no_bounds():
    price = price_per_accepted(tally([(1000, True)] * (BOUNDED_RUNS - 1)))

    assert (price.low, price.value, price.high) == (0, 1000, None)


@pytest.mark.parametrize(("accepted", "of"), [(0, 1), (1, 1), (3, 20), (10, 20), (199, 200)])
def test_a_share_is_the_one_that_reports_of_suites_have(accepted, of):
    share = accepted_share(group("mini", of, accepted).tally)
    other = wilson(accepted, of)

    assert (share.value, share.low, share.high) == pytest.approx(
        (other.value, other.low, other.high), abs=1e-12
    )


@pytest.mark.parametrize("factor", [0.2, 1.0, 3.0], ids=["failing is cheap", "alike", "dear"])
def test_of_many_runs_the_price_is_that_of_the_delta_method(factor):
    dice = np.random.default_rng(7)
    accepted = dice.random(5000) < 0.6
    costs = np.rint(dice.lognormal(7, 0.6, 5000) * np.where(accepted, 1, factor))
    price = price_per_accepted(tally(zip(map(int, costs), map(bool, accepted), strict=True)))

    other = ratio_of_means(costs, accepted.astype(float))

    assert price.value == pytest.approx(other.value + 1)
    assert (price.low, price.high) == pytest.approx((other.low + 1, other.high + 1), rel=0.002)


@pytest.mark.parametrize("of", [BOUNDED_RUNS, 80, 200])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("factor", [0.2, 1, 3], ids=["failing is cheap", "alike", "dear"])
def test_of_100_intervals_95_hold_the_truth(of, share, factor):
    dice, spread, times = np.random.default_rng(3), 0.6, 3000
    truth = math.exp(spread**2 / 2) * 1000 * (share + (1 - share) * factor) / share
    held = 0
    for _ in range(times):
        accepted = dice.random(of) < share
        drawn = dice.lognormal(0, spread, of) * 1000 * np.where(accepted, 1, factor)
        costs = np.rint(drawn).astype(int)
        sums = (accepted.sum(), costs.sum(), (costs**2).sum(), costs[accepted].sum())
        price = price_per_accepted(Tally(of, *map(int, sums)))
        held += price.low <= truth and (price.high is None or truth <= price.high)

    assert 100 * held / times == pytest.approx(95, abs=1.5)
