"""Arms compared over the cases that both tried."""

import json

import pytest

from services.evaluator.calibration.trust import Standing
from tests.evaluator.calibration.cards import card
from tests.evaluator.comparing.arms import arm, report, result, score


def of(metrics, name, metric):
    return next(one for one in metrics if (one.arm, one.metric) == (name, metric))


def difference(found, metric):
    return next(one for one in found.differences if one.metric == metric)


def test_a_case_counts_by_the_mean_of_its_repeats():
    repeats = [result("a", "c-1", passed, repeat=n) for n, passed in ((1, True), (2, False))]

    found = report([*repeats, result("a", "c-2", passed=True)])

    rate = of(found.metrics, "a", "pass_rate").rate
    assert (rate.value, rate.cases) == (0.75, 2)


def test_only_cases_of_both_arms_are_compared():
    found = report(arm("a", [True, True, False]), arm("b", [True, False]))

    assert difference(found, "pass_rate").estimate.cases == 2
    assert difference(found, "pass_rate").estimate.value == -0.5
    assert (difference(found, "pass_rate").better, difference(found, "pass_rate").worse) == (0, 1)


def test_what_is_undecided_counts_for_no_rate_and_is_counted():
    undecided = score("helpful", passed=False, undecided=True, kind="judged")
    results = [
        result("a", "c-1", None, scores=(undecided,)),
        result("a", "c-2", passed=True, scores=(score("helpful", passed=True, kind="judged"),)),
    ]

    found = report(results)

    helpful = of(found.metrics, "a", "helpful")
    assert (helpful.rate.value, helpful.rate.cases, helpful.undecided) == (1.0, 1, 1)
    assert "uncalibrated" in helpful.note


def test_a_calibrated_judge_is_corrected_for_its_known_errors():
    results = [
        result("a", f"c-{at}", at < 70, scores=(score("helpful", passed=at < 70, kind="judged"),))
        for at in range(100)
    ]
    lenient = card(true_fail=15, false_pass=5)

    found = report(results, standings={"helpful": Standing(lenient)})

    helpful = of(found.metrics, "a", "helpful")
    assert helpful.rate.value == 0.7
    assert helpful.corrected.value == pytest.approx((0.7 - 0.25) / 0.75)
    assert helpful.note.startswith("calibrated on 40 labels")


def test_a_weight_counts():
    results = [result("a", "c-1", passed=True, weight=3.0), result("a", "c-2", passed=False)]

    assert of(report(results).metrics, "a", "pass_rate").rate.value == 0.75


def test_cases_of_one_cluster_are_one_observation():
    alike = [result("a", f"c-{at}", at < 30, cluster=f"d-{at // 10}") for at in range(60)]
    alone = [one.model_copy(update={"cluster": None}) for one in alike]

    wide = of(report(alike).metrics, "a", "pass_rate").rate
    narrow = of(report(alone).metrics, "a", "pass_rate").rate
    assert wide.value == narrow.value
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_of_one_cluster_nobody_knows_how_sure_a_measure_is():
    before, after = (arm(name, [True] * 9, cluster="d-1") for name in "ab")

    found = report(before, after, gated=True)

    assert of(found.metrics, "a", "cost").rate.low is None
    assert "Infinity" not in json.dumps(found.model_dump(mode="json"))


def test_p_values_allow_for_how_many_metrics_were_looked_at():
    before = arm("a", [True] * 40)
    after = arm("b", [False] * 6 + [True] * 34, seconds=2.1)

    found = difference(report(before, after), "pass_rate")

    assert found.test == "McNemar, exact"
    assert found.p_value == pytest.approx(2 * 0.5**6)
    assert found.adjusted_p > found.p_value


def test_a_report_says_which_drop_it_could_have_seen():
    few, many = (report(arm("a", [True] * n), arm("b", [True] * n)) for n in (20, 200))

    assert few.smallest_drop > many.smallest_drop > 0


def test_an_arm_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no arm is named 'x'; there are a"):
        report(arm("a", [True]), baseline="x")


def test_a_measure_is_compared_in_its_own_unit():
    before, after = arm("a", [True] * 30), arm("b", [True] * 30, cost_micro_usd=3000)

    found = difference(report(before, after), "cost")

    assert (found.better, found.worse) == (0, 30)
    assert (found.estimate.value, found.estimate.unit) == (pytest.approx(0.002), "usd")
