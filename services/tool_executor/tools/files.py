"""Files of a run: notes and drafts that outlive what the model's context can hold.

They change nothing outside of their run and nobody else sees them, so they count as reads. What a
run has written it may have from anybody, so reading it again vouches for nothing.
"""

from contracts.shape import Body
from contracts.tool import ToolContext, ToolRefused, tool
from services.tool_executor.rules.workspace import (
    WorkspaceContext,
    Writing,
    check_path,
    check_writing,
)

LENGTH_LIMIT_CHARACTERS = 20_000
# Of text that JSON writes as \\u0001 each character takes six.
OUTPUT_LIMIT_BYTES = 131_072


class Listed(Body):
    """A file of the run."""

    path: str
    characters: int


class Part(Body):
    """Some of a file. `more` says that it goes on after this."""

    path: str
    text: str
    more: bool = False


@tool(effect="read", idempotent=True, sandbox="in_process", timeout_seconds=10)
async def list_files(*, call: ToolContext) -> list[Listed]:
    """List the files of this run, with how many characters each has."""
    files = _files(call)
    return [Listed(path=path, characters=len(files[path])) for path in sorted(files)]


@tool(
    effect="read",
    idempotent=True,
    sandbox="in_process",
    timeout_seconds=10,
    output_limit_bytes=OUTPUT_LIMIT_BYTES,
)
async def read_file(
    path: str, start: int = 0, length: int = LENGTH_LIMIT_CHARACTERS, *, call: ToolContext
) -> Part:
    """Read a file of this run, or a part of it: `length` characters after the first `start`.

    At most 20,000 characters come back at once.
    """
    check_path(path)
    if start < 0 or length < 1:
        raise ToolRefused("start is at least 0, and length at least 1")
    text = _files(call).get(path)
    if text is None:
        raise ToolRefused(f"this run has written no file {path}: list_files shows what there is")
    until = start + min(length, LENGTH_LIMIT_CHARACTERS)
    return Part(path=path, text=text[start:until], more=until < len(text))


@tool(effect="read", idempotent=True, sandbox="in_process", timeout_seconds=10)
async def write_file(path: str, text: str, append: bool = False, *, call: ToolContext) -> Listed:
    """Write a file of this run, which only this run can read: notes, drafts, interim results.

    A file that is there is replaced, or with `append` continued.
    """
    # That this call succeeded is what makes the file: see `rules/workspace.py`.
    whole = check_writing(Writing(path=path, text=text, append=append), _files(call))
    return Listed(path=path, characters=len(whole))


def _files(call: ToolContext) -> dict[str, str]:
    """Outside of a run there are none."""
    return call.files if isinstance(call, WorkspaceContext) else {}
