"""The count of a canary: exact, the same in whatever order, and once for each run."""

from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluator.canary.tally import RECENT_LIMIT, CanaryTally

EMPTY = CanaryTally(canary_version="new", production_version="old")
LARGEST_VALUE_BYTES = 32 * 1024
runs = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 10**9)), min_size=2, max_size=40
)


def count(found, tally=EMPTY):
    for at, (is_canary, passed, cost) in enumerate(found):
        tally = tally.add(f"r-{at}", is_canary=is_canary, passed=passed, cost_micro_usd=cost)
    return tally


@given(runs)
def test_sums_give_the_mean_and_the_variance_of_the_costs(found):
    side = count([(True, passed, cost) for _, passed, cost in found]).canary
    costs = [cost for *_, cost in found]

    assert side.mean_cost == pytest.approx(fmean(costs))
    assert side.cost_variance == pytest.approx(variance(costs), rel=1e-9, abs=1e-6)
    assert side.passed == sum(passed for _, passed, _ in found)


@given(runs)
def test_a_run_that_is_counted_twice_changes_nothing(found):
    once = count(found)

    assert count(found, once) == once


def test_the_order_of_runs_changes_no_sum():
    found = [(at % 3 == 0, at % 2 == 0, at) for at in range(50)]
    tally, turned = count(found), EMPTY
    for at, (is_canary, passed, cost) in reversed(list(enumerate(found))):
        turned = turned.add(f"r-{at}", is_canary=is_canary, passed=passed, cost_micro_usd=cost)

    assert (turned.canary, turned.production) == (tally.canary, tally.production)


def test_an_arm_without_a_failure_is_not_beyond_doubt():
    assert count([(True, True, 1)] * 100).canary.rate_variance > 0


def test_the_value_stays_small_however_many_runs_are_counted():
    tally = count([(True, True, 10**9)] * (RECENT_LIMIT + 500))

    assert len(tally.recent) == RECENT_LIMIT
    assert len(tally.model_dump_json()) < LARGEST_VALUE_BYTES
