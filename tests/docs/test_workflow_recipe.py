"""The GitHub Actions example: it parses, installs what it calls, and runs when its files change."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import pytest
import typer
import yaml

from infra.cli import app

RECIPE = Path(__file__).resolve().parents[2] / "docs" / "recipes" / "gate_a_prompt_change.md"
FOLDERS = ("agents/", "prompts/", "suites/", "policies/")  # of a configuration, in the repository


@pytest.fixture(scope="module")
def workflow():
    (block,) = re.findall(r"```yaml\n(.*?)```", RECIPE.read_text(encoding="utf-8"), re.DOTALL)
    # The key `on` is the truth value of YAML 1.1, and a word to GitHub.
    parsed = yaml.safe_load(block)
    return {**parsed, "on": parsed[True]}


@pytest.fixture(scope="module")
def script(workflow):
    """The lines that are run, in their order."""
    runs = [step["run"] for step in workflow["jobs"]["gate"]["steps"] if "run" in step]
    return [line for one in runs for line in one.splitlines()]


def calls(script):
    """Every `interlock ...`, as words."""
    found = [one for line in script for one in re.findall(r"\binterlock (?!/)[a-z][^;&>']*", line)]
    return [shlex.split(one) for one in found]


def test_each_call_is_a_command_that_is_there_with_options_that_it_has(script):
    assert len(calls(script)) >= 6
    for words in calls(script):
        command, rest = typer.main.get_command(app), words[1:]
        while hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        known = {option for one in command.params for option in one.opts}
        asked = {word for word in rest if word.startswith("-")}
        assert asked <= known, f"{' '.join(words)}: no {asked - known}"


def test_interlock_is_installed_before_it_is_called(script):
    installed = next(at for at, line in enumerate(script) if "cd interlock && make install" in line)
    on_path = next(at for at, line in enumerate(script) if "GITHUB_PATH" in line)

    assert (
        installed
        < on_path
        < next(
            at
            for at, line in enumerate(script)
            if re.search(r"\binterlock (dev|eval|agents)\b", line)
        )
    )


def test_a_change_of_any_file_that_it_names_starts_it(workflow, script):
    paths = workflow["on"]["pull_request"]["paths"]
    pattern = rf"(?:{'|'.join(FOLDERS)})[\w./-]+"
    named = {name for line in script for name in re.findall(pattern, line)}

    assert named >= {"prompts/support.txt", "suites/support.yaml"}
    assert all(any(fnmatch(name, one) for one in paths) for name in named)


def test_the_gate_is_asked_last_so_that_a_failure_still_has_its_report(script):
    written = max(at for at, line in enumerate(script) if "eval report" in line or "gh pr" in line)

    assert script.index('interlock eval gate "$EXPERIMENT"') == len(script) - 1 > written


def test_each_commit_of_each_pull_request_is_an_experiment_of_its_own(workflow, script):
    """Trials under one name all count, on a platform that lasts also those of last year."""
    name = workflow["jobs"]["gate"]["env"]["EXPERIMENT"]
    asked = [one for one in calls(script) if one[1] == "eval"]

    assert "github.event.number" in name
    assert "head.sha" in name
    assert len(asked) >= 5
    assert all("$EXPERIMENT" in one for one in asked)
