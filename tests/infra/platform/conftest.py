"""A home of its own for each test, and children that write down what happens to them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.platform.child import Child
from infra.platform.home import Home
from infra.platform.postgres import Postgres


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / ".interlock")
    home.create()
    return home


@pytest.fixture
def postgres(home: Home) -> Iterator[Postgres]:
    server = Postgres(home)
    yield server
    server.tidy()


@pytest.fixture
def python_child(tmp_path: Path):
    """Makes a child that runs a line of Python."""

    def make(code: str, *, name: str = "child", grace_seconds: float = 5.0) -> Child:
        return Child(
            name=name,
            argv=(sys.executable, "-c", code),
            env=dict(os.environ),
            cwd=tmp_path,
            log_file=tmp_path / "logs" / f"{name}.log",
            grace_seconds=grace_seconds,
        )

    return make
