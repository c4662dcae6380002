"""One configuration for each environment: the base, and what an overlay says otherwise."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from infra.cli import app
from infra.configuration.rendering import RenderFailed, merged, render
from shared.config import ManifestFile
from shared.versions import VERSIONS, versions_of
from tests.bodies import manifest

SHIPPED = Path(__file__).parents[3] / "infra" / "config"

VALUES = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture
def base(tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "config")
    return tmp_path / "config"


def overlay(base, path, content):
    file = base / "overlays" / "test" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize("name", [None, "staging", "prod"])
def test_every_environment_that_ships_is_a_configuration(base, tmp_path, name):
    render(base, name, tmp_path / "out")

    found = json.loads((tmp_path / "out" / VERSIONS).read_text())
    assert found["overlay"] == name
    assert found["whole"] == versions_of(tmp_path / "out").whole
    assert not (tmp_path / "out" / "overlays").exists()


def test_an_overlay_changes_what_it_names_and_nothing_else(base, tmp_path):
    overlay(base, "agents/support.yaml", {"limits": {"steps": 5}, "description": None})
    overlay(base, "agents/night.yaml", {"name": "night", "instructions": "Say that we sleep."})
    before = versions_of(base)

    render(base, "test", tmp_path / "out")

    after = versions_of(tmp_path / "out")
    agent = yaml.safe_load((tmp_path / "out/agents/support.yaml").read_text())
    assert (agent["limits"]["steps"], agent["limits"]["deadline"]) == (5, "15m")
    assert "description" not in agent
    assert {name for name in after.agents if after.agents[name] != before.agents.get(name)} == {
        "support",
        "night",
    }
    assert after.parts == before.parts
    untouched = "models.yaml"
    assert (tmp_path / "out" / untouched).read_text() == (base / untouched).read_text()


def test_comments_and_order_are_no_other_version(base):
    before = versions_of(base)
    file = base / "budgets.yaml"
    written = yaml.safe_load(file.read_text())
    file.write_text("# New words.\n" + yaml.safe_dump(dict(reversed(written.items()))))

    assert versions_of(base) == before


def test_what_does_not_parse_leaves_the_folder_as_it_was(base, tmp_path):
    out = tmp_path / "out"
    render(base, None, out)
    before = versions_of(out)
    overlay(base, "agents/support.yaml", {"limits": {"steps": -1}})

    with pytest.raises(RenderFailed, match=r"out/agents/support\.yaml: limits\.steps"):
        render(base, "test", out)

    assert versions_of(out) == before
    assert [one.name for one in tmp_path.glob(".*")] == []


def test_parts_that_do_not_agree_are_no_configuration(base, tmp_path):
    overlay(base, "agents/support.yaml", {"model": "nowhere"})

    with pytest.raises(RenderFailed, match=r"models\.yaml has no alias 'nowhere'"):
        render(base, "test", tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_yaml_is_told_by_its_name(base, tmp_path):
    (base / "tools.yaml").write_text("modules: [")

    with pytest.raises(RenderFailed, match=r"out/tools\.yaml: not YAML"):
        render(base, None, tmp_path / "out")


def test_a_folder_that_was_not_rendered_is_not_written_over(base, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work").write_text("precious")

    with pytest.raises(RenderFailed, match="was not rendered"):
        render(base, None, tmp_path / "mine")
    with pytest.raises(RenderFailed, match="would hold itself"):
        render(base, None, base / "out")
    with pytest.raises(RenderFailed, match="has no nowhere; known are prod, staging"):
        render(base, "nowhere", tmp_path / "out")

    assert (tmp_path / "mine" / "work").read_text() == "precious"


@given(VALUES, VALUES)
def test_what_an_overlay_says_is_so_and_said_again_changes_nothing(below, over):
    found = merged(below, over)

    assert merged(found, over) == found
    assert merged(below, {}) == (below if isinstance(below, dict) else {})
    if not isinstance(below, dict) or not isinstance(over, dict):
        assert found == over


def test_a_key_that_is_null_is_taken_away():
    assert merged({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": None}}) == {"b": {"d": 3}}
    assert merged({"a": None}, {"b": 1}) == {"a": None, "b": 1}


def test_the_commands_render_and_tell(base, tmp_path):
    out = tmp_path / "out"

    made = CliRunner().invoke(
        app, ["config", "render", str(base), "--overlay", "prod", "-o", str(out)]
    )
    told = CliRunner().invoke(app, ["config", "show", str(out), "--json"])
    wrong = CliRunner().invoke(app, ["config", "render", str(base), "--overlay", "x", "-o", "y"])

    assert made.exit_code == 0, made.output
    assert json.loads(told.output)["agents"]["support"] in told.output
    assert json.loads(told.output)["whole"] in made.output
    assert wrong.exit_code == 2
    assert "known are prod, staging" in wrong.output


def test_the_same_words_over_other_tools_are_another_version(base, tmp_path):
    file = tmp_path / "tools.lock.json"
    file.write_text(ManifestFile(tools=(manifest(), manifest("send_email"))).model_dump_json())
    before = versions_of(base, file)
    file.write_text(ManifestFile(tools=(manifest("send_email"), manifest())).model_dump_json())
    in_another_order = versions_of(base, file)
    slower = manifest(timeout_seconds=99.0)
    file.write_text(ManifestFile(tools=(slower, manifest("send_email"))).model_dump_json())
    after = versions_of(base, file)

    assert in_another_order == before
    changed = {name for name in after.parts if after.parts[name] != before.parts[name]}
    assert changed == {"manifests"}
    assert after.whole != before.whole
    assert "manifests" not in versions_of(base).parts
