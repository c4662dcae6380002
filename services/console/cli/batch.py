"""`interlock submit-batch`: a file of tasks, one JSON object a line, becomes runs."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, wants_json

LINES_LIMIT = 100_000
CHUNK_LINES = 50  # in one request
POLL_SECONDS = 0.5
ERRORS_SHOWN = 20
OPEN = frozenset({"submitted", "queued", "running", "paused", "waiting"})


@dataclass(frozen=True)
class Line:
    """One line of the file; `task` is what is sent, `error` why it cannot be."""

    number: int
    task: dict[str, Any]
    error: str | None = None


@ends_well
def submit_batch(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    file: Annotated[Path, typer.Argument(help="One task a line, as for POST /tasks")],
    agent: Annotated[str | None, typer.Option(help="Where a line names no agent")] = None,
    name: Annotated[str | None, typer.Option(help="The file's own; twice is once")] = None,
    tenant: Annotated[str | None, typer.Option(help="Where a line names no tenant")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="At once")] = 4,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until all have ended, so many open at once")
    ] = False,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Longest wait, each")] = 900.0,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Submit every task of a file. Submitting it again changes nothing."""
    as_json = wants_json(output, as_json=as_json)
    lines = read_lines(file, {"agent": agent, "tenant": tenant}, name or file.stem)
    client = connect()
    size = 1 if wait else CHUNK_LINES
    good = [line for line in lines if line.error is None]
    chunks = [good[at : at + size] for at in range(0, len(good), size)]

    def send(chunk: Sequence[Line]) -> list[dict[str, Any]]:
        found = _submit(client, name or file.stem, chunk)
        return [_followed(client, one, timeout_seconds) for one in found] if wait else found

    results = [_unsent(line) for line in lines if line.error is not None]
    with _bar(len(good), quiet=as_json) as step, ThreadPoolExecutor(concurrency) as pool:
        for found in pool.map(send, chunks):
            results += found
            step(len(found))
    results.sort(key=lambda one: int(one["line"]))
    _tell(results, as_json=as_json)


def read_lines(file: Path, defaults: dict[str, str | None], batch: str) -> list[Line]:
    """The tasks of a file, each with its run id. Empty lines are passed over.

    Raises:
        CommandFailed: there is no such file, or it has more lines than may be.
    """
    from services.console.rules.batches import run_ids  # noqa: PLC0415 - slow to import

    try:
        texts = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file}: {error}", "name a file of JSON lines", USAGE) from None
    if len(texts) > LINES_LIMIT:
        what = f"{file} has {len(texts)} lines, more than {LINES_LIMIT}"
        raise CommandFailed(what, "split it, and give each part a name", USAGE)
    given = {key: value for key, value in defaults.items() if value is not None}
    numbered = ((at, text) for at, text in enumerate(texts, start=1) if text.strip())
    lines = [_parse(at, text, given) for at, text in numbered]
    names = run_ids(batch, (line.task for line in lines))
    return [
        Line(line.number, {**line.task, "run_id": run_id}, line.error)
        for line, run_id in zip(lines, names, strict=True)
    ]


def _parse(number: int, text: str, defaults: dict[str, str]) -> Line:
    try:
        found = json.loads(text)
    except ValueError as error:
        return Line(number, {}, f"it is not JSON: {error}")
    if isinstance(found, str):
        found = {"input": found}
    if not isinstance(found, dict):
        return Line(number, {}, "it is neither a JSON object nor a text")
    return Line(number, {**defaults, **found})


def _submit(client: Client, batch: str, chunk: Sequence[Line]) -> list[dict[str, Any]]:
    tasks = [line.task for line in chunk]
    answers = client.post("/tasks/batch", {"name": batch, "tasks": tasks})
    return [{**answer, "line": line.number} for line, answer in zip(chunk, answers, strict=True)]


def _followed(client: Client, line: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
    """The line with the outcome of its run."""
    if line["error"] is not None:
        return line
    ends_at = time.monotonic() + timeout_seconds
    while True:
        run = client.get(f"/runs/{line['run_id']}", tenant=line["tenant"])
        if run["status"] not in OPEN:
            return {**line, "status": run["status"], "answer": run["answer"], "why": run["why"]}
        if time.monotonic() > ends_at:
            return {**line, "status": run["status"], "why": "it goes on; nobody waits any more"}
        time.sleep(POLL_SECONDS)


def _unsent(line: Line) -> dict[str, Any]:
    error = {"what": line.error, "where": "the file", "remedy": "write one JSON object a line"}
    return {"line": line.number, "run_id": None, "status": None, "created": False, "error": error}


@contextmanager
def _bar(lines: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar for people; scripts and files get none."""
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import Progress  # noqa: PLC0415 - slow to import

    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("submitting", total=lines)
        yield lambda done: progress.advance(task, done)


def _tell(results: list[dict[str, Any]], *, as_json: bool) -> None:
    failed = [one for one in results if one["error"] is not None]
    counts = Counter(one["status"] for one in results if one["error"] is None)
    told = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    created = sum(one["created"] for one in results)
    show(results, f"{len(results)} lines: {told or 'none sent'}; {created} new", as_json=as_json)
    for one in failed[:ERRORS_SHOWN]:
        error = one["error"]
        place = f"line {one['line']}: {error['what']} ({error['where']})"
        typer.echo(f"{place}: {error['remedy']}", err=True)
    if len(failed) > ERRORS_SHOWN:
        typer.echo(f"and {len(failed) - ERRORS_SHOWN} more; see --json", err=True)
    if failed or counts["failed"] or counts["cancelled"]:
        raise typer.Exit(FAILED)
