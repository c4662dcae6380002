"""The page on the doctor has every group, every finding that is named in code, and true limits."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.doctor import clocks, hearing, postgres, streams
from infra.doctor.examination import GROUPS
from infra.doctor.finding import fail
from tests.docs.test_documents import ROOT, blocks

PAGE = "docs/doctor.md"
TEXT = (ROOT / PAGE).read_text()
COMMANDS = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
# A finding of a fixed name: `fail("home", ...)`; or of a thing: `warn(f"{name} room", ...)`.
NAMED = re.compile(r'(?:fail|warn)\)?\(\s*f?"(?:\{[\w.]+\} )?([\w-]+)"')


def test_every_group_has_its_row_in_the_order_of_the_program():
    assert tuple(re.findall(r"^\| `(\w+)` \| ", TEXT, re.MULTILINE)) == GROUPS


def test_every_finding_that_has_a_name_in_the_code_is_in_the_table():
    found = {
        name
        for path in (ROOT / "infra" / "doctor").glob("*.py")
        for name in NAMED.findall(path.read_text())
    }

    assert {"home", "room", "rights", "otlp"} <= found, "the code is written in another way"
    assert not [name for name in sorted(found) if f"{name}`" not in TEXT]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_is_shown_is_taken(command):
    words = shlex.split(command)

    assert CliRunner().invoke(app, [*words[1:], "--help"]).exit_code == 0


def test_the_finding_that_is_shown_has_the_names_of_one():
    [shown] = blocks(PAGE, "json")

    names = re.findall(r'"(\w+)":', shown)
    assert names == ["group", *fail("a", "b", "c").__slots__]


def test_the_limits_that_are_told_are_those_of_the_code():
    assert f"{hearing.LAG_MESSAGES} messages wait, or {hearing.REDELIVERED_MESSAGES}" in TEXT
    assert f"over {streams.NEARLY_FULL:.0%}".replace("%", " %") in TEXT
    assert f"over {streams.FULL:.0%}".replace("%", " %") in TEXT
    few, least = postgres.FEW_CONNECTIONS, postgres.LEAST_CONNECTIONS
    assert f"fewer than {few} are free, or fewer than {least}" in TEXT
    told, unusable = clocks.TOLERANCE_SECONDS, clocks.UNUSABLE_SECONDS
    assert f"{told:g} s apart, or {unusable:g} s" in TEXT
