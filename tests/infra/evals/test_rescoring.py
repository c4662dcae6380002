"""Recorded runs and their forks are held to the same scorers."""

import pytest

from contracts.scoring import Regex, StepsAtMost
from contracts.suite import Case
from infra.evals.counterfactual import Forking, _fork
from infra.evals.plan import ArmSpec
from infra.evals.rescoring import held_to, shared_scorers
from services.console.cli.errors import CommandFailed
from tests.evaluator.comparing.arms import result, score
from tests.evaluator.scorers.runs import find, finished

SHIPPED, SORRY, SHORT = Regex(pattern="shipped"), Regex(pattern="sorry"), StepsAtMost(steps=3)


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "refunds.yaml"

    def write(scorers):
        cases = "[{id: c-1, input: 'Where?', scorers: [{kind: exact, value: here}]}]"
        path.write_text(f"name: refunds\nagent: support\nscorers: {scorers}\ncases: {cases}\n")
        return path

    return write


@pytest.mark.parametrize(("scorers", "passed"), [((SHIPPED, SHORT), True), ((SORRY,), False)])
def test_a_recorded_run_passes_if_it_passes_these_too(scorers, passed):
    recorded = result("recorded", "r-1", True, scores=(score("resolved", passed=True),))

    found = held_to(recorded, finished(find()), scorers)

    assert found.passed is passed
    assert [one.name for one in found.scores] == ["resolved", *(one.kind for one in scorers)]


def test_what_was_failed_or_unknown_stays_so():
    run = finished(find())
    failed = result("recorded", "r-1", False, scores=(score("resolved", passed=False),))

    assert held_to(failed, run, (SHIPPED,)).passed is False
    assert held_to(result("recorded", "r-1", None), run, (SHIPPED,)).passed is None


def test_a_fork_carries_the_same_scorers():
    how = Forking(scorers=(SHIPPED, SHORT))

    fork = _fork(Case(id="r-1", input="?"), ArmSpec("new", "support"), "e", 1, how, 1000)

    assert [one["kind"] for one in fork.task["trial"]["scorers"]] == ["regex", "steps_at_most"]


def test_scorers_of_a_suite_are_those_that_all_cases_share(suite):
    assert shared_scorers(suite("[{kind: regex, pattern: shipped}]")) == (SHIPPED,)


@pytest.mark.parametrize(
    ("scorers", "told"),
    [
        ("[]", "no scorers that all cases share"),
        ("[{kind: judged, by: panel, question: 'Is it so?'}]", "panel asks somebody"),
    ],
)
def test_scorers_that_recorded_runs_cannot_be_held_to_are_refused(suite, scorers, told):
    with pytest.raises(CommandFailed, match=told):
        shared_scorers(suite(scorers))
