"""Logs: a literal event name, `noun.verb`, and named fields, so that lines can be found."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import modules, name_of, parsed

PLACES = ("shared", "services", "infra")
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
OTHERS = {"warn", "fatal", "msg", "log", "failure"}  # of structlog too, and never needed
EVENT = re.compile(r"[a-z][a-z_]*(?:\.[a-z][a-z_]*)+")


def loggers(tree: ast.Module) -> set[str]:
    """The names under which a module, or a function of it, has a logger."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "get_logger" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def complaints(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and what is wrong, of every call of a logger."""
    names = loggers(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)):
                if owner in names and method in METHODS | OTHERS:
                    yield from ((node.lineno, one) for one in wrong_with(node, method))


def wrong_with(call: ast.Call, method: str) -> Iterator[str]:
    if method in OTHERS:
        yield f"{method}: use one of {', '.join(sorted(METHODS))}"
    match call.args:
        case [ast.Constant(value=str() as event)] if EVENT.fullmatch(event):
            pass
        case [ast.Constant(value=event)]:
            yield f"{event!r} is no noun.verb in lower case"
        case [ast.JoinedStr()]:
            yield "an f-string is another event each time: put what changes into a field"
        case _:
            yield "one literal event, and fields by name"
    if any(keyword.arg is None for keyword in call.keywords):
        yield "`**` hides which fields there are: name them"
    for keyword in call.keywords:
        if isinstance(keyword.value, ast.JoinedStr):
            yield f"{keyword.arg} is an f-string: a field for each part can be searched"


@pytest.mark.parametrize("path", modules(*PLACES), ids=name_of)
def test_every_line_of_a_log_has_a_literal_event_and_named_fields(path: Path):
    found = [f"{name_of(path)}:{line}: {wrong}" for line, wrong in complaints(parsed(path))]

    assert not found, found


def test_the_services_log_at_all():
    """Else the test above would look at nothing, and be pleased."""
    assert len([path for path in modules(*PLACES) if loggers(parsed(path))]) > 20


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('log.info(f"run {run_id} ended")', "f-string"),
        ('log.info("It ended")', "no noun.verb"),
        ('log.info("ended")', "no noun.verb"),
        ("log.info(event)", "one literal"),
        ('log.info("run.ended", run_id)', "one literal"),
        ('log.info("run.ended", **fields)', "hides"),
        ('log.info("run.ended", reason=f"{a} of {b}")', "a field for each"),
        ('log.warn("run.ended")', "use one of"),
    ],
)
def test_a_line_that_cannot_be_found_is_named(line, part):
    tree = ast.parse(f"log = structlog.get_logger()\n{line}")

    assert [wrong for _, wrong in complaints(tree) if part in wrong]
