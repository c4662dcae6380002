"""Figures that no library has whole, held against the parts that libraries do have, and dice."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import integrate, stats
from statsmodels.stats.power import normal_power, ttest_power
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from services.evaluator.canary import deciding
from services.evaluator.statistics import intervals, paired, power
from services.evaluator.statistics.clusters import spread_of

SURE = 10**9  # labels: the errors of the judge are known


def clustered(values, clusters):
    """A regression on a constant: its standard error has (n - 1) / (n - k), which here is 1."""
    fitted = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    groups = len(set(clusters))
    return fitted.bse[0] * np.sqrt(groups / (groups - 1)), groups


@pytest.mark.parametrize(("passed", "of"), [(30, 200), (100, 200), (171, 200)])
def test_a_share_of_a_judge_who_never_errs_is_that_of_agresti_and_coull(passed, of):
    found = intervals.corrected_share(passed, of, (SURE, SURE), (SURE, SURE))

    theirs = proportion_confint(passed, of, method="agresti_coull")
    assert found.value == pytest.approx(passed / of)
    assert (found.low, found.high) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(
    ("passed", "hits", "rejections"), [(150, 92, 85), (120, 88, 95), (60, 97, 80)]
)
def test_a_corrected_share_spreads_as_dice_over_all_three_samples_do(passed, hits, rejections):
    found = intervals.corrected_share(passed, 200, (hits, 100), (rejections, 100))

    draw = np.random.default_rng(4)
    said, right, refused = (
        draw.beta(yes + 0.5, of - yes + 0.5, 200_000)
        for yes, of in ((passed, 200), (hits, 100), (rejections, 100))
    )
    truth = (said + refused - 1) / (right + refused - 1)
    low, high = np.quantile(truth, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.012)


def test_a_difference_of_shares_is_the_mean_of_the_pairs_and_of_two_that_nobody_saw():
    changes = np.repeat([1.0, -1.0, 0.0], [7, 19, 174])

    ours = paired.difference_of_shares(changes)

    described = DescrStatsW(np.concatenate([changes, [1.0, -1.0]]))
    # Bonett and Price divide by n, and statsmodels by n - 1.
    half = stats.norm.ppf(0.975) * described.std / np.sqrt(described.nobs)
    assert (ours.low, ours.high) == pytest.approx((described.mean - half, described.mean + half))


def test_a_difference_of_shares_in_clusters_has_two_more_that_nobody_saw():
    draw = np.random.default_rng(2)
    changes = draw.choice([1.0, -1.0, 0.0], 120, p=[0.1, 0.2, 0.7])
    clusters = np.repeat(np.arange(12), 10)

    ours = paired.difference_of_shares(changes, list(clusters))

    values = np.concatenate([changes, [1.0, -1.0]])
    spread = spread_of(values, [*clusters, 90, 91], np.ones(len(values)))
    half = stats.t.ppf(0.975, spread.freedom) * spread.error
    assert (ours.low, ours.high) == pytest.approx((values.mean() - half, values.mean() + half))


def test_a_share_of_repeats_is_wilsons_for_as_many_cases_as_vary_so():
    values = np.random.default_rng(3).binomial(4, 0.8, 150) / 4

    ours = intervals.share(values)

    effective = values.mean() * (1 - values.mean()) / (np.std(values, ddof=1) ** 2 / 150)
    theirs = proportion_confint(values.mean() * effective, effective, method="wilson")
    assert (ours.low, ours.high) == pytest.approx(theirs)


def test_a_share_in_clusters_is_wilsons_with_students_quantile():
    draw = np.random.default_rng(5)
    values = (draw.random((20, 10)) < draw.beta(4, 1, 20)[:, None]).astype(float).ravel()
    clusters = np.repeat(np.arange(20), 10)

    ours = intervals.share(values, list(clusters))

    error, groups = clustered(values, clusters)
    effective = values.mean() * (1 - values.mean()) / error**2
    alpha = 2 * stats.norm.sf(stats.t.ppf(0.975, groups - 1))
    theirs = proportion_confint(values.mean() * effective, effective, alpha=alpha, method="wilson")
    assert (ours.low, ours.high) == pytest.approx(theirs)


@pytest.mark.parametrize(("drop", "cases"), [(0.03, 100), (0.08, 200), (0.2, 50)])
def test_power_is_that_of_statsmodels(drop, cases):
    spread = np.sqrt(0.1 + drop + 2 / cases - drop**2)

    theirs = normal_power(drop / spread, cases, 0.05, alternative="larger")

    assert power.power_of(drop, cases, 0.1, 0.05) == pytest.approx(theirs)


@pytest.mark.parametrize("documents", [5, 10, 40])
def test_power_in_clusters_is_that_of_students_test_over_the_clusters(documents):
    lumped = power.Together(design=3.0, freedom=documents + 1)
    spread = np.sqrt(3.0 * (0.1 + 0.08 + 2 / 400 - 0.08**2))

    theirs = ttest_power(0.08 / spread, 400, 0.05, df=documents + 1, alternative="larger")

    assert power.power_of(0.08, 400, 0.1, 0.05, lumped) == pytest.approx(theirs)


@pytest.mark.parametrize("runs", [30.0, 200.0, 5000.0])
@pytest.mark.parametrize("alpha", [0.025, 0.1])
def test_a_sequence_ends_where_its_mixture_of_martingales_reaches_its_limit(runs, alpha):
    """Robbins 1970: a mixture of exp(rate x sum - rate^2 x n / 2) crosses 1 / alpha that seldom."""
    spread = np.sqrt(deciding._weight(alpha))
    crossed = deciding._stretch(runs, alpha) * np.sqrt(runs)

    def mixed(rate):
        return np.exp(rate * crossed - rate**2 * runs / 2) * stats.norm.pdf(rate, scale=spread)

    peak = crossed / (runs + 1 / spread**2)
    reach = 12 / np.sqrt(runs + 1 / spread**2)
    wealth, _ = integrate.quad(mixed, peak - reach, peak + reach)
    assert wealth == pytest.approx(1 / alpha, rel=1e-6)
