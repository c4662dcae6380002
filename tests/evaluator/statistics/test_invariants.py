"""What is so of every sample, whatever it holds."""

import tracemalloc
from math import inf, isfinite

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.evaluator.statistics import (
    agreement,
    intervals,
    multiplicity,
    paired,
    power,
    reliability,
)

shares = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60)
changes = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=60)
ratings = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def lies_within(found, low, high):
    return low <= found.low <= found.value <= found.high <= high


@given(shares)
def test_a_share_lies_in_its_interval_and_both_between_0_and_1(values):
    found = intervals.share(values)

    assert lies_within(found, -1e-12, 1 + 1e-12)


@given(shares)
def test_a_cluster_for_each_case_changes_nothing_that_is_seen(values):
    alone = intervals.share(values, clusters=list(range(len(values))))

    assert alone.value == pytest.approx(intervals.share(values).value)


@given(shares, st.integers(2, 5))
def test_the_same_weight_for_all_is_none(values, weight):
    weighed = intervals.share(values, weights=[float(weight)] * len(values))
    plain = intervals.share(values, weights=[1.0] * len(values))

    assert (weighed.low, weighed.high) == pytest.approx((plain.low, plain.high))


@given(changes)
def test_swapping_the_arms_flips_the_sign(values):
    ours = paired.difference_of_shares(values)
    theirs = paired.difference_of_shares([-one for one in values])

    assert (ours.low, ours.value, ours.high) == pytest.approx(
        (-theirs.high, -theirs.value, -theirs.low)
    )
    assert lies_within(ours, -1.0, 1.0)
    assert paired.permutation(values) == pytest.approx(paired.permutation([-v for v in values]))


def test_no_difference_is_so_large_that_luck_is_out_of_the_question():
    assert paired.permutation([1.0] * 60) == pytest.approx(1 / (paired.FLIPS + 1))


@pytest.mark.parametrize("measured", [paired.permutation, paired.difference_of_means])
@pytest.mark.parametrize("cases", [paired.MANY, 100_000])
def test_no_number_of_cases_takes_more_than_100_mb(measured, cases):
    differences = np.random.default_rng(1).normal(0, 1, cases)

    tracemalloc.start()
    measured(differences)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100_000_000


measures = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@settings(max_examples=40)
@given(measures)
@example([0.0, 1e-242])
def test_a_measure_lies_in_its_interval_whatever_was_measured(values):
    found = paired.difference_of_means(values)

    assert found.low <= found.value <= found.high
    assert len(values) == 1 or (isfinite(found.low) and isfinite(found.high))


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemar_is_a_p_value_and_knows_no_side(better, worse):
    assert 0 < paired.mcnemar(better, worse) <= 1
    assert paired.mcnemar(better, worse) == pytest.approx(paired.mcnemar(worse, better))


@given(ratings)
def test_raters_agree_with_themselves_and_kappa_knows_no_order(pairs):
    first, second = [one for one, _ in pairs], [other for _, other in pairs]

    assert agreement.kappa(first, first).value == 1
    assert agreement.kappa(first, second).value == pytest.approx(
        agreement.kappa(second, first).value
    )
    assert lies_within(agreement.kappa(first, second), -1.0, 1.0)


@given(ratings)
def test_alpha_of_raters_who_agree_is_1(pairs):
    assert agreement.alpha([(one, one) for one, _ in pairs]) == 1


@given(p_lists)
def test_adjusting_lowers_no_p_value_and_keeps_their_order(p_values):
    for adjusted in (multiplicity.holm(p_values), multiplicity.benjamini_hochberg(p_values)):
        assert all(after >= before for after, before in zip(adjusted, p_values, strict=True))
        assert all(one <= 1 for one in adjusted)
        order = sorted(range(len(p_values)), key=lambda at: p_values[at])
        assert [adjusted[at] for at in order] == sorted(adjusted)


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_more_repeats_that_must_all_pass_are_passed_less_often(counts):
    passed, repeats = counts
    every = [reliability.pass_every(passed, repeats, k) for k in range(1, repeats + 1)]

    assert every == sorted(every, reverse=True)
    assert every[0] == pytest.approx(passed / repeats)


@given(st.integers(2, 2000), st.floats(0, 0.5))
def test_more_cases_show_smaller_drops(cases, discordance):
    few = power.smallest_drop(cases, discordance)
    many = power.smallest_drop(cases * 2, discordance)

    assert few is None or (many is not None and many <= few)


@given(st.floats(0.01, 0.5), st.floats(0, 0.4))
def test_so_many_cases_as_a_drop_needs_show_it_and_fewer_do_not(drop, discordance):
    needed = power.cases_needed(drop, discordance)

    assert needed != inf
    assert power.power_of(drop, int(needed), discordance, 0.05) >= power.POWER
    assert needed == 1 or power.power_of(drop, int(needed) - 1, discordance, 0.05) < power.POWER


def test_so_many_cases_as_are_said_to_tell_would():
    """Where 200 equal cases are noisy, told apart from a drop of 3 points, 8 times out of 10."""
    draw = np.random.default_rng(4)
    odds = [0.05, 0.05, 0.9]
    seen = paired.difference_of_shares([1.0] * 10 + [-1.0] * 10 + [0.0] * 180)

    needed = int(power.cases_to_tell(200, seen, 0.03))

    found = [
        paired.difference_of_shares(draw.choice([1.0, -1.0, 0.0], needed, p=odds), confidence=0.9)
        for _ in range(2000)
    ]
    assert np.mean([one.low > -0.03 for one in found]) == pytest.approx(0.8, abs=0.05)


def test_what_no_suite_tells_apart_asks_for_no_number_of_cases():
    assert power.cases_to_tell(200, intervals.wilson(100, 200), 0.0) > 100_000
    assert power.cases_to_tell(20_000, intervals.wilson(10, 20), 0.0) == inf


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_of_one_cluster_a_share_is_known_to_be_a_share_alone(passed):
    found = intervals.share([float(one) for one in passed], clusters=["d-1"] * len(passed))

    assert (found.low, found.high) == (0.0, 1.0)


@given(shares, st.integers(2, 9))
def test_clusters_keep_a_share_in_its_interval(values, documents):
    found = intervals.share(values, clusters=[at % documents for at in range(len(values))])

    assert lies_within(found, 0.0, 1.0)


def test_the_power_that_is_forecast_is_what_simulated_suites_have():
    draw = np.random.default_rng(3)
    cases, drop, noise = 200, 0.08, 0.1
    odds = [noise / 2, noise / 2 + drop, 1 - noise - drop]

    seen = [
        paired.difference_of_shares(draw.choice([1.0, -1.0, 0.0], cases, p=odds), confidence=0.9)
        for _ in range(2000)
    ]

    measured = np.mean([one.high < 0 for one in seen])
    assert measured == pytest.approx(power.power_of(drop, cases, noise, 0.05), abs=0.03)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: intervals.wilson(1, 0), "no share"),
        (lambda: intervals.wilson(3, 2), "no share"),
        (lambda: intervals.share([]), "no values"),
        (lambda: reliability.pass_every(1, 2, 3), "needs 3 repeats"),
        (lambda: agreement.kappa([], []), "rated by both"),
        (lambda: agreement.alpha([(True, None)]), "two have rated"),
        (lambda: intervals.corrected_share(5, 10, (5, 10), (5, 10)), "coin"),
        (lambda: paired.ratio_of_means([1.0], [0.0]), "baseline's mean is 0"),
        (lambda: power.smallest_drop(0), "no cases"),
    ],
)
def test_what_cannot_be_estimated_says_why(call, named):
    with pytest.raises(ValueError, match=named):
        call()
