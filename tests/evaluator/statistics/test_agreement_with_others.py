"""Every figure is the one that an independent library, or counting it all, comes to."""

from itertools import combinations, product

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from services.evaluator.statistics import (
    agreement,
    intervals,
    multiplicity,
    paired,
    reliability,
    skewed,
)
from services.evaluator.statistics.clusters import spread_of

SEED = np.random.default_rng(7)


@pytest.mark.parametrize(("passed", "of"), [(0, 5), (3, 5), (18, 20), (200, 200), (171, 200)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilson_is_that_of_statsmodels_and_of_scipy(passed, of, confidence):
    ours = intervals.wilson(passed, of, confidence)

    theirs = proportion_confint(passed, of, alpha=1 - confidence, method="wilson")
    scipys = stats.binomtest(passed, of).proportion_ci(confidence, method="wilson")
    assert (ours.low, ours.high) == pytest.approx(theirs)
    assert (ours.low, ours.high) == pytest.approx((scipys.low, scipys.high))


def test_a_mean_is_that_of_student():
    values = SEED.normal(3, 2, 40)

    ours = intervals.mean(values)

    theirs = DescrStatsW(values).tconfint_mean()
    assert (ours.low, ours.high) == pytest.approx(theirs)


def test_a_clustered_error_is_that_of_a_regression_on_a_constant():
    values, clusters = SEED.normal(0, 1, 60), np.tile(np.arange(12), 5)

    error = spread_of(values, list(clusters), np.ones(60)).error

    fitted = sm.OLS(values, np.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    # statsmodels' own correction also has (n - 1) / (n - k), which is 1 for a mean but for n.
    # It knows CR1 alone, which is the same for clusters of one size.
    assert error == pytest.approx(fitted.bse[0] * np.sqrt(12 / 11))


def test_a_weighted_error_is_that_of_a_weighted_regression():
    values, weights = SEED.normal(0, 1, 50), SEED.uniform(1, 5, 50)

    error = spread_of(values, None, weights).error

    fitted = sm.WLS(values, np.ones(50), weights=weights).fit(cov_type="HC0")
    assert error == pytest.approx(fitted.bse[0] * np.sqrt(50 / 49))


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (1, 4), (7, 7), (3, 19), (30, 2)])
def test_mcnemar_is_that_of_statsmodels(better, worse):
    table = [[50, worse], [better, 10]]

    assert paired.mcnemar(better, worse) == pytest.approx(mcnemar_of(table, exact=True).pvalue)


def test_a_permutation_of_few_cases_is_counted_in_full():
    differences = [1.0, 0.5, -0.25, 2.0, 0.75, -1.0, 0.1]

    theirs = stats.permutation_test(
        (differences, np.zeros(7)), lambda x, y: np.mean(x - y), permutation_type="samples"
    )
    assert paired.permutation(differences) == pytest.approx(theirs.pvalue)


def test_a_permutation_of_many_cases_is_near_that_of_scipy():
    differences = SEED.normal(0.2, 1, 80)

    theirs = stats.permutation_test(
        (differences, np.zeros(80)),
        lambda x, y: np.mean(x - y),
        permutation_type="samples",
        n_resamples=9999,
        rng=np.random.default_rng(1),
    )
    assert paired.permutation(differences) == pytest.approx(theirs.pvalue, abs=0.02)


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.06])
def test_past_many_cases_the_normal_limit_is_what_permuting_comes_to(shift, monkeypatch):
    differences = np.random.default_rng(5).gamma(2, 1, paired.MANY + 1) - 2 + shift
    limit = paired.permutation(differences)
    monkeypatch.setattr(paired, "MANY", len(differences))

    assert limit == pytest.approx(paired.permutation(differences), abs=0.015)


def test_past_many_cases_a_measure_has_the_interval_that_the_bootstrap_comes_to(monkeypatch):
    differences = np.random.default_rng(6).lognormal(0, 0.6, skewed.MANY + 1)
    limit = paired.difference_of_means(differences)
    monkeypatch.setattr(skewed, "MANY", len(differences))

    drawn = paired.difference_of_means(differences)

    assert (limit.method, drawn.method) == ("t", "t and bootstrap-t, the wider")
    assert (limit.low, limit.high) == pytest.approx((drawn.low, drawn.high), rel=0.005)


def test_of_many_cases_a_skewed_mean_has_the_interval_of_scipys_bootstrap():
    values = np.random.default_rng(6).lognormal(0, 0.6, 1500)

    ours = skewed.skewed_mean(values)

    drawn = stats.bootstrap((values,), np.mean, rng=np.random.default_rng(3)).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((drawn.low, drawn.high), rel=0.005)


def test_the_studentised_bootstrap_is_the_one_of_the_book():
    """Efron and Tibshirani 1993, chapter 12.5: each resample by its own standard error."""
    values = np.random.default_rng(9).lognormal(0, 1.0, 25)

    ours = skewed.skewed_mean(values)

    draw = np.random.default_rng(1)
    resamples = draw.choice(values, (20_000, 25))
    apart = (resamples.mean(1) - values.mean()) / stats.sem(resamples, axis=1)
    high = values.mean() - np.quantile(apart, 0.025) * stats.sem(values)
    assert ours.high == pytest.approx(high, rel=0.06)
    assert ours.low == pytest.approx(DescrStatsW(values).tconfint_mean()[0])


def test_a_difference_of_shares_is_that_of_the_formula_of_bonett_and_price():
    better, worse, of = 5, 13, 100
    differences = [1.0] * better + [-1.0] * worse + [0.0] * (of - better - worse)

    ours = paired.difference_of_shares(differences)

    p12, p21 = (better + 1) / (of + 2), (worse + 1) / (of + 2)
    half = 1.959964 * np.sqrt((p12 + p21 - (p12 - p21) ** 2) / (of + 2))
    assert (ours.low, ours.high) == pytest.approx((p12 - p21 - half, p12 - p21 + half))
    assert ours.value == pytest.approx(-0.08)


@pytest.mark.parametrize(("passed", "repeats"), [(0, 5), (3, 5), (4, 6), (5, 5)])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_pass_k_is_the_share_of_all_choices_of_k_repeats(passed, repeats, k):
    outcomes = [True] * passed + [False] * (repeats - passed)
    choices = list(combinations(outcomes, k))

    assert reliability.pass_every(passed, repeats, k) == pytest.approx(
        np.mean([all(one) for one in choices])
    )
    assert reliability.pass_once(passed, repeats, k) == pytest.approx(
        np.mean([any(one) for one in choices])
    )


@pytest.mark.parametrize("table", [(40, 5, 8, 30), (90, 1, 5, 4), (10, 10, 10, 10)])
def test_kappa_and_its_error_are_those_of_statsmodels(table):
    pairs = list(product((True, False), (True, False)))
    rated = [pair for pair, number in zip(pairs, table, strict=True) for _ in range(number)]

    ours = agreement.kappa([one for one, _ in rated], [other for _, other in rated])

    theirs = cohens_kappa(np.reshape(table, (2, 2)))
    assert ours.value == pytest.approx(theirs.kappa)
    assert (ours.low, ours.high) == pytest.approx((theirs.kappa_low, theirs.kappa_upp))


def test_alpha_is_that_of_krippendorffs_own_example():
    # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", C: nominal, two observers
    # and missing ratings give 0.743 for four observers of twelve units.
    a, b, c, d = (
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    )

    assert agreement.alpha(list(zip(a, b, c, d, strict=True))) == pytest.approx(0.743, abs=5e-4)


@pytest.mark.parametrize(
    ("ours", "name"), [(multiplicity.holm, "holm"), (multiplicity.benjamini_hochberg, "fdr_bh")]
)
def test_adjusted_p_values_are_those_of_statsmodels(ours, name):
    p_values = [0.04, 0.001, 0.2, 0.03, 0.001, 0.9]

    assert ours(p_values) == pytest.approx(list(multipletests(p_values, method=name)[1]))


def test_a_ratio_of_means_has_the_error_of_fieller_where_the_baseline_is_sure():
    theirs = SEED.normal(10, 1, 400)
    ours = theirs * 1.1 + SEED.normal(0, 1, 400)

    found = paired.ratio_of_means(ours, theirs)

    drawn = stats.bootstrap(
        (ours, theirs),
        lambda x, y, axis: x.mean(axis) / y.mean(axis) - 1,
        paired=True,
        vectorized=True,
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.002)
