"""Where an interval cannot keep its promise every form says so, and no gate decides by it."""

import pytest

from contracts.suite import GateRules
from tests.evaluator.comparing.arms import report, result, verdict
from tests.evaluator.reporting.test_forms import FORMS


def lumped(name, documents, passed=True, each=20, **more):
    """So many documents with questions of which all are alike."""
    return [
        result(name, f"c-{at}", passed, cluster=f"d-{at // each}", **more)
        for at in range(documents * each)
    ]


def alone(name, cases, **more):
    return [result(name, f"c-{at}", passed=True, **more) for at in range(cases)]


def doubts(found):
    return {one.metric: one.rate.doubt for one in found.metrics}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_says_beside_a_rate_that_its_clusters_are_too_few(form):
    told = " ".join(FORMS[form](report(lumped("a", 5))).split())

    assert "5 clusters are too few for 95 of 100" in told


@pytest.mark.parametrize("form", [one for one in FORMS if one != "junit"])
def test_a_form_says_beside_a_difference_that_its_cases_are_too_few(form):
    told = " ".join(FORMS[form](report(alone("a", 12), alone("b", 12))).split())

    assert "0 worse; 12 cases: what one in ten takes may be missing" in told


def test_doubts_are_of_what_few_cases_or_clusters_do_not_tell():
    few, some = report(lumped("a", 9)), report(lumped("a", 29))

    assert doubts(few)["pass_rate"] == "9 clusters are too few for 95 of 100"
    assert doubts(some)["pass_rate"] == "29 clusters: what befalls one in ten may be missing"
    assert doubts(some)["cost"] == doubts(some)["pass_rate"]
    assert not any(doubts(report(lumped("a", 30))).values())
    assert doubts(report(alone("a", 29)))["pass_rate"] == ""
    assert doubts(report(alone("a", 29)))["cost"] == (
        "29 cases: what one in ten takes may be missing"
    )
    assert not any(doubts(report(alone("a", 30))).values())


def test_of_one_case_nobody_knows_how_sure_a_measure_is():
    (cost,) = [one.rate for one in report(alone("a", 1)).metrics if one.metric == "cost"]

    assert (cost.value, cost.low, cost.high) == (0.001, None, None)


@pytest.mark.parametrize(("documents", "said"), [(9, "inconclusive"), (10, "fail")])
def test_no_pass_rate_fails_by_a_few_clusters(documents, said):
    found = verdict(lumped("a", documents), lumped("b", documents, passed=False))

    assert found.verdict == said
    assert (found.smallest_drop is None) == (said == "inconclusive")
    assert ("10 are the fewest to decide by" in found.checks[0].sentence) == (said != "fail")


@pytest.mark.parametrize(("documents", "said"), [(9, "inconclusive"), (10, "pass")])
def test_no_pass_rate_passes_by_a_few_clusters(documents, said):
    rules = GateRules(margin=0.1)

    assert verdict(lumped("a", documents), lumped("b", documents), rules=rules).verdict == said


@pytest.mark.parametrize(("documents", "said"), [(9, "inconclusive"), (10, "fail")])
def test_no_floor_is_missed_by_a_few_clusters(documents, said):
    rules = GateRules(margin=0.99, pass_k=0.9)
    arms = [lumped(name, documents, passed=False) for name in "ab"]

    (floor,) = [one for one in verdict(*arms, rules=rules).checks if "pass^" in one.name]

    assert floor.verdict == said


@pytest.mark.parametrize("cost", [1000, 9000])
@pytest.mark.parametrize(("cases", "decides"), [(29, False), (30, True)])
def test_no_cost_passes_or_fails_by_a_few_cases(cases, decides, cost):
    arms = alone("a", cases), alone("b", cases, cost_micro_usd=cost)

    (check,) = [
        one for one in verdict(*arms, rules=GateRules(cost_margin=0.1)).checks if one.name == "cost"
    ]

    assert check.verdict == (("pass" if cost == 1000 else "fail") if decides else "inconclusive")
    assert ("30 are the fewest to decide by" in check.sentence) == (not decides)
