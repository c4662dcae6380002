"""The files of a run: what its calls have written, as the log has it.

A file lies nowhere else. The calls that wrote it are facts, so every executor sees the same files,
a restart loses none, and they are gone when the run is. There is no folder to escape from.
"""

import json
import re
from collections.abc import Iterator, Mapping

from contracts.history import Run, pinned
from contracts.shape import Body
from contracts.tool import ToolContext, ToolManifest, ToolRefused, ToolRequested, ToolSucceeded

MODULE = "services.tool_executor.tools.files"
WRITES = "write_file"
FILES_LIMIT = 64
FILE_LIMIT_BYTES = 128 << 10
ALL_LIMIT_BYTES = 1 << 20
PATH_LIMIT_CHARACTERS = 200
_PATH = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")

Files = Mapping[str, str]


class Writing(Body):
    """One text for one file: in its place, or at its end."""

    path: str
    text: str
    append: bool = False


class WorkspaceContext(ToolContext):
    """What a tool of files is told of its call, and the files as they are before it."""

    files: dict[str, str]


def context_for(manifest: ToolManifest, run: Run, context: ToolContext) -> ToolContext:
    """The context, with the files where the tool is one of theirs."""
    if manifest.module != MODULE:
        return context
    return WorkspaceContext(**context.model_dump(), files=files_of(run))


def files_of(run: Run) -> dict[str, str]:
    """Every file of a run by its path, those of runs that it continues too."""
    files = {} if run.ancestor is None else files_of(run.ancestor)
    for writing in _writings(run):
        files[writing.path] = written(writing, files)
    return files


def written(writing: Writing, files: Files) -> str:
    """What the file holds then."""
    return (files.get(writing.path, "") if writing.append else "") + writing.text


def check_writing(writing: Writing, files: Files) -> str:
    """What the file holds then, if there is room for it.

    Raises:
        ToolRefused: its path is none, or it passes a limit.
    """
    check_path(writing.path)
    text = written(writing, files)
    if _size(text) > FILE_LIMIT_BYTES:
        raise ToolRefused(f"a file has at most {FILE_LIMIT_BYTES} bytes; write another one")
    others = [one for path, one in files.items() if path != writing.path]
    if len(others) >= FILES_LIMIT:
        raise ToolRefused(f"there are {FILES_LIMIT} files, which is all there may be: write to one")
    if sum(map(_size, others)) + _size(text) > ALL_LIMIT_BYTES:
        raise ToolRefused(
            f"all files have at most {ALL_LIMIT_BYTES} bytes together: write less, or put less "
            "into one that you need no more"
        )
    return text


def check_path(path: str) -> None:
    """Refuse what is no name of a file.

    Raises:
        ToolRefused: naming it, and what a path is.
    """
    if len(path) > PATH_LIMIT_CHARACTERS or not _PATH.fullmatch(path):
        raise ToolRefused(
            f"{path[:PATH_LIMIT_CHARACTERS]!r} is no path: letters, digits, _ - and . with / "
            f"between folders, like notes/plan.md, at most {PATH_LIMIT_CHARACTERS} characters"
        )


def _writings(run: Run) -> Iterator[Writing]:
    """What calls have written, in the order in which they succeeded."""
    found: list[tuple[int, ToolRequested]] = []
    for step in run.steps:
        for call in step.calls:
            manifest = pinned(run, call.part.name)
            if manifest is None or (manifest.module, manifest.function) != (MODULE, WRITES):
                continue
            found += [
                (each.outcome.sequence, each.request.body)
                for each in call.tries
                if each.outcome is not None and isinstance(each.outcome.body, ToolSucceeded)
            ]
    for _, asked in sorted(found, key=lambda one: one[0]):
        yield Writing.model_validate(json.loads(asked.arguments_json))


def _size(text: str) -> int:
    return len(text.encode())
