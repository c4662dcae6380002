"""A verdict found again from trials is the one that the evaluator reported of them."""

import random

import pytest
from scipy import special

from contracts.evaluation import AssertionResult, RunEvaluated
from contracts.suite import GateRules
from services.console.rules.gates.trials import Tried, tried
from services.console.rules.gates.verdicts import verdict_of
from services.console.rules.student import t_quantile
from services.evaluator.comparing.cases import passed_for_sure
from services.evaluator.comparing.gate import gate
from tests.evaluator.comparing.arms import TODAY, result, score
from tests.releasing import trial, version

EXPERIMENTS = 600
NEW = version("new")


def made_up(draw):
    """Rules, and the results of two arms: clusters, repeats, holes, critical cases by chance."""
    rules = GateRules(
        margin=draw.choice([0.0, 0.03, 0.1, 0.3]),
        alpha=draw.choice([0.05, 0.2]),
        cost_margin=draw.choice([None, 0.1]),
        latency_margin=draw.choice([None, 0.5]),
        critical_pass_k=draw.choice([1.0, 0.5]),
        pass_k=draw.choice([None, None, 0.3, 0.7]),
        quarantine={"c-0": "2026-03-02", "c-1": "2026-03-01"} if draw.random() < 0.2 else {},
    )
    cases = draw.choice([1, 3, 12, 80, 80])
    repeats, clusters = draw.choice([1, 1, 3]), draw.choice([0, 0, 0, 5, 15, 40])
    rates = {"before": draw.uniform(0.3, 1), "after": draw.uniform(0.3, 1)}
    if draw.random() < 0.5:
        rates["after"] = rates["before"]
    found = []
    for at in range(cases):
        tags = ("critical",) if draw.random() < 0.05 else ()
        # Some have three cases, and some have one.
        cluster = f"k-{at % clusters if at % 3 else 0}" if clusters else None
        for name, rate in rates.items():
            if draw.random() < 0.03:
                continue
            found += [
                result(
                    name,
                    f"c-{at}",
                    None if draw.random() < 0.02 else draw.random() < rate,
                    repeat=repeat,
                    tags=tags,
                    cluster=cluster,
                    cost_micro_usd=draw.randrange(500, 1500),
                    seconds=draw.uniform(1, 3),
                )
                for repeat in range(1, repeats + 1)
            ]
    return rules, found


def as_trial(one):
    told = None if one.passed is None else float(one.passed)
    cost, seconds = float(one.cost_micro_usd), one.seconds
    return Tried(one.case, told, cost, seconds, "critical" in one.tags, one.cluster)


def test_the_verdict_and_its_counts_are_those_of_the_evaluator_whatever_was_tried():
    draw, verdicts = random.Random(23), []
    some = random.Random(24)
    for _ in range(EXPERIMENTS):
        rules, results = made_up(draw)
        away = {case for case, day in rules.quarantine.items() if day >= TODAY.isoformat()}
        kept = [one for one in results if one.case not in away]

        candidates = some.choice([1, 1, 5, 50])
        reported = gate(rules, kept, "before", "after", {}, candidates=candidates)
        sides = [
            [as_trial(one) for one in results if one.arm == arm] for arm in ("after", "before")
        ]
        found = verdict_of(rules, *sides, TODAY, candidates)

        assert found.verdict == reported.verdict, (rules, results, reported)
        counted = reported.counted
        assert found.cases == counted.cases
        assert found.candidate_passed == pytest.approx(counted.candidate_passed)
        assert found.baseline_passed == pytest.approx(counted.baseline_passed)
        verdicts.append(found.verdict)
    assert min(map(verdicts.count, ("pass", "fail", "inconclusive"))) > EXPERIMENTS // 20


@pytest.mark.parametrize("freedom", [1, 1.3, 2, 3, 4.7, 7, 30, 501, 2000, 2001, 100_000])
@pytest.mark.parametrize("confidence", [0.6, 0.9, 0.95])
def test_students_t_is_that_of_scipy(freedom, confidence):
    expected = special.stdtrit(freedom, (1 + confidence) / 2)

    assert t_quantile(freedom, confidence) == pytest.approx(expected, rel=1e-6)


def scored(*assertions, passed=True):
    history = trial(NEW, "c-1", tags=("critical",), cluster="k-1")
    told = RunEvaluated(passed=passed, score=1.0, assertions=assertions)
    history.facts.pop()
    history.say(told, history.root)
    return history.run


OWN, JUDGED = score("own", True), score("resolved", False, kind="judged")
SPLIT = score("resolved", False, kind="judged", undecided=True)


@pytest.mark.parametrize(
    ("assertions", "judged", "passed"),
    [
        ((OWN,), (), 1.0),
        ((), (), None),
        ((OWN, JUDGED), (), 1.0),
        ((OWN, JUDGED), ("resolved",), 0.0),
        ((JUDGED,), (), None),
        ((OWN, SPLIT), ("resolved",), None),
        ((OWN, SPLIT), (), 1.0),
    ],
)
def test_a_trial_passes_by_all_but_judges_that_nobody_has_held_against_people(
    assertions: tuple[AssertionResult, ...], judged, passed
):
    undecided = any(one.undecided for one in assertions)
    whole = None if undecided else all(one.passed for one in assertions)
    told = result("a", "c", whole, scores=assertions)

    assert tried(scored(*assertions), judged).passed == passed
    assert passed_for_sure(judged)(told) == passed, "the evaluator says so too"


def test_a_trial_tells_whether_its_case_is_critical_and_which_others_fail_with_it():
    found = tried(scored(OWN), ())

    assert (found.case, found.is_critical, found.cluster) == ("c-1", True, "k-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"arm": "other"},
        {"experiment": "refunds-2"},
        {"repeat": 2},
        {"seed": 7},
        {"definition": NEW.model_dump(mode="json")},
        {"model": "large"},
        {"instructions": "You are kind."},
        {"task": {"label": "staging", "requester": "otto", "priority": 1, "concurrency_key": "k"}},
    ],
)
def test_two_versions_are_asked_the_same_whatever_makes_them_versions(changes):
    one, other = trial(NEW, "c-1"), trial(NEW, "c-1", **changes)

    assert tried(one.run, ()).asked == tried(other.run, ()).asked


def test_cases_in_quarantine_may_have_been_asked_differently():
    ours, theirs = (
        [Tried("c-0", 1.0, asked="same"), Tried("c-1", 1.0, asked=asked)] for asked in ("a", "b")
    )
    away = GateRules(quarantine={"c-1": TODAY.isoformat()})

    assert verdict_of(away, ours, theirs, TODAY).cases == 1
    with pytest.raises(ValueError, match="held to it: c-1"):
        verdict_of(GateRules(), ours, theirs, TODAY)


def test_of_a_trial_that_nobody_has_scored_nothing_is_known():
    history = trial(NEW, "c-1")
    history.facts.pop()

    assert tried(history.run, ()).passed is None
