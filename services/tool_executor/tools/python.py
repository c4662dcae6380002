"""Run code that a model wrote, where it can do no harm."""

import ast
import io
import traceback
from contextlib import redirect_stderr, redirect_stdout

from contracts.shape import Body
from contracts.tool import tool

CODE = "<code>"
PRINTED_LIMIT = 20_000
ERROR_LIMIT = 4_000


class Ran(Body):
    """What came of it."""

    printed: str
    value: str = ""
    """The value of its last line, where that is an expression: as a console would show it."""
    error: str = ""


@tool(effect="read", idempotent=True, sandbox="jail", timeout_seconds=30)
def run_python(code: str) -> Ran:
    """Run Python code and see what it prints, and the value of its last line.

    Only the standard library and what is installed beside it; no network, no files but those that
    the code itself writes to /tmp, no other programs, and nothing stays for the next call.
    """
    printed = io.StringIO()
    value, error = "", ""
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            value = _run(ast.parse(code, CODE))
        except BaseException:  # noqa: BLE001 - SystemExit as well: the model reads what went wrong
            error = _told()
    return Ran(printed=_cut(printed.getvalue()), value=value, error=error)


def _run(program: ast.Module) -> str:
    """The last line's value, if it has one."""
    last = program.body.pop() if program.body and isinstance(program.body[-1], ast.Expr) else None
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(program, CODE, "exec"), names)  # noqa: S102 - its whole purpose
    if last is None:
        return ""
    assert isinstance(last, ast.Expr)
    value = eval(compile(ast.Expression(last.value), CODE, "eval"), names)  # noqa: S307 - as above
    return "" if value is None else _cut(repr(value))


def _told() -> str:
    """The error with the lines of the code that led to it, without those of this module."""
    lines = traceback.format_exc(limit=-8).splitlines()
    ours = next((n for n, line in enumerate(lines) if CODE in line), len(lines) - 1)
    return "\n".join(lines[ours:]).strip()[-ERROR_LIMIT:]


def _cut(text: str) -> str:
    if len(text) <= PRINTED_LIMIT:
        return text
    return f"{text[:PRINTED_LIMIT]}\n[{len(text) - PRINTED_LIMIT} more characters]"
