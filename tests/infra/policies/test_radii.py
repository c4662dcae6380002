"""The blast radius of the agents that come with Interlock is announced, and is no wider."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from infra.cli import app
from infra.policies.radii import radii, unannounced

CONFIG = Path("infra/config")


def copied(tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    return folder


def invoked(folder, *arguments):
    return CliRunner().invoke(app, ["policy", "radius", *arguments, "--config", str(folder)])


def test_what_comes_with_interlock_is_announced():
    assert unannounced(CONFIG, radii(CONFIG)) == {}, "interlock policy radius --write"


def test_a_wider_policy_fails_until_it_is_announced(tmp_path):
    folder = copied(tmp_path)
    policy = folder / "policies" / "tools.yaml"
    policy.write_text(policy.read_text().replace("max: 500", "max: 5000"))

    before = invoked(folder, "--check")
    written = invoked(folder, "--write", "--json")
    after = invoked(folder, "--check")

    assert before.exit_code == 1
    assert "issue_refund: one amount may be 5000, not 500" in before.stderr
    assert {one["agent"] for one in json.loads(written.stdout)} >= {"support", "concierge"}
    assert after.exit_code == 0


def test_an_unknown_agent_is_told(tmp_path):
    found = invoked(copied(tmp_path), "nobody")

    assert found.exit_code == 3
    assert "there is no agent nobody" in found.stderr


def test_a_broken_file_is_told_by_its_name(tmp_path):
    folder = copied(tmp_path)
    (folder / "blast-radius.json").write_text("{}")

    found = invoked(folder, "--check")

    assert found.exit_code == 2
    assert "blast-radius.json" in found.stderr
