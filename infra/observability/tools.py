"""Prometheus and its `promtool`: from the PATH, from an earlier look, or from Debian's package.

Nothing is installed: the package lies in a folder of its own, which may be deleted at any time.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "prometheus"
KEPT = Path(__file__).resolve().parents[2] / ".tools"
FETCH_SECONDS = 120


class ToolMissing(Exception):
    """It is neither here nor to be had."""


def tool(name: str) -> Path:
    """The program of this name.

    Raises:
        ToolMissing: with what was tried.
    """
    found = shutil.which(name)
    if found is not None:
        return Path(found)
    kept = KEPT / "usr/bin" / name
    if not kept.exists():
        _unpack()
    if not kept.exists():
        raise ToolMissing(f"Debian's {PACKAGE} has no {name}")
    return kept


def _unpack() -> None:
    if shutil.which("apt-get") is None:
        raise ToolMissing("no apt-get: install Prometheus, so that promtool is on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        try:
            _run(["apt-get", "download", PACKAGE], folder)
        except ToolMissing:
            # A machine that was never asked for a package has no lists of them yet.
            _run(["apt-get", "update"], folder)
            _run(["apt-get", "download", PACKAGE], folder)
        for package in Path(folder).glob("*.deb"):
            _run(["dpkg-deb", "-x", str(package), str(KEPT)], folder)


def _run(command: list[str], folder: str) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=FETCH_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        raise ToolMissing(f"{' '.join(command)}: {error}") from None
