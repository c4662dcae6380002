"""How commands print: for people with rich, for scripts as JSON; and how they fail."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Annotated, ParamSpec, TypeVar

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from services.console.cli.errors import CommandFailed

P = ParamSpec("P")
R = TypeVar("R")


def known_format(output: str) -> str:
    """Checked before anything is asked of anybody."""
    if output not in ("text", "json"):
        raise typer.BadParameter(f"{output!r}: choose text or json")
    return output


Output = Annotated[str, typer.Option("-o", "--output", help="text, or json", callback=known_format)]
AsJson = Annotated[bool, typer.Option("--json", help="As -o json")]
Tenant = Annotated[str | None, typer.Option(help="Where several have the id")]

STATUS_STYLES = {
    "completed": "green",
    "approved": "green",
    "failed": "red",
    "rejected": "red",
    "expired": "red",
    "waiting": "yellow",
    "open": "yellow",
    "running": "cyan",
    "paused": "yellow",
    "stopped": "red",
    "queued": "cyan",
    "cancelled": "magenta",
}


def wants_json(output: str, *, as_json: bool) -> bool:
    """Whether a command prints JSON."""
    return as_json or output == "json"


def show(answer: object, text: RenderableType, *, as_json: bool) -> None:
    """Print an answer: for scripts whole, for people as `text`."""
    if as_json:
        print(json.dumps(answer, indent=2, default=str))
    else:
        # What a run says is never markup: it may come from anybody. Plain text is for copying too.
        Console(markup=False, highlight=False).print(text, soft_wrap=isinstance(text, str))


def ends_well(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what fails into one sentence on standard error and an exit code."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CommandFailed as error:
            line = Text.assemble((f"{error.what}", "red"), f"\n{error.remedy}")
            Console(stderr=True, highlight=False, soft_wrap=True).print(line)
            raise typer.Exit(error.exit_code) from None

    return guarded


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: str = "",
    whole: str = "",
) -> Table:
    """A plain table. Of its columns, `numbers` are set to the right; `whole` are never broken."""
    found = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        found.add_column(
            column,
            justify="right" if column in numbers.split() else "left",
            no_wrap=column in whole.split(),
        )
    for row in rows:
        found.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return found


def filled(
    columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> tuple[Sequence[str], list[Sequence[object]]]:
    """Without the columns that say nothing in any row: a terminal is 80 characters wide."""
    kept = list(rows)
    spoken = [n for n in range(len(columns)) if any(str(row[n]) not in ("", "-") for row in kept)]
    return [columns[n] for n in spoken], [[row[n] for n in spoken] for row in kept]


def status_text(status: str) -> Text:
    return Text(status, style=STATUS_STYLES.get(status, ""))


def moment(text: str | None) -> str:
    """A time as people read it."""
    return text[:19].replace("T", " ") if text else "-"
