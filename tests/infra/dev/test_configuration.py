"""What `interlock dev` reads before it starts anything."""

import shutil
from pathlib import Path

import pytest

from infra.dev.configuration import check_configuration
from shared.errors import ConfigError

SHIPPED = Path(__file__).resolve().parents[3] / "infra" / "config"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_configuration_has_no_mistake():
    check_configuration(SHIPPED)


def test_a_mistake_in_an_agent_is_told_with_file_and_place(folder):
    edit(folder / "agents" / "support.yaml", "steps:", "stepz:")

    with pytest.raises(ConfigError, match=r"support\.yaml: limits\.stepz"):
        check_configuration(folder)


def test_an_agent_cannot_ask_for_a_model_that_has_no_alias(folder):
    edit(folder / "agents" / "support.yaml", "model: default", "model: defalt")

    with pytest.raises(ConfigError, match=r"no alias 'defalt'; known are default"):
        check_configuration(folder)


def test_a_folder_without_agents_is_no_configuration(tmp_path):
    with pytest.raises(ConfigError, match="start from a copy of infra/config"):
        check_configuration(tmp_path)
