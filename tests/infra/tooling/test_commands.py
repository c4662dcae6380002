"""A tool is called on this machine, for real and in its sandbox, and tests of it are a file."""

import json

import pytest
from typer.testing import CliRunner

from infra.cli import app

MODULE = '''
from contracts.tool import ToolContext, ToolRefused, tool

PAID = set()


@tool(effect="read", output_trust="internal")
def double(x: int) -> int:
    """Twice the number."""
    return 2 * x


@tool(effect="money", idempotent=True)
def pay(amount: int, *, call: ToolContext) -> str:
    """Pay, once for each key."""
    if amount > 100:
        raise ToolRefused("nobody pays that much")
    call.progress(1, 2, "asking the bank")
    said = "paid" if call.idempotency_key not in PAID else "was paid"
    PAID.add(call.idempotency_key)
    return said if amount == 1 else "paid"
'''
CASES = """
cases:
  - {tool: double, arguments: {x: 4}, returns: 8}
  - {tool: double, arguments: {x: four}, fails: invalid_arguments}
  - {tool: pay, arguments: {amount: 101}, fails: refused, because: that much}
  - {tool: pay, arguments: {amount: 2}, twice: true}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "own_tools.py").write_text(MODULE)
    (tmp_path / "tools.yaml").write_text("modules: [own_tools]\n")
    (tmp_path / "tool-tests.yaml").write_text(CASES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("INTERLOCK_CONFIG_DIR", str(tmp_path))
    return tmp_path


def interlock(*words):
    found = CliRunner().invoke(app, ["tools", *words])
    return found.exit_code, found.stdout, found.stderr


def test_a_tool_that_reads_is_called(folder):
    assert interlock("call", "double", "--set", "x=4") == (0, "8\n", "")


def test_one_with_effects_is_called_when_that_is_said(folder):
    code, _, stderr = interlock("call", "pay", "--set", "amount=1")
    assert code == 2
    assert "--yes" in stderr

    code, stdout, stderr = interlock("call", "pay", "--set", "amount=1", "--yes", "--json")

    assert code == 0
    assert json.loads(stdout)["output_json"] == '"paid"'
    assert "1/2 asking the bank" in stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("call", "double", "--set", "x=true"), 1, "invalid_arguments"),
        (("call", "pay", "--set", "amount=101", "--yes"), 1, "nobody pays that much"),
        (("call", "treble"), 2, "known are: double, pay"),
        (("test", "none.yaml"), 2, "none.yaml"),
    ],
)
def test_what_went_wrong_is_told_in_a_sentence(folder, words, code, told):
    found, _, stderr = interlock(*words)

    assert found == code
    assert told in " ".join(stderr.split())


def test_a_file_of_tests_that_hold(folder):
    code, stdout, _ = interlock("test")

    assert code == 0
    assert stdout.endswith("4 cases, 0 failed\n")


def test_a_tool_that_is_not_idempotent_although_it_says_so_is_found(folder):
    (folder / "tool-tests.yaml").write_text(
        "cases: [{tool: pay, name: paid once, arguments: {amount: 1}, twice: true}]"
    )

    code, stdout, _ = interlock("test", "--json")

    assert code == 1
    (case,) = json.loads(stdout)["cases"]
    assert case["case"] == "paid once"
    assert 'under the same key it returned "was paid"' in case["wrong"]


def test_a_case_of_no_tool_is_told_before_any_is_called(folder):
    (folder / "tool-tests.yaml").write_text(
        "cases: [{tool: double, arguments: {x: 1}}, {tool: none}]"
    )

    code, stdout, stderr = interlock("test")

    assert (code, stdout) == (2, "")
    assert "there is no tool none" in stderr
