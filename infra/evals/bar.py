"""The bar of an experiment under way, on standard error; scripts and files get none."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.evals.driving import Progress as Done
from infra.evals.driving import Watch
from infra.evals.purse import Purse
from services.console.rules.words.amounts import usd


@contextmanager
def bar(total: int, *, quiet: bool) -> Iterator[Watch]:
    """Shows how many are over, what they came to, and what they cost."""
    console = Console(stderr=True)
    columns = (
        TextColumn("trying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as shown:
        task = shown.add_task("", total=total)

        def watch(done: Done, purse: Purse) -> None:
            counts = ", ".join(f"{number} {word}" for word, number in done.counts.items())
            told = f"{counts}, {usd(purse.spent_micro_usd)}"
            shown.update(task, completed=len(done.results), description=told)

        yield watch
