"""`run_python`: what a model reads of the code that it wrote."""

import json

import pytest

from contracts.tool import manifest_of
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.registry import DeclaredTool
from services.tool_executor.rules import Returned
from services.tool_executor.tools.python import PRINTED_LIMIT, run_python
from tests.tool_executor.calling import CONTEXT
from tests.tool_executor.jailed import jailed


def ran(code: str) -> dict[str, str]:
    return run_python(code).model_dump()


@pytest.mark.parametrize(
    ("code", "printed", "value"),
    [
        ("print(6 * 7)", "42\n", ""),
        ("6 * 7", "", "42"),
        ("x = 6\nprint(x)\nx * 7", "6\n", "42"),
        ("'a'", "", "'a'"),
        ("None", "", ""),
        ("", "", ""),
        ("import sys; print('warned', file=sys.stderr)", "warned\n", ""),
        ("def f(n): return n and n + f(n - 1)\nf(3)", "", "6"),
    ],
)
def test_what_it_prints_and_its_last_value_are_told(code, printed, value):
    assert ran(code) == {"printed": printed, "value": value, "error": ""}


def test_an_error_comes_with_its_line_and_without_ours():
    told = ran("print('so far')\n1 / 0")

    assert told["printed"] == "so far\n"
    assert told["error"].splitlines() == [
        'File "<code>", line 2, in <module>',
        "ZeroDivisionError: division by zero",
    ]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("1 +", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
    ],
)
def test_whatever_stops_it_is_told(code, error):
    assert error in ran(code)["error"]


def test_much_that_is_printed_is_cut_with_a_word():
    told = ran(f"print('x' * {PRINTED_LIMIT + 9}, end='')")

    assert told["printed"].endswith("x\n[9 more characters]")


async def test_in_its_jail_it_computes_and_reaches_nothing():
    manifest = manifest_of(run_python)
    tool = DeclaredTool(manifest, invocation_of(run_python))
    code = "import socket, statistics\nprint(statistics.mean([1, 2, 3]))\nsocket.socket()"
    async with jailed() as runner, runner.place(tool) as place:
        ending = await place.run(tool, json.dumps({"code": code}), CONTEXT)

    assert isinstance(ending, Returned)
    told = json.loads(ending.output_json)
    assert told["printed"] == "2\n"
    assert "PermissionError" in told["error"]
