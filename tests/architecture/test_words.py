"""Words: nothing left to do, no names that say nothing, every command explained."""

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules, name_of

PLACES = ("contracts", "shared", "services", "infra", "tests", "docs")
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".sql", ".html", ".css", ".js", ".conf"}
# Put together here, so that this file does not find itself.
UNFINISHED = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b"
)
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def texts() -> list[Path]:
    files = (path for place in PLACES for path in (ROOT / place).rglob("*"))
    tops = (path for path in ROOT.iterdir() if path.suffix in SUFFIXES)
    return sorted(
        path
        for path in (*files, *tops)
        if path.suffix in SUFFIXES and "__pycache__" not in path.parts
    )


def test_nothing_is_left_to_do():
    found = [
        f"{name_of(path)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]

    assert not found, f"do it, or write an issue: {found}"


def test_no_module_has_a_name_that_says_nothing():
    found = [name_of(path) for path in modules(*PLACES) if path.stem in EMPTY_NAMES]

    assert not found, f"name it after its noun: {found}"


def test_every_module_says_its_idea_in_its_first_line():
    found = [
        name_of(path)
        for path in modules()
        if path.read_text("utf-8").strip()
        and not path.read_text("utf-8").startswith(('"""', 'r"""'))
    ]

    assert not found, f"begin with a docstring: {found}"


def test_the_docs_mention_every_make_target():
    makefile = ROOT / "Makefile"
    if not makefile.exists():
        pytest.skip("there is no Makefile")
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)

    untold = [
        target
        for target in TARGET.findall(makefile.read_text("utf-8"))
        if f"make {target}" not in text
    ]

    assert not untold, f"say in README.md, CONTRIBUTING.md or docs/ what these do: {untold}"
