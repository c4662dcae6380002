"""The page on durability shows what can be run, and names every mode with its promise."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from infra.bootstrap import main as bootstrap
from infra.cli import app
from infra.doctor.installation import DURABILITY_VARIABLE, MONITORING_VARIABLE
from infra.platform.nats import Durability
from tests.docs.test_documents import ROOT, blocks

PAGE = "docs/durability.md"
COMMANDS = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]


def test_every_mode_is_in_the_table_and_shown_to_be_started():
    text = (ROOT / PAGE).read_text()

    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(Durability)
    assert {f"interlock dev --durability {mode}" for mode in Durability} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_is_shown_is_taken(command, monkeypatch):
    """Each with `--help` at its end, which reads the options before it and starts nothing."""
    words = shlex.split(command)
    if words[0] == "interlock":
        assert CliRunner().invoke(app, [*words[1:], "--help"]).exit_code == 0
        return
    assert words[:3] == ["python", "-m", "infra.bootstrap"]
    monkeypatch.setattr("sys.argv", [words[2], *words[3:], "--help"])

    with pytest.raises(SystemExit, match="0"):
        bootstrap()


def test_the_variables_of_the_doctor_are_the_ones_it_reads():
    text = (ROOT / PAGE).read_text()

    assert {DURABILITY_VARIABLE, MONITORING_VARIABLE} <= set(re.findall(r"`(INTERLOCK_\w+)`", text))
