"""The recipe for a tool: what it shows is written down, and every command does what is said."""

import shlex

import pytest
from typer.testing import CliRunner

from infra.cli import app
from services.tool_executor.adapters.registry import load_registry
from shared.pins import load_pins
from tests.docs.test_documents import blocks

RECIPE = "docs/recipes/write_a_tool.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    module, _ = blocks(RECIPE, "python")
    tools, cases = blocks(RECIPE, "yaml")
    (tmp_path / "catalogue.py").write_text(module)
    (tmp_path / "tools.yaml").write_text(tools)
    (tmp_path / "tool-tests.yaml").write_text(cases)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("INTERLOCK_CONFIG_DIR", str(tmp_path))
    return tmp_path


def test_the_reconciler_that_it_shows_is_one(tmp_path, monkeypatch):
    _, module = blocks(RECIPE, "python")
    (tmp_path / "payments.py").write_text(module)
    (tmp_path / "tools.yaml").write_text("modules: [payments]")
    monkeypatch.syspath_prepend(tmp_path)

    assert load_registry(tmp_path).tools["send_money"].reconciling is not None


@pytest.mark.timeout(120)
def test_its_commands_call_test_and_pin_the_tool(folder):
    said = []
    for script in blocks(RECIPE, "sh"):
        for line in script.strip().splitlines():
            done = CliRunner().invoke(app, shlex.split(line)[1:])
            assert done.exit_code == 0, done.output
            said.append(done.stdout)

    read, wrote, tested, _ = said
    assert '"price": "39.90"' in read
    assert "lamp costs 45.00 euros" in wrote
    assert "4 cases, 0 failed" in tested
    assert set(load_pins(folder)) == {"find_price", "set_price"}
