"""What people are asked about, and what they said is kept."""

import pytest

from contracts.evaluation import AssertionResult
from infra.evals.labelling import (
    Labeller,
    judged_results,
    labels_of,
    labels_on_log,
    undecided,
)
from services.console.cli.errors import DENIED, CommandFailed
from services.evaluator.results import Result


def result(run_id, *scores):
    return Result(
        arm="a",
        case=run_id,
        run_id=run_id,
        tenant="acme",
        status="completed",
        passed=True,
        scores=scores,
    )


def judged(name, *, by="panel@1", undecided=False):
    return AssertionResult(
        name=name, passed=True, score=1.0, reason="", kind="judged", by=by, undecided=undecided
    )


def test_one_metric_needs_no_name_and_several_do():
    one = [result("r-1", judged("truth")), result("r-2", judged("nobody-asked", by=""))]

    assert judged_results(one, None) == ("truth", one[:1])
    with pytest.raises(CommandFailed, match="several metrics") as refused:
        judged_results([*one, result("r-3", judged("tone"))], None)
    assert "truth, tone" in refused.value.remedy
    with pytest.raises(CommandFailed, match="no judge was asked about tone"):
        judged_results(one, "tone")
    with pytest.raises(CommandFailed, match="no judge was asked"):
        judged_results([result("r-1")], None)


class Platform:
    """Takes labels like the console, of all runs but those that it refuses."""

    def __init__(self, principal="anna", refuses=()):
        self.principal = principal
        self.refuses = refuses
        self.said = {}

    def post(self, path, body, *, tenant):
        run_id = path.split("/")[2]
        if run_id in self.refuses:
            raise CommandFailed("anna asked for this run", "let somebody else label it", DENIED)
        at = "2026-03-02T12:00:00Z"
        said = {**body, "principal": self.principal, "at": at}
        self.said.setdefault((tenant, run_id), []).append(said)
        return said

    def get(self, path, *, tenant):
        return {"labels": self.said.get((tenant, path.split("/")[2]), [])}


def labeller(folder, platform):
    return Labeller(platform, folder / "l.jsonl", "truth", platform.principal)


def test_who_goes_on_is_asked_about_the_rest_alone(tmp_path):
    results = [result(f"r-{number}", judged("truth")) for number in range(3)]
    anna, ben = (labeller(tmp_path, Platform(name)) for name in ("anna", "ben"))

    anna.say(results[0], passed=True)
    anna.say(results[2], passed=False)

    assert [one.run_id for one in anna.left(results)] == ["r-1"]
    assert len(ben.left(results)) == 3
    assert [one.passed for one in labels_of(tmp_path / "l.jsonl")] == [True, False]


def test_a_label_is_the_same_on_the_platform_and_in_the_file(tmp_path):
    platform, one = Platform(), result("r-1", judged("truth"))

    labeller(tmp_path, platform).say(one, passed=True)

    assert labels_on_log(platform, [one]) == labels_of(tmp_path / "l.jsonl")
    assert [said.principal for said in labels_on_log(platform, [one])] == ["anna"]


def test_a_label_that_the_platform_refuses_is_not_in_the_file(tmp_path):
    platform = Platform(refuses=("r-1",))

    with pytest.raises(CommandFailed, match="asked for this run"):
        labeller(tmp_path, platform).say(result("r-1", judged("truth")), passed=True)

    assert labels_of(tmp_path / "l.jsonl") == ()


def test_a_file_with_mistakes_says_which_line(tmp_path):
    (tmp_path / "l.jsonl").write_text("no\n")

    with pytest.raises(CommandFailed, match="line 1"):
        labels_of(tmp_path / "l.jsonl")


def test_what_the_jury_could_not_agree_on_can_be_asked_about_alone():
    results = [result("r-1", judged("truth")), result("r-2", judged("truth", undecided=True))]

    assert [one.run_id for one in undecided(results, "truth")] == ["r-2"]
