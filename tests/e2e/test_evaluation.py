"""Suites on a whole platform: tried, gone on with, compared, gated; and nothing is touched."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio
import yaml

from contracts.release import GateRecord
from infra.dev.assembly import REPOSITORY
from services.console.cli.agent_files import as_yaml
from shared.config import load_agents
from tests.e2e.commands import interlock, typed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

TENANT = "suites"
CASES = 200
FEW = 20


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A suite of puzzles, and prompts for it: as it is, worse, and the same in other words."""
    path = tmp_path_factory.mktemp("suite")
    cases = [
        {
            "id": f"puzzle-{number}",
            "input": f"Puzzle {number}",
            "scorers": [{"kind": "numeric", "value": number, "pattern": r"is (\d+)\."}],
        }
        for number in range(1, CASES + 1)
    ]
    suite = {"name": "puzzles", "agent": "support", "cases": cases}
    (path / "puzzles.yaml").write_text(yaml.safe_dump(suite))
    (path / "steady.txt").write_text("Answer steadily.")
    (path / "hasty.txt").write_text("Answer hastily.")
    (path / "same.txt").write_text("Answer steadily, in the same way.")
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tried(platform, folder):
    """The experiment, once for all tests: where the platform lives, and what was printed."""
    home = platform.places.home.path
    prompts = [f"--prompt={folder / name}.txt" for name in ("steady", "hasty")]
    asked = ("run", str(folder / "puzzles.yaml"), *prompts, "--tenant", TENANT, "--yes")
    code, said = await typed(home, *asked, "--at-once=16", "--name=puzzles")
    assert code == 0, said
    return home, asked, said


async def test_every_case_of_every_arm_has_a_result(tried):
    home, _, said = tried

    (listed,) = [
        one
        for one in json.loads(await interlock(home, "eval", "list", "--json"))
        if one["name"] == "puzzles"
    ]
    assert (listed["results"], listed["trials"]) == (2 * CASES, 2 * CASES)
    # What it may cost was told, and beside it what such runs have cost, if there were any.
    assert re.search(rf"{2 * CASES} trials: .*at most \$", said)


async def test_the_same_command_tries_nothing_twice(tried):
    home, asked, _ = tried

    code, said = await typed(home, *asked, "--name=puzzles", "--json")

    assert code == 0
    assert sum(json.loads(said)["counts"].values()) == 2 * CASES


async def test_of_200_cases_a_drop_of_8_points_fails(tried):
    home, _, _ = tried

    code, said = await typed(home, "gate", "puzzles", "--json")

    assert code == 1, said
    (found,) = json.loads(said)
    assert (found["candidate"], found["verdict"]) == ("hasty", "fail")
    assert 0 < found["smallest_drop"] < 0.12


async def test_20_cases_cannot_tell(tried, folder):
    home, _, _ = tried
    few = (f"--sample={FEW}", "--seed=3", "--name=few", f"--tenant={TENANT}", "--yes")
    prompts = [f"--prompt={folder / name}.txt" for name in ("steady", "hasty")]
    assert (await typed(home, "run", str(folder / "puzzles.yaml"), *prompts, *few))[0] == 0

    code, said = await typed(home, "gate", "few")

    assert code == 6, said
    assert "INCONCLUSIVE" in said
    assert f"These {FEW} cases cannot tell" in " ".join(said.split())


async def test_of_200_cases_the_same_in_other_words_passes(tried, folder):
    home, _, _ = tried
    alone = ("--name=same-alone", f"--tenant={TENANT}", "--yes", "--at-once=16")
    same = ("run", str(folder / "puzzles.yaml"), f"--prompt={folder / 'same.txt'}", *alone)
    assert (await typed(home, *same))[0] == 0

    code, said = await typed(home, "gate", "same-alone", "--against", "puzzles")

    assert code == 0, said
    assert "PASS" in said


async def test_what_the_gate_said_of_a_whole_agent_lets_it_be_promoted(tried, folder):
    home, _, _ = tried
    agent = load_agents(REPOSITORY / "infra" / "config")["support"]
    steady = agent.model_copy(update={"instructions": "Answer steadily."})
    (folder / "support.yaml").write_text(as_yaml(steady.model_dump(mode="json")))
    asked = (f"--sample={FEW}", "--name=whole", f"--tenant={TENANT}", "--yes")
    whole = f"--definition={folder / 'support.yaml'}"
    assert (await typed(home, "run", str(folder / "puzzles.yaml"), whole, *asked))[0] == 0

    _, said = await typed(home, "gate", "whole")

    file = home / "evals" / "whole" / "gate.json"
    record = GateRecord.model_validate_json(file.read_bytes())
    assert str(file) in said.replace("\n", "")
    assert (record.baseline_version, record.candidate_version) == (agent.version, steady.version)
    promoted = ("agents", "promote", "support", str(folder / "support.yaml"), "--to", "staging")
    assert steady.version in await interlock(home, *promoted, "--gate", str(file.parent), "--yes")
    await interlock(home, "agents", "end", "support", "--label", "staging")


async def test_nothing_was_touched_by_any_trial(tried, stage):
    assert tried
    assert await stage.effects("puzzles") == []


async def test_a_report_is_written_for_a_build_server_and_a_pull_request(tried, tmp_path):
    home, _, _ = tried

    file = tmp_path / "junit.xml"
    await interlock(home, "eval", "report", "puzzles", "--format=junit", "-o", str(file))
    markdown = await interlock(home, "eval", "report", "puzzles")
    page = await interlock(home, "eval", "report", "puzzles", "--format=html")

    suites = ET.parse(file).getroot().findall("testsuite")
    assert [int(one.get("tests")) for one in suites] == [CASES] * 2
    assert markdown.startswith("### Evaluation of puzzles")
    assert "**FAIL**: hasty in place of steady" in markdown
    assert "asked: Puzzle" in page
    assert "I would have to guess." in page


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "nothing"], 3, "there is no experiment nothing"),
        (["gate", "same-alone"], 2, "there is nothing to compare it with"),
        (["run", "none.yaml"], 2, "none.yaml"),
        (["report", "puzzles", "--format=pdf"], 2, "choose one of markdown, junit, html, json"),
        (["compare", "puzzles", "--baseline=x"], 2, "no arm is named 'x'"),
    ],
)
async def test_what_cannot_be_done_says_what_to_do(tried, arguments, code, words):
    home, _, _ = tried

    found, said = await typed(home, *arguments)

    assert found == code, said
    assert words in " ".join(said.split())


async def test_a_budget_is_held_and_can_be_raised(tried, folder):
    home, _, _ = tried
    asked = ("run", str(folder / "puzzles.yaml"), "--sample=6", "--name=poor", "--yes")

    code, said = await typed(home, *asked, "--budget-usd=0.5", f"--tenant={TENANT}")
    more, rest = await typed(home, *asked, "--budget-usd=3", f"--tenant={TENANT}")

    assert code == 1, said
    assert "5 trials were not run" in said
    assert more == 0, rest
