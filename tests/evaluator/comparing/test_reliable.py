"""pass^k and the accord of juries: summed up in every report, and a floor for the gate."""

import pytest

from contracts.evaluation import JudgeVerdict
from contracts.suite import GateRules
from services.evaluator.comparing.juries import accord
from services.evaluator.reporting.html import html
from services.evaluator.reporting.junit import junit
from services.evaluator.reporting.markdown import markdown
from services.evaluator.reporting.terminal import screen
from tests.evaluator.comparing.arms import arm, report, result, score, verdict
from tests.evaluator.reporting.test_forms import text_of

FORMS = {
    "html": html,
    "terminal": lambda found: text_of(screen(found), width=200),
    "junit": junit,
    "markdown": markdown,
}


def repeated(name, passes, cases=200, repeats=4):
    """Cases of which so many repeats pass."""
    return [
        result(name, f"c-{at}", number < passes(at), repeat=number + 1)
        for at in range(cases)
        for number in range(repeats)
    ]


def mostly(at):
    """Every fourth case fails once in four."""
    return 3 if at % 4 == 0 else 4


def summary(found, metric):
    return next(one for one in found.metrics if one.metric == metric)


def test_of_repeated_cases_a_report_tells_how_many_pass_every_time():
    found = report(repeated("a", mostly))

    assert summary(found, "pass_rate").rate.value == pytest.approx(15 / 16)
    every = summary(found, "pass^4")
    assert (every.rate.value, every.rate.cases) == (0.75, 200)
    assert every.rate.low < 0.75 < every.rate.high


def test_a_case_with_a_repeat_that_nobody_knows_of_is_left_out_and_counted():
    results = repeated("a", mostly)
    results[-1] = results[-1].model_copy(update={"passed": None})

    every = summary(report(results), "pass^4")

    assert (every.rate.cases, every.undecided) == (199, 1)


def test_of_cases_that_were_tried_once_nothing_is_told_of_every_time():
    assert not [one for one in report(arm("a", [True])).metrics if "^" in one.metric]


@pytest.mark.parametrize(("floor", "said"), [(0.6, "pass"), (0.75, "inconclusive"), (0.9, "fail")])
def test_a_floor_of_every_time_passes_fails_or_cannot_be_told(floor, said):
    rules = GateRules(pass_k=floor)

    found = verdict(repeated("before", mostly), repeated("after", mostly), rules=rules)

    (check,) = [one for one in found.checks if one.name == "pass^4"]
    assert check.verdict == found.verdict == said
    assert "75.0 % of 200 cases pass 4 times of 4" in check.sentence


def test_a_floor_is_one_more_figure_that_may_fail_by_chance():
    assert GateRules().checks == 1
    assert GateRules(pass_k=0.9, cost_margin=0.1).checks == 3


def judged(case, **says):
    """A result that a jury judged; each judge says so."""
    verdicts = tuple(
        JudgeVerdict(judge=name, version="1", run_id="j", says=one, reason="so")
        for name, one in says.items()
    )
    scores = (score("truth", passed=True, kind="judged", verdicts=verdicts),)
    return result("a", case, passed=True, scores=scores)


JURIES = [
    judged("j-1", a="pass", b="pass", c="pass"),
    judged("j-2", a="pass", b="fail", c="pass"),
    judged("j-3", a="fail", b="fail", c="nothing"),
    judged("j-4", a="pass", b="nothing", c="nothing"),
]


def test_split_juries_are_counted_among_those_of_which_two_voted():
    found = accord(JURIES, "truth")

    assert (found.juries, found.split) == (3, pytest.approx(1 / 3))


def test_alpha_of_juries_is_krippendorffs_by_hand():
    """Of 8 votes 5 pass and 3 fail; of the pairs within a jury, 2 of 3 differ in the split one."""
    seen = (3**2 - (2**2 + 1)) / 2
    expected = (8**2 - (5**2 + 3**2)) / 7

    assert accord(JURIES, "truth").alpha == pytest.approx(1 - seen / expected)


def test_single_judges_agree_with_nobody():
    assert accord([judged("j-1", a="pass")], "truth") is None


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_reliability_and_accord(form):
    told = FORMS[form](report([*repeated("a", mostly), *JURIES]))

    assert "pass^4" in told.replace("\\", "")
    assert "juries split in 33 %, alpha 0.53" in " ".join(told.replace("\\", "").split())
