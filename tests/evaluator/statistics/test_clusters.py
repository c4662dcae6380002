"""Clusters of all sizes: the error is that of dense matrices, and intervals hold their promise."""

import numpy as np
import pytest
from scipy import stats

from services.console.rules.gates import clusters as told
from services.evaluator.statistics import intervals, paired
from services.evaluator.statistics.clusters import spread_of

SUITES = 5000


def dense(values, clusters, weights, alike):
    """CR2 and its degrees of freedom as Bell and McCaffrey have them: by n x n matrices."""
    number, ones = len(values), np.ones((len(values), 1))
    scale = np.diag(np.sqrt(weights))
    regressor = scale @ ones
    hat = regressor @ regressor.T / weights.sum()
    residuals = scale @ (values - np.average(values, weights=weights))
    meat, columns = 0.0, []
    for name in sorted(set(clusters)):
        at = np.flatnonzero(np.asarray(clusters) == name)
        own, basis = np.linalg.eigh(np.eye(len(at)) - hat[np.ix_(at, at)])
        root = basis @ np.diag(own**-0.5) @ basis.T
        lever = root @ regressor[at, 0]
        meat += (lever @ residuals[at]) ** 2
        columns.append((np.eye(number) - hat)[:, at] @ lever)
    same = np.equal.outer(clusters, clusters) * alike
    np.fill_diagonal(same, 1.0)
    levers = np.array(columns).T
    shared = levers.T @ scale @ same @ scale @ levers
    freedom = np.trace(shared) ** 2 / np.sum(shared**2)
    return np.sqrt(meat) / weights.sum(), freedom


@pytest.mark.parametrize("seed", range(5))
def test_the_error_of_clusters_is_that_of_dense_matrices(seed, monkeypatch):
    draw = np.random.default_rng(seed)
    clusters = draw.integers(0, 6, 30) ** 2 // 3
    values, weights = draw.normal(0, 1, 30), draw.uniform(1, 3, 30)
    alike = draw.uniform()
    monkeypatch.setattr("services.evaluator.statistics.clusters._alike", lambda *_: alike)

    found = spread_of(values, clusters.tolist(), weights)

    assert (found.error, found.freedom) == pytest.approx(dense(values, clusters, weights, alike))


@pytest.mark.parametrize("seed", range(5))
def test_the_console_finds_the_same_without_numpy(seed):
    draw = np.random.default_rng(seed)
    clusters = [f"k-{one}" for one in draw.integers(0, 6, 40) ** 2 // 3]
    values = draw.normal(0, 1, 40)

    ours = spread_of(values, clusters, np.ones(40))
    theirs = told.spread_of(((values - values.mean()) / 40).tolist(), clusters)

    assert (theirs.error, theirs.freedom) == pytest.approx((ours.error, ours.freedom))


def test_clusters_of_one_size_are_students_over_their_means():
    draw = np.random.default_rng(1)
    values = draw.normal(0, 1, (7, 5))

    found = spread_of(values.ravel(), np.repeat(np.arange(7), 5).tolist(), np.ones(35))

    assert found.error == pytest.approx(stats.sem(values.mean(axis=1)))
    assert found.freedom == pytest.approx(6)


def documents(draw, number):
    """Of each case its document: some have 3 cases, some 80."""
    sizes = np.maximum(1, np.round(draw.lognormal(2.5, 0.9, number))).astype(int)
    return np.repeat(np.arange(number), sizes)


def questions(draw, number):
    """Answers are hard or easy together, by document."""
    of = documents(draw, number)
    passed = draw.random(len(of)) < draw.beta(0.8 * 7 / 3, 0.2 * 7 / 3, number)[of]
    return intervals.share(passed * 1.0, of.tolist()), 0.8


def prompts(draw, number):
    """Each document is understood a little better or worse, and on average the same."""
    of, leaning = documents(draw, number), draw.normal(0, 0.08, number)
    luck, worse, better = draw.random(len(of)), 0.08 - leaning.clip(max=0), 0.08 + leaning.clip(0)
    changed = (luck < better[of]) * 1.0 - (luck > 1 - worse[of])
    return paired.difference_of_shares(changed, of.tolist()), 0.0


def costs(draw, number):
    """The candidate costs a tenth more, of some documents more and of others less."""
    of = documents(draw, number)
    dear, dearer = draw.lognormal(0, 0.3, number), draw.lognormal(-0.02, 0.2, number)
    baseline = draw.lognormal(0, 0.5, len(of)) * dear[of]
    candidate = 1.1 * baseline * dearer[of] * draw.lognormal(-0.02, 0.2, len(of))
    return paired.ratio_of_means(candidate, baseline, of.tolist()), 0.1


@pytest.mark.parametrize("number", [5, 10, 30, 100])
@pytest.mark.parametrize("world", [questions, prompts, costs])
def test_documents_of_any_size_hold_the_truth_no_less_than_is_promised(world, number):
    """As if all were of one size (CR1, a degree less than there are), 88 to 92 would hold it."""
    draw = np.random.default_rng(11)
    found = (world(draw, number) for _ in range(SUITES))

    covered = 100 * sum(one.low <= truth <= one.high for one, truth in found) / SUITES

    assert 93.5 <= covered <= 98
