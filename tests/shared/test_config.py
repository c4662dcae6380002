"""Configuration files: read into a model, or refused with file, place and reason."""

import pytest

from shared.config import load_agents, load_manifests, load_yaml
from shared.errors import ConfigError
from tests.bodies import agent, manifest

AGENT = "name: support\ninstructions: Help customers.\n"


def test_an_absent_file_is_named_with_what_to_set(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml.*INTERLOCK_CONFIG_DIR"):
        load_yaml(tmp_path / "absent.yaml", type(agent()))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: [", "not YAML"),
        ("name: support", "instructions: Field required"),
        (AGENT + "colour: red", "colour: Extra inputs"),
        ("", "the whole file"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, content, said):
    path = tmp_path / "one.yaml"
    path.write_text(content)

    with pytest.raises(ConfigError, match=said):
        load_yaml(path, type(agent()))


def test_two_agents_of_one_name_are_refused(tmp_path):
    (tmp_path / "agents").mkdir()
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / "agents" / name).write_text(AGENT)

    with pytest.raises(ConfigError, match=r"two\.yaml.*'support' is taken"):
        load_agents(tmp_path)


def test_without_a_file_there_are_no_manifests(tmp_path):
    assert load_manifests(tmp_path / "absent.json") == {}


def test_manifests_are_known_by_name(tmp_path):
    path = tmp_path / "tools.lock.json"
    path.write_text(f'{{"tools": [{manifest().model_dump_json()}]}}')

    assert load_manifests(path) == {"find_order": manifest()}
