"""Contracts and rules take values and return values: no I/O, no clock, no dice."""

import sys

import pytest

from contracts.subjects import SERVICES
from tests.architecture.sources import calls, imports, modules, name_of

IMPURE = frozenset(
    {
        *("asyncio", "multiprocessing", "signal", "subprocess", "threading"),
        *("http", "socket", "ssl", "urllib"),
        *("io", "os", "pathlib", "shutil", "sqlite3", "tempfile"),
        *("random", "secrets", "time", "uuid"),
    }
)
CLOCKS = frozenset({"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns"})
CONTRACTS_MAY_IMPORT = {"pydantic"}


def rules() -> list:
    homes = [f"services/{service}" for service in SERVICES]
    return [
        path for path in modules(*homes) if path.name == "rules.py" or "rules" in path.parent.parts
    ]


def test_contracts_import_pydantic_and_the_standard_library_only():
    """The wheel has another import name, so that imports among contracts are relative."""
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path in modules("contracts")
        for line, module in imports(path)
        if (top := module.split(".")[0]) not in CONTRACTS_MAY_IMPORT
        and (top not in sys.stdlib_module_names or top in IMPURE)
    ]

    assert not wrong, wrong


@pytest.mark.parametrize("path", rules(), ids=name_of)
def test_rules_import_nothing_that_does_something(path):
    wrong = [
        f"line {line} imports {module}"
        for line, module in imports(path)
        if module.split(".")[0] in IMPURE
    ]

    assert not wrong, f"{name_of(path)}: let the handler do it and pass the value in: {wrong}"


@pytest.mark.parametrize("path", [*rules(), *modules("contracts")], ids=name_of)
def test_rules_and_contracts_read_no_clock(path):
    wrong = [f"line {line} calls {name}()" for line, name in calls(path) if name in CLOCKS]

    assert not wrong, f"{name_of(path)}: take the time as an argument: {wrong}"


@pytest.mark.parametrize("path", [*rules(), *modules("contracts")], ids=name_of)
def test_rules_and_contracts_open_no_file(path):
    wrong = [f"line {line}" for line, name in calls(path) if name in {"open", "read_text"}]

    assert not wrong, f"{name_of(path)}: read it in an adapter and pass it in: {wrong}"
