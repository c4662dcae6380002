"""A jury held against people and against hostile cases, and what its card lets it do."""

import json
import shutil
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from tests.e2e.commands import interlock, typed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

CONFIG = Path(__file__).parents[2] / "infra" / "config"
TENANT = "calibrated"
EACH = 9
SCORER = {"kind": "judged", "by": "panel", "name": "found", "question": "Was the parcel found?"}


@pytest.fixture(scope="session")
def config(tmp_path_factory):
    """A configuration folder of our own: cards and labels are written into it."""
    path = tmp_path_factory.mktemp("calibration") / "config"
    shutil.copytree(CONFIG, path)
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tried(platform, config):
    """Where the platform lives, and the runs of a judged suite: by case, of two arms."""
    home = platform.places.home.path
    file = config / "found.yaml"
    cases = [
        {"id": f"{how}-{number}", "input": f"Parcel {number}: {how}"}
        for how in ("plainly", "vaguely")
        for number in range(100, 100 + EACH)
    ]
    suite = {
        "name": "found",
        "agent": "support",
        "scorers": [SCORER],
        "cases": cases,
        "gate": {"margin": 0.25},
    }
    file.write_text(yaml.safe_dump(suite))
    prompts = [config / f"{name}.txt" for name in ("old", "new")]
    for prompt in prompts:
        prompt.write_text(f"Help with parcels, the {prompt.stem} way.")
    asked = ("run", str(file), *(f"--prompt={one}" for one in prompts), "--at-once=16")
    code, said = await typed(
        home, *asked, "--name=found", "--tenant", TENANT, "--yes", INTERLOCK_CONFIG_DIR=str(config)
    )
    assert code == 0, said
    report = json.loads(await interlock(home, "eval", "show", "found", "--json"))
    return home, report["results"]


async def test_before_anybody_calibrated_it_the_jury_is_shown_and_not_counted(tried, config):
    home, _ = tried

    _, said = await typed(home, "gate", "found", INTERLOCK_CONFIG_DIR=str(config))

    assert "not counted: found, nobody has calibrated it" in " ".join(said.split())


async def test_a_person_labels_runs_without_seeing_the_verdicts(tried, config):
    home, _ = tried

    code, said = await typed(
        home,
        *("label", "found", "--as=lead@localhost", "--labels", str(config / "few.jsonl")),
        said_to="x\np\ns\nf\nq\n",
        INTERLOCK_CONFIG_DIR=str(config),
    )

    assert code == 0, said
    assert "Was the parcel found?" in said
    assert "ANSWER\n| " in said
    assert "The transcript bears the answer out" not in said
    labels = [json.loads(line) for line in (config / "few.jsonl").read_text().splitlines()]
    assert [one["passed"] for one in labels] == [True, False]
    assert {one["principal"] for one in labels} == {"lead@localhost"}
    view = json.loads(
        await interlock(home, "runs", "show", labels[0]["run_id"], f"--tenant={TENANT}", "--json")
    )
    assert view[-1]["type"] == "run.labelled"


async def test_without_a_file_a_jury_is_held_against_the_labels_on_the_log(tried, config):
    home, _ = tried

    code, said = await typed(home, "calibrate", "found", INTERLOCK_CONFIG_DIR=str(config))

    assert code == 0, said
    assert "panel, asked about found: 2 labels" in said
    assert "It cannot gate alone" in said


async def test_a_card_is_made_of_labels_and_hostile_cases_and_lets_it_gate(tried, config):
    home, results = tried
    labels = [
        {
            "run_id": one["run_id"],
            "metric": "found",
            "passed": one["case"].startswith("plainly"),
            "principal": "anna",
            "at": "2026-03-02T12:00:00Z",
        }
        for one in results
    ]
    # People and the jury differ on two.
    labels[0]["passed"] = not labels[0]["passed"]
    labels[9]["passed"] = not labels[9]["passed"]
    file = config / "labels" / "found.jsonl"
    file.parent.mkdir()
    file.write_text("".join(json.dumps(one) + "\n" for one in labels))

    made, said = await typed(home, "calibrate", "found", INTERLOCK_CONFIG_DIR=str(config))
    gated, told = await typed(home, "gate", "found", INTERLOCK_CONFIG_DIR=str(config))

    assert made == 0, said
    assert f"panel, asked about found: {len(results)} labels, 0 undecided" in said
    assert "1.00 (0.76 to 1.00)  is not fooled by hostile cases" in said
    assert "It may gate." in said
    card = json.loads((config / "cards" / "panel.found.json").read_text())
    assert (card["hostile"], card["resisted"]) == (12, 12)
    assert 0.8 < card["kappa"]["value"] < 1
    assert gated == 0, told
    assert "not counted" not in told


async def test_the_card_is_shown_and_the_rate_is_corrected(tried, config):
    home, _ = tried

    _, judges = await typed(home, "judges", INTERLOCK_CONFIG_DIR=str(config))
    _, report = await typed(home, "show", "found", "--json", INTERLOCK_CONFIG_DIR=str(config))

    assert "found: kappa 0.8" in judges
    metric = next(one for one in json.loads(report)["metrics"] if one["metric"] == "found")
    assert metric["corrected"]["method"] == "rogan-gladen, lang-reiczigel"
    assert metric["note"].startswith("calibrated on 36 labels, kappa 0.8")


async def test_changing_a_judge_voids_its_card(tried, config):
    home, _ = tried
    agent = config / "agents" / "judge-b.yaml"
    written = agent.read_text()
    agent.write_text(written.replace("You judge the work", "You judge, strictly, the work"))
    try:
        code, said = await typed(home, "calibrate", "found", INTERLOCK_CONFIG_DIR=str(config))
    finally:
        agent.write_text(written)

    assert code == 4, said
    assert "not all of these runs were judged by panel as" in " ".join(said.split())
