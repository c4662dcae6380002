"""The whole gate in simulated worlds: how often it cries wolf, and what it can see.

`INTERLOCK_FULL=1` draws more suites.
"""

import os

import numpy as np
import pytest

from contracts.suite import GateRules
from services.evaluator.comparing.gate import gate
from tests.evaluator.comparing.arms import result

SUITES = 2000 if os.environ.get("INTERLOCK_FULL") == "1" else 300
LUCK = 2.0 if SUITES > 1000 else 3.5  # points: beyond it in 1 of 500 draws of so many suites
ALL_FIGURES = GateRules(margin=0.0, cost_margin=0.0, latency_margin=0.0)


def suite(name, passed, measures=None, clusters=None):
    """One result a case; `measures` are of cost and latency."""
    costs, times = measures if measures is not None else (np.ones(len(passed)),) * 2
    return [
        result(
            name,
            f"c-{at}",
            bool(one),
            cost_micro_usd=round(float(costs[at]) * 10_000),
            seconds=float(times[at]),
            cluster=None if clusters is None else f"d-{clusters[at]}",
        )
        for at, one in enumerate(passed)
    ]


def equal_arms(draw, name, cases=100):
    """9 of 10 pass, and what a case takes is skewed."""
    return suite(name, draw.random(cases) < 0.9, draw.lognormal(0, 0.6, (2, cases)))


def failed(rules, candidates):
    """In how many of 100 suites of equal arms some candidate fails."""
    draw = np.random.default_rng(8)
    alarms = 0
    for _ in range(SUITES):
        base = equal_arms(draw, "before")
        found = [
            gate(rules, [*base, *equal_arms(draw, "after")], "before", "after", {}, candidates=of)
            for of in [candidates] * candidates
        ]
        alarms += any(one.verdict == "fail" for one in found)
    return 100 * alarms / SUITES


@pytest.mark.parametrize(
    ("rules", "candidates"),
    [(GateRules(margin=0.0), 1), (ALL_FIGURES, 1), (ALL_FIGURES, 3)],
    ids=["pass rate", "all figures", "all figures of three candidates"],
)
def test_equal_arms_fail_the_gate_in_at_most_5_of_100_suites(rules, candidates):
    assert failed(rules, candidates) <= 5 + LUCK


def in_documents(draw, drop):
    """400 cases about 10 documents, each of which the candidate understands better or worse."""
    documents, each = 10, 40
    leaning = draw.normal(0, 0.08, documents)
    luck = draw.random((documents, each))
    worse, better = 0.08 + drop - np.minimum(leaning, 0), 0.08 + np.maximum(leaning, 0)
    changes = (luck < better[:, None]) * 1 - (luck > 1 - worse[:, None])
    return changes.ravel(), np.repeat(np.arange(documents), each)


def gate_of(changes, clusters):
    """What the gate says of cases that changed so."""
    before, after = suite("before", changes < 1, None, clusters), suite("after", changes > -1)
    after = [
        one.model_copy(update={"cluster": other.cluster})
        for one, other in zip(after, before, strict=True)
    ]
    return gate(GateRules(margin=0.0), [*before, *after], "before", "after", {})


def test_of_cases_in_clusters_the_smallest_drop_is_one_that_is_seen_8_times_of_10():
    draw = np.random.default_rng(5)
    told = np.median([gate_of(*in_documents(draw, 0.0)).smallest_drop for _ in range(SUITES // 3)])

    seen = [gate_of(*in_documents(draw, told)).verdict == "fail" for _ in range(SUITES)]

    assert 100 * np.mean(seen) == pytest.approx(80, abs=8)


def test_400_cases_in_10_clusters_hide_larger_drops_than_400_that_stand_alone():
    changes, clusters = in_documents(np.random.default_rng(6), 0.0)

    lumped, alone = gate_of(changes, clusters), gate_of(changes, np.arange(len(changes)))

    assert lumped.smallest_drop > 1.5 * alone.smallest_drop
