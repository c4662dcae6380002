"""Files that fit in a few screens, functions that fit in one; what does not, says why."""

import ast

from tests.architecture.sources import modules, name_of, parsed

FILE_LIMIT_LINES = 300
FUNCTION_LIMIT_LINES = 60
# Path, with the reason.
LONG_FILES: dict[str, str] = {}
# Path and name, with the reason.
LONG_FUNCTIONS: dict[str, str] = {}

PLACES = ("contracts", "shared", "services", "infra", "tests")


def test_no_file_is_longer_than_it_should_be():
    long = {
        name_of(path): lines
        for path in modules(*PLACES)
        if (lines := len(path.read_text("utf-8").splitlines())) > FILE_LIMIT_LINES
    }

    new = {name: lines for name, lines in long.items() if name not in LONG_FILES}

    assert not new, f"past {FILE_LIMIT_LINES} lines; a file has one idea, find the second: {new}"
    assert set(LONG_FILES) <= set(long), "take out of LONG_FILES what is short again"


def test_no_function_is_longer_than_it_should_be():
    long = {
        f"{name_of(path)}:{node.name}": lines
        for path in modules(*PLACES)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LIMIT_LINES
    }

    new = {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS}

    assert not new, f"past {FUNCTION_LIMIT_LINES} lines; name the parts and call them: {new}"
    assert set(LONG_FUNCTIONS) <= set(long), "take out of LONG_FUNCTIONS what is short again"
