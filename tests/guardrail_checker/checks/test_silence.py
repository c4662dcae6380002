"""Nothing that guardrails-ai reads leaves the process, whatever a home directory says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = Path(__file__).with_name("silence_probe.py")
ROOT = Path(__file__).parents[3]
TALKATIVE = "id=42\nenable_metrics=true\nuse_remote_inferencing=true\n"


def run_probe(home, *arguments):
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(PROBE), *arguments],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("home_says", [None, TALKATIVE], ids=["empty home", "home says send"])
def test_real_validators_make_no_contact(tmp_path, home_says):
    if home_says:
        (tmp_path / ".guardrailsrc").write_text(home_says)

    lines, errors = run_probe(tmp_path, "silenced")

    assert lines == [
        "found nothing",
        "found guardrails_secrets:block",
        "found no_acme:block",
        "passed True",
        "end",
    ], errors
    assert [one.name for one in tmp_path.iterdir()] == ([".guardrailsrc"] if home_says else [])


def test_the_probe_sees_the_contact_of_a_library_that_is_not_silenced(tmp_path):
    lines, errors = run_probe(tmp_path)

    assert any(line.startswith("contact") and "amazonaws" in line for line in lines), errors
