"""What is shown: a bar while it lasts, a table at the end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from .result import ChaosResult, Spread
from .stage import Progress

REFRESH_SECONDS = 0.5
LINE_SECONDS = 15.0


@contextmanager
def shown(progress: Progress) -> Iterator[None]:
    """On a terminal a bar on stderr, elsewhere a line there now and then."""
    console = Console(stderr=True)
    show = _bar if console.is_terminal else _lines
    task = asyncio.create_task(show(console, progress))
    try:
        yield
    finally:
        task.cancel()


async def _bar(console: Console, progress: Progress) -> None:
    columns = (
        TextColumn("[bold]chaos"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=progress.runs)
        while True:
            description = f"{progress.kills()} blows · {progress.doing}"
            bar.update(task, completed=progress.ended, description=description)
            await asyncio.sleep(REFRESH_SECONDS)


async def _lines(console: Console, progress: Progress) -> None:
    while True:
        ended = f"{progress.ended} of {progress.runs} runs, {progress.kills()} blows"
        console.print(f"chaos: {ended}; {progress.doing}", highlight=False)
        await asyncio.sleep(LINE_SECONDS)


def print_table(result: ChaosResult) -> None:
    """The figures for a person."""
    console = Console()
    title = (
        f"{result.runs} runs, {sum(result.kills.values())} blows in {result.seconds:.0f} s, "
        f"durability {result.durability}, {result.replicas} replicas, seed {result.seed}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("promise or figure")
    table.add_column("value", justify="right")
    for name in (
        "lost",
        "duplicated",
        "overspent",
        "unknown_unasked",
        "contradicted",
        "unrecovered",
    ):
        count = getattr(result, name)
        table.add_row(name, f"[red]{count}[/]" if count else "[green]0[/]")
    table.add_row("completed", f"{result.completed}")
    for rule, count in sorted(result.failed_by_rule.items()):
        table.add_row(f"failed: {rule}", f"{count}")
    table.add_row("unknown, a person asked", f"{result.unknown_asked}")
    table.add_row("unknown, tried again under its key", f"{result.unknown_retried}")
    table.add_row("unknown, settled by late evidence", f"{result.unknown_settled_late}")
    for kind, count in result.kills.items():
        table.add_row(f"blows: {kind}", f"{count}")
    console.print(table)
    console.print(_times(result))
    for sentence in result.found:
        console.print(f"[red]{sentence}[/]")


def _times(result: ChaosResult) -> Table:
    table = Table(
        title=f"seconds until the work of a killed worker went on ({result.recover_kills} kills)",
        title_justify="left",
    )
    for heading in ("work of", "in hand", "p50", "p99", "max"):
        table.add_column(heading, justify="left" if heading == "work of" else "right")
    rows = {
        **result.recover_by_service,
        "all": Spread(
            result.recover_samples,
            result.recover_seconds_p50,
            result.recover_seconds_p99,
            result.recover_seconds_max,
        ),
        "under fire, where blows fall into each other": result.recover_under_fire,
        "a tool call in mid-effect, until unknown": result.mid_effect_unknown_seconds,
        "(a killed replica, until it was ready)": result.restart_seconds,
    }
    for name, spread in rows.items():
        figures = (f"{one:.2f}" for one in (spread.p50, spread.p99, spread.max))
        table.add_row(name, f"{spread.count}", *figures)
    return table
