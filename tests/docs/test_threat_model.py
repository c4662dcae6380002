"""Of each risk the threat model tells what stands against it, what proves that, what is left."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/layers/security.md"
ROW = re.compile(r"^\| ((?:ASI|LLM)\d\d) [^|]+\|", re.MULTILINE)
TEST = re.compile(r"`((?:\w+/)*test_\w+)`")
CELLS = 4  # the risk, what stands against it, what proves that, what is left

ROWS = {
    ROW.match(line)[1]: [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in DOCUMENT.read_text().splitlines()
    if ROW.match(line)
}


@pytest.mark.parametrize("list_", ["ASI", "LLM"])
def test_each_of_the_ten_risks_has_its_row(list_):
    told = sorted(one for one in ROWS if one.startswith(list_))

    assert told == [f"{list_}{number:02}" for number in range(1, 11)]


@pytest.mark.parametrize("risk", ROWS)
def test_a_row_says_all_of_it(risk):
    cells = ROWS[risk]

    assert len(cells) == CELLS, f"{risk}: risk, control, proof and what is left"
    assert all(cells), f"{risk} has an empty cell: say so where nothing is known to be left"


@pytest.mark.parametrize("risk", ROWS)
def test_what_proves_a_control_is_a_test_that_there_is(risk):
    named = TEST.findall(ROWS[risk][2])

    assert named, f"{risk} names no test"
    for name in named:
        found = any(
            f"/{one.relative_to(ROOT).with_suffix('')}".endswith(f"/{name}")
            for one in (ROOT / "tests").rglob("test_*.py")
        )
        assert found, f"{risk} names {name}, and there is no such test"
