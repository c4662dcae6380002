"""The source of the repository, as the architecture tests read it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "shared", "services", "infra")


def modules(*places: str) -> list[Path]:
    """Every Python file below these places of the repository, without tests where none is asked."""
    found = (path for place in places or PACKAGES for path in (ROOT / place).rglob("*.py"))
    return sorted(path for path in found if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    """How a message names a file: from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of every absolute import, wherever in the file it stands."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str() as module, level=0):
                yield node.lineno, module


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and last name of everything that is called."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                yield node.lineno, name
