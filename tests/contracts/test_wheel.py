"""The contracts alone, as producers and authors of tools install them: a wheel and pydantic."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD_TIMEOUT_SECONDS = 100
pytestmark = pytest.mark.timeout(2 * BUILD_TIMEOUT_SECONDS)

SUBMITS = """
import json
from datetime import UTC, datetime
from interlock_contracts import TaskSubmitted, encode, follow

task = TaskSubmitted(agent="support", input="My parcel 1042 never came.")
fact = follow("acme", "r-1", task, cause_id="", time=datetime(2026, 3, 2, tzinfo=UTC))
encoded = encode(fact)
print(json.dumps([encoded.subject, encoded.headers["ce-id"], json.loads(encoded.body)["agent"]]))
"""

DECLARES = """
import json
from typing import Annotated
from pydantic import Field
from interlock_contracts import ToolContext, manifest_of, tool

@tool(effect="money", idempotent=True, scopes=["payments:refund"])
async def issue_refund(amount: Annotated[float, Field(gt=0)], *, call: ToolContext) -> str:
    \"\"\"Refund an order.\"\"\"
    return call.idempotency_key

manifest = manifest_of(issue_refund)
print(json.dumps([manifest.name, manifest.description, list(manifest.parameters["properties"])]))
"""

FOREIGN = """
import json, sys
import interlock_contracts
tops = {name.split(".")[0] for name, module in sys.modules.items() if "site-packages" in str(
    getattr(module, "__file__", ""))}
print(json.dumps(sorted(tops & {"contracts", "shared", "services", "nats", "faststream"})))
"""


def find_uv() -> str | None:
    """The uv that the Makefile installed, the one it was told of, or one on the PATH."""
    told = os.environ.get("INTERLOCK_UV")
    return told or shutil.which(
        "uv", path=f"{ROOT / '.uv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    )


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """An interpreter that has the wheel and what it asks for, and nothing else of ours."""
    uv = find_uv()
    if uv is None:
        pytest.skip("uv builds the wheel: run the tests by `make test`, or set INTERLOCK_UV")
    place = tmp_path_factory.mktemp("wheel")
    run(uv, "build", "--wheel", "--out-dir", str(place), str(ROOT / "contracts"))
    (wheel,) = place.glob("interlock_contracts-*.whl")
    run(uv, "venv", "--python", sys.executable, str(place / "venv"))
    interpreter = place / "venv" / "bin" / "python"
    run(uv, "pip", "install", "--python", str(interpreter), str(wheel))
    return interpreter


def run(*command: str) -> str:
    # Elsewhere than in the checkout, so that nothing is found that was not installed.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        timeout=BUILD_TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command[:3]} failed:\n{done.stderr[-2000:]}"
    return done.stdout


def test_a_producer_submits_with_the_wheel_alone(python):
    said = json.loads(run(str(python), "-c", SUBMITS))

    assert said == ["run.acme.r-1.task.submitted", "acme/r-1", "support"]


def test_an_author_declares_a_tool_with_the_wheel_alone(python):
    said = json.loads(run(str(python), "-c", DECLARES))

    assert said == ["issue_refund", "Refund an order.", ["amount"]]


def test_the_wheel_brings_nothing_of_the_services(python):
    assert json.loads(run(str(python), "-c", FOREIGN)) == []
