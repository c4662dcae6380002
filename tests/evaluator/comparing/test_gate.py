"""Three exits: pass, fail, and these cases cannot tell."""

import os
import re

import numpy as np
import pytest

from contracts.suite import GateRules
from services.evaluator.calibration.trust import Standing
from services.evaluator.comparing import BadDate
from services.evaluator.comparing.gate import decide
from services.evaluator.statistics.intervals import Interval
from services.evaluator.statistics.paired import difference_of_shares
from tests.evaluator.calibration.cards import card
from tests.evaluator.comparing.arms import arm, report, result, score, verdict

SUITES = 10_000 if os.environ.get("INTERLOCK_FULL") == "1" else 3000


def changed(cases, drop, discordance=0.1):
    """Outcomes of two arms on the same cases: so many changed either way, and a drop beside it."""
    better = round(cases * discordance / 2)
    worse = better + round(cases * drop)
    passed = cases - cases // 20 - better - worse
    before = [True] * passed + [False] * (cases // 20) + [False] * better + [True] * worse
    after = [True] * passed + [False] * (cases // 20) + [True] * better + [False] * worse
    return arm("before", before), arm("after", after)


def check(found, name):
    return next(one for one in found.checks if one.name == name)


def test_200_cases_of_which_8_in_100_got_worse_fail():
    found = verdict(*changed(200, 0.08))

    assert found.verdict == "fail"
    assert "points counts as equal" in found.checks[0].sentence


def test_20_such_cases_cannot_tell_and_say_how_many_would():
    found = verdict(*changed(20, 0.08))

    assert found.verdict == "inconclusive"
    assert "These 20 cases cannot tell. About" in found.checks[0].sentence
    assert "cases would, should it stay so." in found.checks[0].sentence
    assert found.smallest_drop > 0.08


def test_arms_that_do_the_same_pass():
    outcomes = [True] * 180 + [False] * 20

    assert verdict(arm("before", outcomes), arm("after", outcomes)).verdict == "pass"


def test_20_cases_that_do_the_same_prove_nothing():
    assert verdict(arm("before", [True] * 20), arm("after", [True] * 20)).verdict == "inconclusive"


def test_an_arm_that_is_better_passes():
    before, after = changed(200, 0.08)
    swapped = [one.model_copy(update={"arm": "new"}) for one in before]

    assert verdict(after, swapped).verdict == "pass"


def share_of(verdict_, cases, drop, discordance, margin):
    """How often suites of a world come to this verdict, in 100."""
    draw = np.random.default_rng(2)
    odds = [discordance / 2, discordance / 2 + drop, 1 - discordance - drop]
    found = (
        decide(
            difference_of_shares(draw.choice([1.0, -1.0, 0.0], cases, p=odds), confidence=0.9),
            margin,
        )
        for _ in range(SUITES)
    )
    return 100 * sum(one == verdict_ for one in found) / SUITES


@pytest.mark.parametrize("cases", [20, 50, 200, 500])
@pytest.mark.parametrize("discordance", [0.02, 0.1, 0.2])
def test_equal_arms_are_failed_in_at_most_5_of_100_suites(cases, discordance):
    assert share_of("fail", cases, 0.0, discordance, 0.03) <= 5 + 1.5


@pytest.mark.parametrize("cases", [50, 200, 500])
@pytest.mark.parametrize("discordance", [0.02, 0.1, 0.2])
def test_arms_that_are_worse_by_the_margin_pass_in_at_most_5_of_100_suites(cases, discordance):
    assert share_of("pass", cases, 0.05, discordance, 0.05) <= 5 + 1.5


def test_a_drop_of_8_points_in_200_cases_fails_in_8_of_10_suites():
    assert share_of("fail", 200, 0.08, 0.1, 0.03) >= 80


@pytest.mark.parametrize(("cases", "discordance"), [(1000, 0.1), (2000, 0.04), (2000, 0.1)])
def test_a_drop_that_the_margin_allows_fails_in_few_suites_however_sure_they_are(
    cases, discordance
):
    assert share_of("fail", cases, 0.02, discordance, 0.03) <= 20


@pytest.mark.parametrize(("value", "said"), [(-0.029, "inconclusive"), (-0.031, "fail")])
def test_worse_for_sure_fails_from_the_margin_on(value, said):
    assert decide(Interval(value, value - 0.01, value + 0.01, "so"), 0.03) == said


def asked_for(found):
    """How many cases the gate says would decide."""
    said = re.search(r"About ([\d,]+) cases", found.checks[0].sentence)
    return int(said.group(1).replace(",", ""))


def test_where_documents_stand_for_cases_more_of_them_are_asked_for():
    alone = changed(400, 0.02)
    lumped = [
        [one.model_copy(update={"cluster": f"d-{int(one.case[2:]) // 40}"}) for one in results]
        for results in alone
    ]

    assert 400 < asked_for(verdict(*alone)) < asked_for(verdict(*lumped))


def test_an_arm_that_costs_more_than_the_margin_fails():
    before = arm("before", [True] * 200)
    after = [one.model_copy(update={"arm": "after", "cost_micro_usd": 1500}) for one in before]

    found = verdict(before, after, rules=GateRules(cost_margin=0.1))

    assert found.verdict == "fail"
    assert "+50.0 %" in check(found, "cost").sentence
    assert verdict(before, after).verdict == "pass"


def test_a_critical_case_must_pass_in_every_repeat():
    before = arm("before", [True] * 200)
    after = [one.model_copy(update={"arm": "after"}) for one in before]
    for results, last in ((before, True), (after, False)):
        name = results[0].arm
        results += [result(name, "vital", True, repeat=n, tags=("critical",)) for n in (1, 2)]
        results.append(result(name, "vital", last, repeat=3, tags=("critical",)))

    found = verdict(before, after)

    assert found.verdict == "fail"
    assert "0 of 1 passed in every repeat; not so vital" in check(found, "critical cases").sentence


def vital(name, *outcomes):
    """200 cases that pass, and a critical one with these repeats."""
    repeats = enumerate(outcomes, 1)
    return arm(name, [True] * 200) + [
        result(name, "vital", passed, repeat=n, tags=("critical",)) for n, passed in repeats
    ]


def test_a_critical_case_with_a_repeat_that_nobody_knows_of_cannot_be_told():
    found = verdict(vital("before", True, True), vital("after", True, None))

    assert found.verdict == "inconclusive"
    assert "0 of 1 passed in every repeat; without an outcome vital." in (
        check(found, "critical cases").sentence
    )


def test_a_critical_case_that_the_candidate_was_not_tried_on_cannot_be_told():
    assert verdict(vital("before", True), vital("after")).verdict == "inconclusive"


def test_a_critical_case_that_failed_once_fails_whatever_else_is_unknown():
    assert verdict(vital("before", True, True), vital("after", None, False)).verdict == "fail"


def test_a_critical_case_that_only_a_judge_without_a_card_saw_cannot_be_told():
    before, after = vital("before", True), vital("after", True)
    for results in (before, after):
        seen = (score("helpful", passed=True, kind="judged"),)
        results[-1] = results[-1].model_copy(update={"scores": seen})

    assert verdict(before, after).verdict == "inconclusive"


def test_a_case_in_quarantine_is_left_out_until_its_day():
    before, after = arm("before", [True] * 200), arm("after", [True] * 199 + [False])
    after[-1] = after[-1].model_copy(update={"tags": ("critical",)})
    until = GateRules(quarantine={"c-199": "2026-03-02"})
    over = GateRules(quarantine={"c-199": "2026-03-01"})

    assert verdict(before, after, rules=until).verdict == "pass"
    assert verdict(before, after, rules=over).verdict == "fail"
    assert "ended on 2026-03-01: it counts again" in report(before, after, rules=over).notes[0]


def test_a_quarantine_that_is_not_until_a_day_is_a_mistake():
    rules = GateRules(quarantine={"c-1": "soon"})

    with pytest.raises(BadDate, match=r"gate\.quarantine\.c-1: 'soon' is no date"):
        report(arm("before", [True]), rules=rules)


def judged(name, outcomes, others=True):
    """Scored by a jury, and where `others` is so by a rule that all pass."""
    plain = [score("exact", passed=True)] if others else []
    return [
        result(name, f"c-{at}", one, scores=(*plain, score("helpful", passed=one, kind="judged")))
        for at, one in enumerate(outcomes)
    ]


def test_a_judge_without_a_card_is_shown_and_not_counted():
    before, after = judged("before", [True] * 200), judged("after", [False] * 200)

    found = verdict(before, after)

    assert found.verdict == "pass"
    assert "not counted" in check(found, "judges").sentence
    assert verdict(before, after, standings={"helpful": Standing(card())}).verdict == "fail"


def test_a_judge_whose_card_is_void_is_not_counted_either():
    before, after = judged("before", [True] * 200), judged("after", [False] * 200)

    found = verdict(before, after, standings={"helpful": Standing(why_not="its card is void")})

    assert found.verdict == "pass"
    assert "helpful, its card is void" in check(found, "judges").sentence


def test_a_judge_without_a_card_cannot_gate_alone():
    arms = judged("before", [True] * 200, others=False), judged("after", [True] * 200, others=False)

    assert verdict(*arms).verdict == "inconclusive"
    assert verdict(*arms, standings={"helpful": Standing(card())}).verdict == "pass"


def test_cases_without_an_outcome_are_no_reason_to_pass():
    before, after = arm("before", [True] * 200), arm("after", [True] * 150 + [None] * 50)

    found = verdict(before, after)

    assert found.verdict == "inconclusive"
    assert "50 cases have no outcome in both arms" in check(found, "outcomes").sentence


def test_the_worst_check_decides():
    before = arm("before", [True] * 30)
    after = [one.model_copy(update={"arm": "after", "cost_micro_usd": 3000}) for one in before]

    found = verdict(before, after, rules=GateRules(cost_margin=0.1))

    assert {one.verdict for one in found.checks} == {"inconclusive", "fail"}
    assert found.verdict == "fail"
