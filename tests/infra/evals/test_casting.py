"""Cases from elsewhere: graders beside samples, and a failing that is seen more than once."""

import json
from dataclasses import dataclass, field

import pytest
from typer.testing import CliRunner

from contracts.suite import Case
from infra.evals import smaller
from infra.evals.commands import app
from infra.evals.forecast import Ceilings
from infra.evals.plan import ArmSpec
from infra.evals.purse import Purse
from tests.evaluator.comparing.arms import result

SAMPLE = {"item": {"input": "Where is parcel 7?", "where": "in Rome"}}
GRADER = {
    "type": "string_check",
    "name": "place",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.where }}",
    "operation": "eq",
}


@pytest.fixture
def files(tmp_path):
    samples, graders = tmp_path / "samples.jsonl", tmp_path / "graders.json"
    samples.write_text(json.dumps(SAMPLE) + "\n")
    graders.write_text(json.dumps([GRADER]))
    return str(samples), str(graders)


def test_graders_of_openai_evals_score_every_sample(files):
    samples, graders = files

    told = CliRunner().invoke(app, ["import", "openai-evals", samples, "--graders", graders])

    case = Case.model_validate_json(told.stdout)
    assert [(one.kind, one.value) for one in case.scorers] == [("exact", "in Rome")]


def test_another_format_has_no_graders(files):
    samples, graders = files

    told = CliRunner().invoke(app, ["import", "promptfoo", samples, "--graders", graders])

    assert told.exit_code == 2
    assert "promptfoo has no graders" in told.stderr


@dataclass
class Tries:
    """What the next trials come to; counts those that were made."""

    outcomes: list[bool]
    made: list[str] = field(default_factory=list)

    def __call__(self, _client, one, *_):
        self.made.append(one.run_id)
        return result("now", one.case.id, self.outcomes.pop(0))


def trying(repeats):
    ceilings = Ceilings({})
    return smaller._Trying(None, ArmSpec("now", "support"), ceilings, Purse(10**9), None, repeats)


@pytest.mark.parametrize(
    ("passed", "fails", "made"),
    [
        ([False, False, True], True, 2),
        ([True, False, False], True, 3),
        ([True, True, False], False, 2),
    ],
)
def test_a_case_fails_where_most_repeats_do_and_no_more_are_tried_than_tell(
    monkeypatch, passed, fails, made
):
    tries = Tries(list(passed))
    monkeypatch.setattr(smaller, "try_case", tries)
    monkeypatch.setattr(Ceilings, "of", lambda *_: 1000)

    assert trying(3).fails(Case(id="c-1", input="Where?")) is fails
    assert len(set(tries.made)) == made
