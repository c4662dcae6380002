"""What `interlock eval gate` exits with: a verdict, or an error that is told from each of them."""

import pytest
from typer.testing import CliRunner

from contracts.evaluation import JudgeVerdict
from contracts.suite import GateRules
from infra.evals import loading
from infra.evals.commands import app
from infra.evals.commands.looking import EXITS, NO_VERDICT
from infra.evals.folder import Folder
from tests.evaluator.comparing.arms import arm, experiment, result, score


@pytest.fixture
def config(tmp_path, monkeypatch):
    folder = tmp_path / "config"
    (folder / "cards").mkdir(parents=True)
    monkeypatch.setenv("INTERLOCK_CONFIG_DIR", str(folder))
    return folder


def kept(path, *arms):
    """An experiment with these results, as `eval run` leaves it."""
    folder = Folder(path / "tried")
    folder.begin(experiment(GateRules(), *(one[0].arm for one in arms)))
    for one in (each for results in arms for each in results):
        folder.add(one)
    return str(folder.path)


def gate(name):
    return CliRunner().invoke(app, ["gate", name], env={"COLUMNS": "200"})


def judged(name):
    said = JudgeVerdict(judge="a", version="1", run_id="j", says="pass", reason="so")
    given = score("truth", passed=True, kind="judged", by="panel@0f3a9c1b2d4e", verdicts=(said,))
    return [result(name, f"c-{at}", passed=True, scores=(given,)) for at in range(50)]


@pytest.mark.parametrize(
    ("outcomes", "code"), [([True] * 200, 0), ([False] * 200, 1), ([True] * 20, 6)]
)
def test_a_verdict_has_an_exit_code_of_its_own(config, tmp_path, outcomes, code):
    name = kept(tmp_path, arm("before", [True] * len(outcomes)), arm("after", outcomes))

    assert gate(name).exit_code == code


def test_a_card_that_nobody_can_read_is_no_verdict(config, tmp_path):
    (config / "cards" / "panel.truth.json").write_text("{broken")

    told = gate(kept(tmp_path, judged("before"), judged("after")))

    assert told.exit_code == NO_VERDICT
    assert "panel.truth.json" in told.stderr
    assert NO_VERDICT not in EXITS.values()


def test_a_record_that_cannot_be_written_is_no_verdict(config, tmp_path):
    arms = (arm(name, [True] * 200, agent_version=name) for name in ("before", "after"))
    name = kept(tmp_path, *arms)
    (tmp_path / "tried" / "gate.json").mkdir()

    told = gate(name)

    assert told.exit_code == NO_VERDICT
    assert "cannot be written" in told.stderr


def test_a_mistake_of_ours_is_no_verdict(config, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(loading, "compare", broken)

    told = gate(kept(tmp_path, arm("before", [True]), arm("after", [True])))

    assert told.exit_code == NO_VERDICT
    assert "ZeroDivisionError: a mistake" in told.stderr


def test_an_experiment_that_is_not_there_is_the_error_that_it_is_everywhere(config):
    assert gate("nowhere").exit_code == 3
