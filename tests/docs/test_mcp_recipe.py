"""The recipe for MCP servers: its files parse, its first one runs, its commands do what is said."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from infra.cli import app
from services.tool_executor.adapters.registry import load_registry
from shared.pins import load_pins
from tests.docs.test_documents import ROOT, blocks

RECIPE = "docs/recipes/connect_an_mcp_server.md"


def written(folder, number):
    (folder / "tools.yaml").write_text(blocks(RECIPE, "yaml")[number])
    return folder


@pytest.mark.parametrize("number", range(2))
def test_the_files_that_are_shown_declare_servers(tmp_path, number):
    assert load_registry(written(tmp_path, number)).file.servers


@pytest.mark.timeout(90)
def test_the_commands_that_are_shown_pin_the_tools_by_the_names_that_are_told(tmp_path):
    folder = written(tmp_path, 0)
    (script,) = blocks(RECIPE, "sh")

    for line in script.strip().splitlines():
        words = shlex.split(line.replace("$CONFIG", str(folder)))
        done = CliRunner().invoke(app, words[1:])
        assert done.exit_code == 0, done.output

    text = (ROOT / RECIPE).read_text()
    assert set(load_pins(folder)) == {"clock_convert_time", "now"}
    assert {"clock_convert_time", "now"} <= set(re.findall(r"`(\w+)`", text))
