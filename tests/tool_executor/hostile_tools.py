"""A tool that does whatever it is told: what a tool's author, or a model, could write."""

import io
from contextlib import redirect_stdout

from contracts.tool import tool


@tool(effect="read", sandbox="jail", timeout_seconds=5, output_limit_bytes=4_000)
def attempt(code: str) -> str:
    """Run the code; give what it printed, or what stopped it."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            exec(code, {})
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        return f"{type(error).__name__}: {error}"
    return printed.getvalue()
