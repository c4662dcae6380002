"""Scenario files: what is wrong with one is said with file, place and reason."""

import re
from pathlib import Path

import pytest

from infra.simulator.errors import ScenarioInvalid
from infra.simulator.library import load_scenarios, parse_scenarios

PAGE = Path(__file__).parents[3] / "docs" / "simulator.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)

HEAD = "name: s\nmatch: {user: 'order (?P<order>\\d+)'}\nturns:\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a", "give name, match and turns"),
        ("name: [", "is not YAML"),
        ("name: s\nmatch: {}\nturns: [{say: x}]", "match: .*at least one of model, user, system"),
        (HEAD + "  - {say: x, colour: red}", r"turns\[0\].colour"),
        (HEAD + "  - {delay_ms: 5}", r"turns\[0\]: .*say, call, refuse"),
        (HEAD + "  - {say: x, refuse: y}", "refuse stands alone"),
        (HEAD + "  - {say: '{{match.ordre}}'}", r"match.ordre.*no such group.*match.order"),
        (HEAD + "  - {say: '{{orders.1}}'}", "start with one of match"),
        (HEAD + "  - {when: {user_matches: '('}, say: x}", "is not a regular expression"),
        (HEAD + "  - {when: {}, say: x}", "give at least one of"),
        (HEAD + "  - {say: x, repeat: forever}\n  - {say: y}", "repeats forever; put it last"),
        (HEAD + "  - {fault: {kind: rate_limited, times: 2}}", "say, call, refuse"),
    ],
)
def test_a_bad_scenario_says_where_it_is_wrong(text, says):
    with pytest.raises(ScenarioInvalid, match=f"bad.yaml: .*{says}"):
        parse_scenarios(text, Path("bad.yaml"))


def test_two_scenarios_cannot_share_a_name(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("{name: same, match: {model: x}, turns: [{say: x}]}")

    with pytest.raises(ScenarioInvalid, match=r"b.yaml: same: this name is taken by .*a.yaml"):
        load_scenarios(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ScenarioInvalid, match="is not a folder"):
        load_scenarios(tmp_path / "missing")


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_of_the_page_is_a_valid_scenario(block):
    assert parse_scenarios(block, PAGE)


def test_the_page_shows_scenarios():
    assert len(BLOCKS) >= 3
