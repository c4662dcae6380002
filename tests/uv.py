"""Where uv is, for the tests of what is built and installed."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
NO_UV = "uv is not here: run the tests by `make test`, or set INTERLOCK_UV"


def find_uv() -> str | None:
    """The uv that `make` names, the one that it installs, or one on the PATH."""
    told = os.environ.get("INTERLOCK_UV") or ".uv/bin/uv"
    return shutil.which(ROOT / told) or shutil.which("uv")
