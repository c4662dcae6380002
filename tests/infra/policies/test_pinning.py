"""The tools that come with Interlock are pinned, and one that changes is told in CI."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from infra.cli import app

CONFIG = Path("infra/config")


def invoked(folder, *arguments):
    return CliRunner().invoke(app, ["tools", "pin", *arguments, "--config", str(folder)])


def test_what_comes_with_interlock_is_as_it_was_pinned():
    found = invoked(CONFIG, "--check")

    assert found.exit_code == 0, f"{found.stderr}: interlock tools pin"


def test_a_changed_tool_fails_until_it_is_pinned(tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    file = folder / "tool-pins.json"
    pins = json.loads(file.read_text())
    pins["tools"]["send_email"]["sha256"] = "0" * 64
    pins["tools"]["send_email"]["description_sha256"] = "0" * 64
    file.write_text(json.dumps(pins))

    before = invoked(folder, "--check")
    pinned = invoked(folder)
    after = invoked(folder, "--check")

    assert before.exit_code == 1
    assert "send_email is not what was pinned: its description changed" in before.stderr
    assert (pinned.exit_code, after.exit_code) == (0, 0)


def test_a_folder_without_pins_is_told_where_one_asks(tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("tool-pins.json"))

    assert "pins no tools" in invoked(folder, "--check").stderr
