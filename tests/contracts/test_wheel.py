"""The contracts alone, as producers and authors of tools install them: a wheel and pydantic."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.uv import NO_UV, ROOT, find_uv

BUILD_TIMEOUT_SECONDS = 100
pytestmark = pytest.mark.timeout(2 * BUILD_TIMEOUT_SECONDS)

README = ROOT / "contracts" / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOREIGN = """
import json, sys
import interlock_contracts
loaded = {name.split(".")[0] for name in sys.modules}
print(json.dumps(sorted(loaded & {"contracts", "shared", "services", "nats", "faststream"})))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """An interpreter that has the wheel and what it asks for, and nothing else of ours."""
    uv = find_uv()
    if uv is None:
        pytest.skip(NO_UV)
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


@pytest.mark.parametrize("title", ["Submit a task", "Declare a tool"])
def test_what_the_readme_shows_runs_with_the_wheel_alone(python, tmp_path, title):
    section = README.read_text("utf-8").split(f"## {title}", maxsplit=1)[1]
    found = BLOCK.search(section)
    assert found, f"{README} shows no code under {title!r}"
    # A file, for an author's tool lives in one.
    program = tmp_path / "shown.py"
    program.write_text(found[1])

    run(str(python), "-W", "error", str(program))


def test_the_wheel_brings_nothing_of_the_services(python):
    assert json.loads(run(str(python), "-c", FOREIGN)) == []
