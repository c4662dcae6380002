"""The commands of the documents, typed into a shell beside a running platform."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.docs.test_documents import ROOT, blocks

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

SHELL_SECONDS = 120


@pytest.mark.parametrize(
    "document",
    [
        "docs/layers/evaluation.md",
        "docs/layers/observability.md",
        "docs/layers/orchestration.md",
        "docs/recipes/calibrate_a_judge.md",
        "docs/recipes/fork_a_run.md",
        "docs/recipes/gate_a_prompt_change.md",
        "docs/recipes/turn_an_incident_into_a_test.md",
        "docs/recipes/upgrade_safely.md",
    ],
    ids=lambda path: Path(path).name,
)
async def test_the_commands_that_are_shown_work(document, platform, tmp_path):
    await shell(platform, document, tmp_path)


async def test_the_commands_for_a_run_that_hangs_work(platform, stage, tmp_path):
    """It waits for a person who never comes."""
    await stage.submit("hangs", "Now refund all of order 1042.")
    await stage.follower.wait_for("hangs", "review.requested")

    await shell(platform, "docs/recipes/a_run_hangs.md", tmp_path)

    assert (await stage.finished("hangs")).status == "cancelled"


async def shell(platform, document: str, folder: Path) -> None:
    """Every `sh` block of the document, in order, in one shell that stops at the first failure."""
    script = "set -euo pipefail\n" + "".join(blocks(document, "sh"))
    environment = {
        **os.environ,
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        "INTERLOCK_HOME": str(platform.places.home.path),
        "HISTORIES": str(folder),
    }
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), SHELL_SECONDS)
    assert process.returncode == 0, said.decode()
